import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import type { DhKeys, Owner } from '../../commands/timelimit/dh-keys.ts'
import { DocumentsUnavailable, type Versioned } from '../../documents/port.ts'
import { familyStream, partId } from '../../domain/timelimit/names.ts'
import { at } from '../../domain/timelimit/state.ts'
import type { Json, JsonObject } from '../../json.ts'
import { TIMELIMIT_PULL_TRIES_MAX } from '../../limits.ts'
import type { Vault } from '../../vault/port.ts'
import type { Reader } from '../reader.ts'
import {
  contentOf,
  textAt,
  type AppList,
  type AppListDocument,
  type FamilyDocument,
  type KeyRequestsDocument,
} from './documents.ts'
import { pingsOf, repliesOf, requestsOf } from './mailboxes.ts'
import { appsOf, baseOf, listOf, rulesOf, tasksOf, u2fOf, usedTimesOf } from './parts.ts'
import { LEVEL, type PullStatus } from './status.ts'

/** Answers what has changed for a device since what it says it knows (timelimit 5). `undefined`: the family is no more. */
export type Pull = (from: Owner, status: PullStatus, now: number) => Promise<JsonObject | undefined>

export type PullParts = {
  readonly reader: Pick<Reader, 'get'>
  readonly vault: Vault
  readonly dhKeys: DhKeys
  /** Premium for everybody (timelimit 8.5). */
  readonly alwaysPro: boolean
}

/** Clients turn features on by it (timelimit 1.11). */
const API_LEVEL = 9

/**
 * The family's document is read first: it names the version of every part, so only what differs is read. A part that is newer than it, or
 * of another version than it says, means that documents are being written: read again, so that the answer is one revision (decisions 13).
 */
export const createPull = (parts: PullParts): Pull => {
  const attempt = async (from: Owner, status: PullStatus): Promise<JsonObject | 'moved' | undefined> => {
    const found = await parts.reader.get('timelimit_families', from.family)
    if (found === undefined) return undefined
    const family = contentOf<FamilyDocument>(found)
    if (family.ended === true) return undefined
    const asked: Asked = { parts, from, status, family, level: status.clientLevel ?? 0, upTo: found.at }
    const [message, lists, categories, keys] = await Promise.all([
      parts.reader.get('timelimit_status', 'message'),
      listsOf(asked),
      categoriesOf(asked),
      keysOf(asked),
    ])
    if (lists === MOVED || categories === MOVED || keys === MOVED) return MOVED
    const text = textAt(message?.value, 'message')
    return {
      fullVersion: fullVersionOf(family, parts.alwaysPro),
      ...(text === undefined || text === '' ? {} : { message: text }),
      apiLevel: API_LEVEL,
      ...lists,
      ...categories,
      ...keys,
    }
  }
  return async (from, status, now) => {
    for (let tries = 1; tries <= TIMELIMIT_PULL_TRIES_MAX; tries++) {
      const answer = await attempt(from, status)
      if (answer === undefined) return undefined
      if (answer !== MOVED) return { ...answer, ...(await ownOf(parts, from, status, now)) }
      await pause(tries)
    }
    throw new DocumentsUnavailable('the documents of a family move too fast to be read')
  }
}

const MOVED = 'moved'
type Part = JsonObject | typeof MOVED

type Asked = {
  readonly parts: PullParts
  readonly from: Owner
  readonly status: PullStatus
  readonly family: FamilyDocument
  readonly level: number
  /** Position up to which the family's documents were written at least. */
  readonly upTo: bigint
}

const fullVersionOf = ({ premium: { until, isFull } }: FamilyDocument, alwaysPro: boolean): number =>
  alwaysPro ? 1 : isFull ? until : 0

/** A part as of the revision of the answer; `undefined` if it has moved on, or was just made or removed. */
const read = async (
  { parts, upTo }: Asked,
  collection: string,
  id: string,
): Promise<Versioned | undefined> => {
  const found = await parts.reader.get(collection, id)
  return found === undefined || found.at > upTo ? undefined : found
}

const NOT_ASKED = 'not asked'

const readIf = (
  isAsked: boolean,
  asked: Asked,
  collection: string,
  id: string,
): Promise<Versioned | typeof NOT_ASKED | undefined> =>
  isAsked ? read(asked, collection, id) : Promise.resolve(NOT_ASKED)

const listsOf = async (asked: Asked): Promise<Part> => {
  const { status, family, from, level } = asked
  const { versions } = family
  const wantsU2f = level >= LEVEL.u2f && versions.u2f !== status.u2f
  const list = async (isAsked: boolean, collection: string, version: string) => {
    const found = await readIf(isAsked, asked, collection, from.family)
    if (found === undefined || found === NOT_ASKED) return found
    return textAt(found.value, 'version') === version ? found : undefined
  }
  const [devices, users, u2f] = await Promise.all([
    list(versions.devices !== status.devices, 'timelimit_device_lists', versions.devices),
    list(versions.users !== status.users, 'timelimit_user_lists', versions.users),
    list(wantsU2f, 'timelimit_u2f', versions.u2f),
  ])
  if (devices === undefined || users === undefined || u2f === undefined) return MOVED
  return {
    ...(devices === NOT_ASKED ? {} : { devices: listOf(devices, 'devices') }),
    ...(users === NOT_ASKED ? {} : { users: listOf(users, 'users') }),
    ...(u2f === NOT_ASKED ? {} : { u2f: u2fOf(u2f) }),
  }
}

