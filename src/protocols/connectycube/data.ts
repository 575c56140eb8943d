import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { createRecords, type Acting, type Removed, type Target } from '../../commands/cc/records.ts'
import { classRule, allows, type RecordAction } from '../../domain/cc/permissions.ts'
import type { Change, DataRecord } from '../../domain/cc/record.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { findRecords, inClass, permitted, recordsWhere } from '../../queries/cc/records.ts'
import { baseError, empty, fieldErrors, forbidden, json, notFound, RULES } from './answers.ts'
import { inItsClass, LEVEL, renderRecord } from './data-acting.ts'
import { serveList } from './data-lists.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { list, truthy } from './params.ts'
import { isNear, readCriteria } from './record-filters.ts'
import { byIndexes, readChange, readDraft, readMany, recordId } from './record-input.ts'
import { showRules } from './record-rules.ts'
import { wholeView } from './record-view.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call, acting: Acting) => Promise<Answer>

const create: Serve = async (services, { body }, acting) => {
  const draft = readDraft(acting.of, body)
  if (E.isLeft(draft)) return draft.left
  const created = await createRecords(services).create(acting, [draft.right])
  if (E.isLeft(created)) return renderRecord(created.left)
  const [record] = created.right
  return record === undefined ? notFound() : json(201, wholeView(acting.of, record))
}

const createMany: Serve = async (services, { body }, acting) => {
  const { of } = acting
  const all = readMany(body)
  if (all === undefined) return noRecords()
  const drafts = everyOne(all.map((one) => readDraft(of, one)))
  if (E.isLeft(drafts)) return drafts.left
  const created = await createRecords(services).create(acting, drafts.right)
  if (E.isLeft(created)) return renderRecord(created.left)
  return json(201, { class_name: of.name, items: created.right.map((one) => wholeView(of, one)) })
}

/** `/{id}` and `/{id1},{id2}`: in the order asked for. */
const read: Serve = async (services, { path, params }, acting) => {
  const { of } = acting
  const ids = idsOf(path['ids'])
  const found = await findRecords(services.reader, of, ids)
  const [first] = found.values()
  if (first === undefined) return notFound()
  if (truthy(params['permissions']) && ids.length === 1) return permissionsOf(acting, first)
  const readable = ids.flatMap((id) => found.get(id) ?? []).filter((one) => may('read', acting, one))
  if (readable.length === 0) return forbidden()
  return json(200, { class_name: of.name, items: readable.map((one) => wholeView(of, one)) })
}

/** The owner's alone. */
const permissionsOf = ({ who }: Acting, { id, owner, permissions }: DataRecord): Answer =>
  who.isAdmin || who.user === owner
    ? json(200, { permissions: showRules(permissions), record_id: id })
    : forbidden()

const update: Serve = async (services, { path, body }, acting) => {
  const [target] = await targetsOf(services, acting, [recordId(path['ids']) ?? ''])
  if (target === undefined) return notFound()
  const change = readChange(acting.of, body)
  if (E.isLeft(change)) return change.left
  const changed = await createRecords(services).change(acting, target, change.right)
  return E.isLeft(changed) ? renderRecord(changed.left) : json(200, wholeView(acting.of, changed.right))
}

