import * as E from 'fp-ts/lib/Either.js'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { BUILD_OBJECTS_MAX } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import type { Fields, Rejection } from '../rejection.ts'
import type { Caller } from './commands.ts'
import { storesDecider, type EntityState } from './decide.ts'
import { changedFacts, conflict, createdFact, deletedFact, invalid, isTooLarge, notFound } from './facts.ts'
import { isId } from './names.ts'
import { storeDef } from './registry.ts'
import type { StoreDef } from './store-def.ts'
import { mayWrite } from './visibility.ts'

export const BUILDS = 'reports/builds'

/** What may be asked of a report's build (rightech 3.8). Clients create and cancel; the rest is the builder's. */
export type BuildCommand = CreateBuild | CancelBuild | BuilderCommand
export type BuilderCommand = AdvanceBuild | CompleteBuild | EvictBuild

type Common = { readonly id: string; readonly at: number }
export type CreateBuild = Common & {
  readonly type: 'CreateBuild'
  readonly report: { readonly _id: string; readonly name: string }
  readonly body: JsonObject
  /** Which of `objectsOf(body)` are not there or not visible to the caller. */
  readonly missing: ReadonlySet<string>
  /** Of the caller, for texts of the result. */
  readonly locale: string
  readonly caller: Caller
}
export type CancelBuild = Common & { readonly type: 'CancelBuild'; readonly caller: Caller }
/** To `queued`, to `processing`, or further in per cent; what is not ahead of the build decides nothing. */
export type AdvanceBuild = Common & { readonly type: 'AdvanceBuild' } & (
    { readonly to: 'queued' } | { readonly to: 'processing'; readonly progress: number }
  )
/** Fails it instead if the result is larger than an entity may be. */
export type CompleteBuild = Common & { readonly type: 'CompleteBuild'; readonly rows: readonly BuiltRow[] }
/** It is more than a group keeps. */
export type EvictBuild = Common & { readonly type: 'EvictBuild' }

/** An object's name and how many packets it had in the period. */
export type BuiltRow = readonly [name: string, packets: number]

export const UNFINISHED: readonly string[] = ['pending', 'queued', 'processing']

/** The well-formed ids of a body's `objectIds`, each once and in lower case. */
export const objectsOf = ({ objectIds }: JsonObject): readonly string[] => {
  if (!isList(objectIds) || objectIds.length > BUILD_OBJECTS_MAX) return []
  return [...new Set(objectIds.filter(isId).map((id) => id.toLowerCase()))]
}

/**
 * The stream of a build is that of any entity; only what can be asked of it differs. What was built stays with it in `_result`, which no
 * client is shown: it goes when the build goes.
 */
export const buildsDecider: Decider<EntityState, BuildCommand> = {
  ...storesDecider(BUILDS),
  decide: (command, state) =>
    command.type === 'CreateBuild' ? create(command, state) : goOn(command, state),
}

type Decision = E.Either<Rejection, readonly Fact[]>

const definition = (): StoreDef => {
  const def = storeDef(BUILDS)
  if (def === undefined) throw new Error(`the registry has no ${BUILDS}`)
  return def
}
const DEF = definition()

const create = (command: CreateBuild, state: EntityState): Decision => {
  const { id, at, report, body, caller, locale } = command
  if (state.exists || state.deleted) return E.left(conflict(BUILDS, '_id', 'unique'))
  const broken = { ...brokenPeriod(body['period']), ...brokenObjects(body['objectIds'], command.missing) }
  if (Object.keys(broken).length > 0) return E.left(invalid(BUILDS, broken))
  const { from = null, to = null } = isObject(body['period']) ? body['period'] : {}
  const entity = {
    report: report._id,
    status: 'pending',
    progress: 0,
    payload: { from, to, objects: objectsOf(body), locale },
    createdAt: at,
    owner: caller.user,
    group: caller.group,
    time: at,
    _id: id,
    access: [],
    branch: caller.branch,
    links: {},
    _name: report.name,
  }
  return E.right([createdFact(DEF, id, { entity, secrets: {} })])
}

const goOn = (command: Exclude<BuildCommand, CreateBuild>, { entity }: EntityState): Decision => {
  const { id, at } = command
  // Cancelled and evicted meanwhile is no news to the builder.
  if (entity === undefined) return command.type === 'CancelBuild' ? E.left(notFound(BUILDS)) : E.right([])
  if (command.type === 'CancelBuild' && !mayWrite(command.caller, entity, DEF))
    return E.left(notFound(BUILDS))
  const before = { entity, secrets: {} }
  if (command.type === 'EvictBuild') return E.right([deletedFact(DEF, id, before)])
  const after = { entity: { ...entity, ...changeOf(command, entity) }, secrets: {} }
  const failed = { entity: { ...entity, ...FAILED_TOO_LARGE, completedAt: at }, secrets: {} }
  // Only what is built makes it large: a finished one that is cancelled keeps its status.
  const fails = command.type === 'CompleteBuild' && isTooLarge(after)
  return E.right(changedFacts(DEF, id, { before, after: fails ? failed : after, at }))
}

const changeOf = (
  command: Exclude<BuildCommand, CreateBuild | EvictBuild>,
  { status, progress }: JsonObject,
): JsonObject => {
  const isOpen = typeof status === 'string' && UNFINISHED.includes(status)
  if (command.type === 'CancelBuild') {
    const ended = isOpen ? { status: 'cancelled', completedAt: command.at } : {}
    return { _cancelRequested: true, ...ended }
  }
  if (!isOpen) return {}
  if (command.type === 'AdvanceBuild') return advanced(command, status, progress)
  return status === 'processing'
    ? { status: 'completed', progress: 100, completedAt: command.at, _result: command.rows }
    : {}
}

const advanced = (
  command: AdvanceBuild,
  status: Json | undefined,
  progress: Json | undefined,
): JsonObject => {
  if (command.to === 'queued') return status === 'pending' ? { status: 'queued' } : {}
  if (status === 'pending' || !(Number(progress) <= command.progress)) return {}
  const begun = status === 'queued' ? { status: 'processing', startedAt: command.at } : {}
  return { ...begun, progress: command.progress }
}

const FAILED_TOO_LARGE = { status: 'failed', error: 'error_payload_too_large' }

const brokenPeriod = (period: Json | undefined): Fields => {
  if (isMissing(period)) return { period: ['required'] }
  if (!isObject(period)) return { period: ['type'] }
  const broken = ['from', 'to'].flatMap((bound): [string, readonly string[]][] => {
    const value = period[bound]
    if (isMissing(value)) return [[`period.${bound}`, ['required']]]
    return Number.isFinite(value) ? [] : [[`period.${bound}`, ['type']]]
  })
  if (broken.length > 0) return Object.fromEntries(broken)
  return Number(period['from']) > Number(period['to']) ? { 'period.to': ['range'] } : {}
}

const brokenObjects = (ids: Json | undefined, missing: ReadonlySet<string>): Fields => {
  if (isMissing(ids)) return { objectIds: ['required'] }
  if (!isList(ids) || ids.some((id) => typeof id !== 'string')) return { objectIds: ['type'] }
  if (ids.length > BUILD_OBJECTS_MAX) return { objectIds: ['max'] }
  const isKnown = (id: Json): boolean => isId(id) && !missing.has(id.toLowerCase())
  return ids.every(isKnown) ? {} : { objectIds: ['reference'] }
}

const isMissing = (value: Json | undefined): boolean => value === undefined || value === null || value === ''