const categoriesOf = async (asked: Asked): Promise<Part> => {
  const { status, family, from } = asked
  const removed = Object.keys(status.categories).filter((id) => at(family.categories, id) === undefined)
  const changed = await Promise.all(
    Object.entries(family.categories).map(async ([id, versions]) => {
      const known = at(status.categories, id)
      const differs = PARTS.filter(
        ({ part, level }) => asked.level >= level && versions[part] !== known?.[part],
      )
      if (differs.length === 0) return []
      const usesTime = differs.some(({ part }) => part === 'usedTime')
      const documentId = partId(from.family, id)
      const [category, used] = await Promise.all([
        readIf(differs.length > Number(usesTime), asked, 'timelimit_categories', documentId),
        readIf(usesTime, asked, 'timelimit_used_times', documentId),
      ])
      const pieces: Piece[] = []
      for (const { part, member, render } of differs) {
        const found = part === 'usedTime' ? used : category
        if (found === undefined || found === NOT_ASKED) return MOVED
        const piece = render(found, id, asked.level)
        if (piece['version'] !== versions[part]) return MOVED
        pieces.push([member, piece])
      }
      return pieces
    }),
  )
  const members: Record<string, Json[]> = {}
  for (const pieces of changed) {
    if (pieces === MOVED) return MOVED
    for (const [member, piece] of pieces) (members[member] ??= []).push(piece)
  }
  return removed.length === 0 ? members : { rmCategories: removed, ...members }
}

type Piece = readonly [member: string, piece: Json]

/** The parts of a category, what each is called in the answer, and from which level on it is sent (timelimit 5.3). */
const PARTS = [
  { part: 'base', member: 'categoryBase', level: -Infinity, render: baseOf },
  { part: 'apps', member: 'categoryApp', level: -Infinity, render: appsOf },
  { part: 'rules', member: 'rules', level: -Infinity, render: rulesOf },
  { part: 'usedTime', member: 'usedTimes', level: -Infinity, render: usedTimesOf },
  { part: 'tasks', member: 'tasks', level: LEVEL.tasks, render: tasksOf },
] as const

/** App lists, requests for their keys, and answers to those. */
const keysOf = async (asked: Asked): Promise<Part> => {
  const { level, status, from, parts } = asked
  if (level < LEVEL.keys) return {}
  const [lists, found] = await Promise.all([
    appListsOf(asked),
    read(asked, 'timelimit_key_requests', from.family),
  ])
  if (lists === MOVED || found === undefined) return MOVED
  const open = contentOf<KeyRequestsDocument>(found)
  const krq = requestsOf(open, from.device, status.kri ?? 0)
  const kr = await repliesOf(parts.vault, open, from, status.kr ?? 0)
  return {
    ...(lists.length === 0 ? {} : { devices2: lists }),
    ...(krq.length === 0 ? {} : { krq }),
    ...(kr.length === 0 ? {} : { kr }),
  }
}

const appListsOf = async (asked: Asked): Promise<readonly JsonObject[] | typeof MOVED> => {
  const lists: JsonObject[] = []
  for (const [deviceId, versions] of Object.entries(asked.family.apps)) {
    const known = at(asked.status.devicesDetail ?? {}, deviceId)
    const wanted = LISTS.filter(
      ({ kind, version }) => versions[kind] !== undefined && versions[kind] !== known?.[version],
    )
    if (wanted.length === 0) continue
    const contents = await listsOfDevice(asked, deviceId, wanted)
    if (contents === MOVED) return MOVED
    if (Object.keys(contents).length > 0) lists.push({ deviceId, ...contents })
  }
  return lists
}

const LISTS = [
  { kind: 'base', version: 'appsB', member: 'appsBase' },
  { kind: 'diff', version: 'appsD', member: 'appsDiff' },
] as const

const listsOfDevice = async (
  asked: Asked,
  deviceId: string,
  wanted: readonly (typeof LISTS)[number][],
): Promise<Part> => {
  const id = partId(asked.from.family, deviceId)
  const found = await read(asked, APP_LISTS, id)
  if (found === undefined) return MOVED
  const document = contentOf<AppListDocument>(found)
  const contents: Record<string, JsonObject> = {}
  for (const { kind, member } of wanted) {
    if (document[kind]?.version !== at(asked.family.apps, deviceId)?.[kind]) return MOVED
    const content = await contentOfList(asked, document[kind])
    if (content !== undefined) contents[member] = content
    // Replaced meanwhile; or it is gone for good, and everything else is still to be had.
    else if ((await asked.parts.reader.get(APP_LISTS, id))?.at !== found.at) return MOVED
  }
  return contents
}

const APP_LISTS = 'timelimit_app_lists'

/** `undefined`: the vault does not have it. */
const contentOfList = async (
  { parts, from }: Asked,
  list: AppList | undefined,
): Promise<JsonObject | undefined> => {
  if (list === undefined) return undefined
  const content = await parts.vault.readBlob(familyStream(from.family), list.sha256)
  return content && { version: list.version, data: (await buffer(content)).toString('base64') }
}

/** What the device has for itself alone, which has no revision. */
const ownOf = async (
  { vault, dhKeys }: PullParts,
  from: Owner,
  status: PullStatus,
  now: number,
): Promise<JsonObject> => {
  const level = status.clientLevel ?? 0
  if (level < LEVEL.dh) return {}
  const { isNew, ...key } = await dhKeys.current(from, now)
  const dh = isNew || key.v !== status.dh ? { dh: key } : {}
  return level < LEVEL.pings ? dh : { ...dh, pings: await pingsOf(vault, from) }
}
