import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { classDecider, classStream, recordSet } from '../../domain/cc/class.ts'
import type { StoredFile } from '../../domain/cc/field-types.ts'
import { adminActor, recordStream, userActor, wordsSubject } from '../../domain/cc/names.ts'
import { recordDecider } from '../../domain/cc/record-decide.ts'
import type { DataRecord, RecordCommand, RecordState } from '../../domain/cc/record.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { atOnce } from '../../jobs/at-once.ts'
import { CC_CASCADE_ORPHAN_MS, CC_RECORDS_AT_ONCE } from '../../limits.ts'
import { childrenOf, locate, type Located } from '../../queries/cc/records.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine, Outcome } from '../engine.ts'

/**
 * What goes with a record or a class: the records that hang on it, in all classes, down to the last (connectycube 6.6, 12.2). That it is to
 * be done is a fact of the deletion, that it was done is another; in between, whoever finds it goes on. What hangs deepest goes first, so what
 * is left after a crash still hangs together.
 */
export type Cascades = {
  /** Of a record that `by` has deleted; the ids of those that went with it. */
  readonly below: (root: Root, by: number) => Promise<Either<Rejection, readonly string[]>>
  /** Of a class that was removed: with its records. */
  readonly clear: (app: number, name: string, generation: number) => Promise<Either<Rejection, void>>
  /** Goes on with all that were begun a while ago. Rejects if one is refused. */
  readonly resume: (signal: AbortSignal) => Promise<void>
}

export type CascadeParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Pick<Vault, 'deleteBlob'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}
export type Root = {
  readonly app: number
  readonly class: string
  readonly id: string
  readonly owner: number
}

export const createCascades = (parts: CascadeParts): Cascades => {
  const below: Cascades['below'] = async (root, by) => {
    const gone = await deleteBelow(parts, { app: root.app, of: root.id, by }, [root.id], new Set())
    if (E.isLeft(gone)) return gone
    const ended = await runRecord(parts, root, { type: 'EndCascade' }, { by })
    return E.map(() => gone.right)(ended)
  }
  const clear: Cascades['clear'] = async (app, name, generation) => {
    const set = recordSet(app, name, generation)
    const own = await locate(parts.reader, { set })
    const ids = own.map(({ id }) => id)
    const gone = await deleteBelow(parts, { app, of: set, by: 0 }, ids, new Set(ids))
    if (E.isLeft(gone)) return gone
    for (const { owner, files } of own) await deleteFiles(parts.vault, { app, owner }, files)
    const cleared = await parts.engine.execute({
      ...{ stream: classStream(app, name), decider: classDecider, commandId: randomUUID() },
      ...{ command: { type: 'Clear', app, class: name, generation }, actor: adminActor(app) },
      ...{ at: parts.now(), via: VIA },
    })()
    return E.map(() => undefined)(cleared)
  }
  return {
    below,
    clear,
    resume: async (signal) => {
      for (const { app, class: name, generation, record, owner, by } of await left(parts)) {
        if (signal.aborted) return
        const done =
          record === undefined
            ? await clear(app, name, generation ?? 0)
            : await below({ app, class: name, id: record, owner: owner ?? 0 }, by ?? 0)
        if (E.isLeft(done))
          throw new Error(`what hung on ${record ?? name} is left: ${done.left.kind} ${done.left.reason}`)
      }
    },
  }
}

/** The bytes that a record had for itself: after the event, because a record may not point to what is gone. */
export const deleteFiles = async (
  vault: Pick<Vault, 'deleteBlob'>,
  { app, owner }: { readonly app: number; readonly owner: number },
  files: readonly StoredFile[],
): Promise<void> => {
  for (const { sha256 } of files) await vault.deleteBlob(wordsSubject(app, owner), sha256)
}

export type Run = { readonly outcome: Outcome<RecordState>; readonly before: DataRecord | undefined }

/** Runs a command on a record; with what it was decided on. */
export const runRecord = async (
  parts: Pick<CascadeParts, 'engine' | 'now'>,
  { app, class: name, id, owner }: Root,
  command: RecordCommand,
  { by, isNew }: { readonly by: number; readonly isNew?: true },
): Promise<Either<Rejection, Run>> => {
  let before: DataRecord | undefined
  const done = await parts.engine.execute({
    ...{ stream: recordStream(app, name, id), decider: recordDecider(app, owner) },
    ...{ commandId: randomUUID(), at: parts.now(), via: VIA },
    actor: by === 0 ? adminActor(app) : userActor(app, by),
    command: (state: RecordState) => {
      before = state.record
      return Promise.resolve(command)
    },
    ...(isNew === undefined ? {} : { isNew }),
  })()
  return E.map((outcome: Outcome<RecordState>) => ({ outcome, before }))(done)
}

const VIA = { protocol: 'connectycube' } as const

type Cascade = { readonly app: number; readonly of: string; readonly by: number }

/**
 * Deletes what hangs on these and is not of `known`; once more until nothing is found, because others go on creating. Nothing is tried twice.
 */
const deleteBelow = async (
  parts: CascadeParts,
  cascade: Cascade,
  roots: readonly string[],
  known: ReadonlySet<string>,
): Promise<Either<Rejection, readonly string[]>> => {
  const seen = new Set(known)
  const gone: string[] = []
  for (;;) {
    const levels = await levelsBelow(parts, cascade, roots, seen)
    if (levels.length === 0) return E.right(gone)
    for (const level of levels.reverse()) {
      const refused = await deleteAll(parts, cascade, level)
      if (refused !== undefined) return E.left(refused)
      gone.push(...level.map(({ id }) => id))
    }
  }
}

/** From the children down. */
const levelsBelow = async (
  { reader }: CascadeParts,
  { app }: Cascade,
  roots: readonly string[],
  seen: Set<string>,
): Promise<(readonly Located[])[]> => {
  const levels: (readonly Located[])[] = []
  for (let ids = roots; ids.length > 0;) {
    const level = (await childrenOf(reader, app, ids)).filter(({ id }) => !seen.has(id))
    for (const { id } of level) seen.add(id)
    if (level.length > 0) levels.push(level)
    ids = level.map(({ id }) => id)
  }
  return levels
}

/** Why one could not be deleted; of one that is gone already there is nothing to delete. */
const deleteAll = async (
  parts: CascadeParts,
  { app, of, by }: Cascade,
  records: readonly Located[],
): Promise<Rejection | undefined> => {
  let refused: Rejection | undefined
  await atOnce(
    records,
    async ({ id, class: name, owner }) => {
      const root = { app, class: name, id, owner }
      const done = await runRecord(parts, root, { type: 'DeleteWith', of, by, at: parts.now() }, { by })
      if (E.isLeft(done)) refused = done.left
      else await deleteFiles(parts.vault, root, Object.values(done.right.before?.files ?? {}))
    },
    { atMost: CC_RECORDS_AT_ONCE, goesOn: () => refused === undefined },
  )
  return refused
}

const Left = t.intersection([
  t.type({ app: t.number, class: t.string }),
  t.partial({ generation: t.number, record: t.string, owner: t.number, by: t.number }),
])

const left = async ({ reader, now }: CascadeParts): Promise<readonly t.TypeOf<typeof Left>[]> => {
  const all: t.TypeOf<typeof Left>[] = []
  const filter = { at: { $lte: now() - CC_CASCADE_ORPHAN_MS } }
  for await (const page of reader.find(CASCADES, filter))
    for (const one of page) if (Left.is(one)) all.push(one)
  return all
}

const CASCADES = 'cc_cascades'