const updateMany: Serve = async (services, { body }, acting) => {
  const { of } = acting
  const all = readMany(body)
  if (all === undefined) return noRecords()
  const ids = all.map((one) => list(one['id'] ?? one['_id'])[0])
  if (ids.some((id) => id === undefined)) return fieldErrors({ id: [RULES.blank] })
  const changes = everyOne(all.map((one) => readChange(of, one)))
  if (E.isLeft(changes)) return changes.left
  const named = ids.flatMap((id) => id ?? [])
  const found = await findRecords(services.reader, of, idsOf(named.join(',')))
  const asked = changes.right.flatMap((change, index) => {
    const target = found.get(recordId(named[index]) ?? '')
    return target === undefined ? [] : [{ target, change }]
  })
  const records = createRecords(services)
  const fault = records.faultIn(acting, asked)
  if (fault !== undefined) return renderRecord(fault)
  const answers: Either<Rejection, DataRecord>[] = []
  await records.changeAll(acting, asked, (index, answer) => {
    answers[index] = answer
  })
  const failure = failureAmong(answers.flatMap((one) => (E.isLeft(one) ? [one.left] : [])))
  if (failure !== undefined) return renderRecord(failure)
  const missing = named.filter((id) => !found.has(recordId(id) ?? ''))
  const of404 = asked.flatMap(({ target }, index) =>
    isRefused(answers[index], 'NotFound') ? [target.id] : [],
  )
  const of403 = asked.flatMap(({ target }, index) =>
    isRefused(answers[index], 'Forbidden') ? [target.id] : [],
  )
  return json(200, {
    class_name: of.name,
    ...idsIfAny('not_found', [...missing, ...of404]),
    ...idsIfAny('not_permitted', of403),
    items: answers.flatMap((one) => (E.isRight(one) ? [wholeView(of, one.right)] : [])),
  })
}

const updateByCriteria: Serve = async (services, { body }, acting) => {
  const { search_criteria: criteria, ...changes } = body
  const { of } = acting
  const change = readChange(of, changes)
  if (E.isLeft(change)) return change.left
  const records = createRecords(services)
  const found = await matching(services, acting, 'update', {
    params: isObject(criteria) ? criteria : {},
    fault: (target) => records.faultIn(acting, [{ target, change: change.right }]),
  })
  if (E.isLeft(found)) return found.left
  const asked = found.right.map((target) => ({ target, change: change.right }))
  const shown: { readonly index: number; readonly record: DataRecord }[] = []
  const refused: Rejection[] = []
  await records.changeAll(acting, asked, (index, answer) => {
    if (E.isLeft(answer)) refused.push(answer.left)
    else if (shown.length < SHOWN_MAX) shown.push({ index, record: answer.right })
  })
  const failure = failureAmong(refused)
  if (failure !== undefined) return renderRecord(failure)
  const items = shown.sort((a, b) => a.index - b.index).map(({ record }) => wholeView(of, record))
  const total = asked.length - refused.length
  return json(200, { class_name: of.name, skip: 0, limit: SHOWN_MAX, total_found: total, items })
}

const remove: Serve = async (services, { path }, acting) => {
  const named = list(path['ids'])
  const ids = [...new Set(named)]
  const targets = await targetsOf(services, acting, ids)
  const removed = await createRecords(services).remove(acting, targets)
  const failure = failureAmong([...removed.refused.values()])
  if (failure !== undefined) return renderRecord(failure)
  if (named.length === 1) return removedOne(targets[0], removed)
  const isGone = (id: string): boolean => removed.gone.has(recordId(id) ?? '')
  const isForbidden = (id: string): boolean => removed.refused.get(recordId(id) ?? '')?.kind === 'Forbidden'
  return json(200, {
    SuccessfullyDeleted: { ids: ids.filter(isGone) },
    WrongPermissions: { ids: ids.filter((id) => !isGone(id) && isForbidden(id)) },
    NotFound: { ids: ids.filter((id) => !isGone(id) && !isForbidden(id)) },
  })
}

const removedOne = (target: Target | undefined, { refused }: Removed): Answer => {
  const rejection = target === undefined ? undefined : refused.get(target.id)
  if (target === undefined) return notFound()
  return rejection === undefined ? empty() : renderRecord(rejection)
}

const removeByCriteria: Serve = async (services, { params }, acting) => {
  const found = await matching(services, acting, 'delete', { params })
  if (E.isLeft(found)) return found.left
  const removed = await createRecords(services).remove(acting, found.right)
  const failure = failureAmong([...removed.refused.values()])
  if (failure !== undefined) return renderRecord(failure)
  return json(200, { total_deleted: found.right.filter(({ id }) => removed.gone.has(id)).length })
}

