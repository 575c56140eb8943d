/**
 * What a device knows after its pulls: the client's side of timelimit 1.12. It keeps the versions it was sent, takes an answer in the client's
 * order, and refuses what a client would refuse.
 */
import { asText } from './client.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { isList, isObject } from '../../src/json.ts'
import { faultsOf } from './timelimit-shapes.ts'

type Table = { readonly [id: string]: JsonObject }

/** Keyed by id, so that the order of lists, which means nothing, is gone. */
export type Picture = {
  readonly users: Table
  readonly devices: Table
  /** `{base, apps, rules, times, sessions, tasks}` by category. */
  readonly categories: Table
  readonly u2f: Table
  /** Encrypted app lists by device: `{base?, diff?}`. */
  readonly lists: Table
  readonly fullVersion: number
  /** By scope: `users`, `devices`, `u2f`, `base/<category>`, …, `appsB/<device>`. */
  readonly versions: { readonly [scope: string]: string }
}

export const NOTHING: Picture = {
  users: {},
  devices: {},
  categories: {},
  u2f: {},
  lists: {},
  fullVersion: 0,
  versions: {},
}

const CATEGORY_SCOPES = ['base', 'apps', 'rules', 'usedTime', 'tasks'] as const

/** `status` of the next pull (5.1), as a client of level 8 sends it. */
export const statusOf = ({ versions, categories, lists }: Picture, clientLevel = 8): JsonObject => {
  const at = (scope: string): string => versions[scope] ?? ''
  const ids = Object.keys(categories)
  const known = ids.map((id) => [
    id,
    Object.fromEntries(CATEGORY_SCOPES.map((part) => [part, at(`${part}/${id}`)])),
  ])
  const details = Object.keys(lists).map((id) => [id, { appsB: at(`appsB/${id}`), appsD: at(`appsD/${id}`) }])
  return {
    devices: at('devices'),
    users: at('users'),
    apps: {},
    categories: Object.fromEntries(known) as JsonObject,
    clientLevel,
    ...(clientLevel < 4 ? {} : { devicesDetail: Object.fromEntries(details) as JsonObject }),
    ...(clientLevel < 6 ? {} : { u2f: at('u2f') }),
  }
}

/** Throws with everything that a client would choke on. */
export const applied = (picture: Picture, answer: JsonObject): Picture => {
  const faults = faultsOf(answer)
  if (faults.length > 0) throw new Error(`a client would choke:\n${faults.join('\n')}`)
  const removed = listAt(answer, 'rmCategories').map(String)
  const categories = { ...without(picture.categories, (id) => removed.includes(id)) }
  const next = { ...picture, ...usersAndDevices(picture, answer), categories }
  takeCategories(categories, answer, (id) => next.users[id]?.type === 'child')
  const { u2f, lists } = listsOf(picture, answer)
  const gone = Object.keys(lists).filter((id) => next.devices[id] === undefined)
  return {
    ...next,
    u2f,
    lists: without(lists, (id) => gone.includes(id)),
    fullVersion: Number(answer.fullVersion),
    versions: {
      ...without(picture.versions, (scope) => [...removed, ...gone].includes(scope.split('/')[1] ?? '')),
      ...versionsIn(answer),
    },
  }
}

/** The scopes that an answer speaks of, with their versions. */
export const versionsIn = (answer: JsonObject): { readonly [scope: string]: string } => {
  const of = (value: Json | undefined, name: string, key = 'version'): readonly [string, string][] =>
    isObject(value) ? [[name, asText(value[key])]] : []
  const inList = (part: string, list: string): readonly [string, string][] =>
    objectsAt(answer, list).map((each) => [`${part}/${asText(each.categoryId)}`, asText(each.version)])
  return Object.fromEntries([
    ...of(answer.users, 'users'),
    ...of(answer.devices, 'devices'),
    ...of(answer.u2f, 'u2f', 'v'),
    ...inList('base', 'categoryBase'),
    ...inList('apps', 'categoryApp'),
    ...inList('rules', 'rules'),
    ...inList('usedTime', 'usedTimes'),
    ...inList('tasks', 'tasks'),
    ...objectsAt(answer, 'devices2').flatMap((each) => [
      ...of(each.appsBase, `appsB/${asText(each.deviceId)}`),
      ...of(each.appsDiff, `appsD/${asText(each.deviceId)}`),
    ]),
  ])
}

/** The scopes whose versions differ, also those that are gone. */
export const changedScopes = (before: Picture, after: Picture): readonly string[] =>
  [...new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])]
    .filter((scope) => before.versions[scope] !== after.versions[scope])
    .sort()

const listAt = (value: JsonObject, name: string): readonly Json[] => {
  const list = value[name]
  return isList(list) ? list : []
}
const objectsAt = (value: JsonObject, name: string): readonly JsonObject[] =>
  listAt(value, name).filter(isObject)

const keyed = (list: readonly JsonObject[], ...names: readonly string[]): Table => {
  const entries = list.map((each) => {
    const rest = Object.entries(each).filter(([name]) => !names.includes(name))
    return [names.map((name) => asText(each[name])).join('/'), Object.fromEntries(rest)] as const
  })
  const table = Object.fromEntries(entries)
  if (Object.keys(table).length !== list.length) throw new Error(`twice: ${JSON.stringify(list)}`)
  return table
}

const usersAndDevices = (picture: Picture, answer: JsonObject) => ({
  users: isObject(answer.users) ? keyed(objectsAt(answer.users, 'data'), 'id') : picture.users,
  devices: isObject(answer.devices) ? keyed(objectsAt(answer.devices, 'data'), 'deviceId') : picture.devices,
})

/** Changes the table given: base data first, as the clients do, because the other parts need their category. */
const takeCategories = (
  categories: { [id: string]: JsonObject },
  answer: JsonObject,
  isChild: (id: string) => boolean,
): void => {
  for (const { categoryId, version: _version, networks, ...base } of objectsAt(answer, 'categoryBase')) {
    if (!isChild(asText(base.childId))) throw new Error(`category ${asText(categoryId)} has no child`)
    const old = categories[asText(categoryId)]
    const items = keyed(isList(networks) ? networks.filter(isObject) : [], 'itemId')
    const atw = listAt(base, 'atw').toSorted((a, b) => Number(a) - Number(b))
    categories[asText(categoryId)] = { ...old, base: { ...base, networks: items, atw } }
  }
  const take = (list: string, of: (part: JsonObject) => JsonObject): void => {
    for (const part of objectsAt(answer, list)) {
      const id = asText(part.categoryId)
      if (categories[id] === undefined) throw new Error(`${list} of category ${id}, which is not known`)
      categories[id] = { ...categories[id], ...of(part) }
    }
  }
  take('usedTimes', (part) => ({
    times: keyed(objectsAt(part, 'times'), 'day', 'start', 'end'),
    sessions: keyed(objectsAt(part, 'sessionDurations'), 'md', 'spd', 'sm', 'em'),
  }))
  take('categoryApp', (part) => ({ apps: listAt(part, 'apps').map(String).sort() }))
  take('rules', (part) => ({ rules: keyed(objectsAt(part, 'rules'), 'id') }))
  take('tasks', (part) => ({ tasks: keyed(objectsAt(part, 'tasks'), 'i') }))
}

const listsOf = (picture: Picture, answer: JsonObject) => {
  const lists: { [id: string]: JsonObject } = { ...picture.lists }
  for (const { deviceId, appsBase, appsDiff } of objectsAt(answer, 'devices2')) {
    const id = asText(deviceId)
    lists[id] = {
      ...lists[id],
      ...(isObject(appsBase) ? { base: appsBase.data ?? null } : {}),
      ...(isObject(appsDiff) ? { diff: appsDiff.data ?? null } : {}),
    }
  }
  return { lists, u2f: isObject(answer.u2f) ? keyed(objectsAt(answer.u2f, 'd'), 'h') : picture.u2f }
}

const without = <A>(
  table: { readonly [name: string]: A },
  isGone: (name: string) => boolean,
): { readonly [name: string]: A } =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !isGone(name)))