const CHANGE = { method: 'PUT', level: LEVEL, form: byIndexes } as const

/** Custom data (connectycube 6). */
export const DATA_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/data/:class', level: LEVEL, serve: inItsClass(create) },
  { method: 'POST', path: '/data/:class/multi', level: LEVEL, serve: inItsClass(createMany) },
  { method: 'GET', path: '/data/:class', level: LEVEL, serve: inItsClass(serveList) },
  { method: 'GET', path: '/data/:class/:ids', level: LEVEL, serve: inItsClass(read) },
  { ...CHANGE, path: '/data/:class/by_criteria', serve: inItsClass(updateByCriteria) },
  { ...CHANGE, path: '/data/:class/multi', serve: inItsClass(updateMany) },
  { ...CHANGE, path: '/data/:class/:ids', serve: inItsClass(update) },
  { method: 'DELETE', path: '/data/:class/by_criteria', level: LEVEL, serve: inItsClass(removeByCriteria) },
  { method: 'DELETE', path: '/data/:class/:ids', level: LEVEL, serve: inItsClass(remove) },
]

/** Records that an update by criteria shows of those that it changed (connectycube 6.5). */
const SHOWN_MAX = 100

const noRecords = (): Answer => fieldErrors({ record: [RULES.invalid] })

const idsOf = (joined: string | undefined): readonly string[] => [
  ...new Set(list(joined).flatMap((id) => recordId(id) ?? [])),
]

const targetsOf = async (
  { reader }: Services,
  { of }: Acting,
  ids: readonly string[],
): Promise<readonly Target[]> => {
  const wanted = idsOf(ids.join(','))
  const found = await findRecords(reader, of, wanted)
  return wanted.flatMap((id) => found.get(id) ?? [])
}

const may = (action: RecordAction, { of, who }: Acting, { permissions, owner }: DataRecord): boolean =>
  allows(classRule(of, action) ?? permissions[action], who, owner)

type Matching = {
  readonly params: JsonObject
  /** Why nothing may be done with any of them. */
  readonly fault?: (record: DataRecord) => Rejection | undefined
}

/** 422 without criteria, and with criteria that leave nothing out: "none" never means "all" (connectycube 17, 2). */
const matching = async (
  { reader }: Services,
  { of, who }: Acting,
  action: RecordAction,
  { params, fault }: Matching,
): Promise<Either<Answer, readonly Target[]>> => {
  const criteria = readCriteria(of, params)
  if (E.isLeft(criteria)) return criteria
  const { filter, near, isEmpty } = criteria.right
  if (isEmpty) return E.left(baseError(422, 'Search criteria are required'))
  const allowed = permitted(of, action, who)
  if (allowed === undefined) return E.right([])
  const all: Target[] = []
  for await (const record of recordsWhere(reader, { ...filter, ...inClass(of), ...allowed })) {
    if (!near.every((one) => isNear(record, one))) continue
    const broken = fault?.(record)
    if (broken !== undefined) return E.left(renderRecord(broken))
    all.push({ id: record.id, owner: record.owner })
  }
  return E.right(all)
}

/** All of them, or why the first that is broken is. */
const everyOne = (all: readonly Either<Answer, Change>[]): Either<Answer, readonly Change[]> => {
  const broken = all.find(E.isLeft)
  return broken ?? E.right(all.flatMap((one) => (E.isRight(one) ? [one.right] : [])))
}

const isRefused = (answer: Either<Rejection, unknown> | undefined, kind: Rejection['kind']): boolean =>
  answer !== undefined && E.isLeft(answer) && answer.left.kind === kind

/** What is not told record by record. */
const failureAmong = (refused: readonly Rejection[]): Rejection | undefined =>
  refused.find(({ kind }) => kind !== 'NotFound' && kind !== 'Forbidden')

const idsIfAny = (name: string, ids: readonly string[]): JsonObject =>
  ids.length === 0 ? {} : { [name]: { ids } }
