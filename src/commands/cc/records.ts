import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { classDecider, classStream, type DataClass, type DefinitionChange } from '../../domain/cc/class.ts'
import { adminActor } from '../../domain/cc/names.ts'
import { classRule, mayCreate, type Who } from '../../domain/cc/permissions.ts'
import { recordDecider } from '../../domain/cc/record-decide.ts'
import {
  NO_RECORD,
  type Change,
  type DataRecord,
  type RecordCommand,
  type RecordState,
} from '../../domain/cc/record.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { atOnce } from '../../jobs/at-once.ts'
import { CC_RECORDS_AT_ONCE } from '../../limits.ts'
import { findClass } from '../../queries/cc/classes.ts'
import { parentsAmong } from '../../queries/cc/records.ts'
import { createCascades, deleteFiles, runRecord, type CascadeParts, type Root, type Run } from './cascades.ts'

/** Writes records of custom data and their classes (connectycube 6, 12.2). */
export type Records = {
  /** All or none, as far as they can be judged before; in the order given. */
  readonly create: (
    acting: Acting,
    drafts: readonly Change[],
  ) => Promise<Either<Rejection, readonly DataRecord[]>>
  readonly change: (acting: Acting, target: Target, change: Change) => Promise<Either<Rejection, DataRecord>>
  /** Why one of several changes would be refused whoever asks for it, as far as that can be judged before: then none is to be made. */
  readonly faultIn: (acting: Acting, changes: readonly Wanted[]) => Rejection | undefined
  /** Each by itself, those of one record in their order; what became of each is told when it is known. */
  readonly changeAll: (
    acting: Acting,
    changes: readonly { readonly target: Target; readonly change: Change }[],
    told: (index: number, answer: Either<Rejection, DataRecord>) => void,
  ) => Promise<void>
  /** With all that hangs on them. */
  readonly remove: (acting: Acting, targets: readonly Target[]) => Promise<Removed>
  readonly define: (
    app: number,
    name: string,
    change: DefinitionChange,
  ) => Promise<Either<Rejection, { readonly isNew: boolean }>>
  readonly removeClass: (app: number, name: string) => Promise<Either<Rejection, void>>
}

/** Who acts on the records of a class. */
export type Acting = { readonly of: DataClass; readonly who: Who }
/** By its document: a record that no document shows is not there. */
export type Target = { readonly id: string; readonly owner: number }
export type Wanted = { readonly target: DataRecord; readonly change: Change }
export type Removed = {
  /** Those asked for and those that hung on them. */
  readonly gone: ReadonlySet<string>
  /** Of those asked for that are still there, or were gone before. */
  readonly refused: ReadonlyMap<string, Rejection>
}
export type RecordParts = CascadeParts & { readonly newId: (at: number) => string }

export const createRecords = (parts: RecordParts): Records => {
  const change: Records['change'] = async ({ of, who }, target, wanted) => {
    const rule = classRule(of, 'update')
    const { generation } = of
    const command = { type: 'Change', generation, who, rule, change: wanted, at: parts.now() } as const
    const done = await runRecord(parts, rootOf(of, target), command, { by: who.user })
    if (E.isLeft(done)) return done
    const { outcome, before } = done.right
    const replaced = Object.keys(wanted.files ?? {}).flatMap((field) => before?.files[field] ?? [])
    await deleteFiles(parts.vault, { app: of.app, owner: target.owner }, replaced)
    const { record } = outcome.state
    return record === undefined ? E.left(NO_SUCH_RECORD) : E.right(record)
  }
  return {
    create: (acting, drafts) => create(parts, acting, drafts),
    change,
    faultIn: (acting, changes) => faultIn(acting, changes, parts.now()),
    changeAll: (acting, changes, told) =>
      each([...byRecord(changes).values()], async (indexes) => {
        for (const index of indexes) {
          const one = changes[index]
          if (one !== undefined) told(index, await change(acting, one.target, one.change))
        }
      }),
    remove: (acting, targets) => remove(parts, acting, targets),
    define: async (app, name, wanted) => {
      const done = await parts.engine.execute({
        ...administration(parts, app, name),
        command: { type: 'Define', app, class: name, change: wanted },
      })()
      return E.map(({ facts }: { readonly facts: readonly { readonly type: string }[] }) => ({
        isNew: facts.some(({ type }) => type === 'DataClassDefined'),
      }))(done)
    },
    removeClass: async (app, name) => {
      const removed = await parts.engine.execute({
        ...administration(parts, app, name),
        command: { type: 'Remove', app, class: name, at: parts.now() },
      })()
      if (E.isLeft(removed)) return removed
      for (const generation of removed.right.state.clearing) {
        const cleared = await createCascades(parts).clear(app, name, generation)
        if (E.isLeft(cleared)) return cleared
      }
      return E.right(undefined)
    },
  }
}

/** A reason by which the protocol tells it from a record that is not there. */
export const NO_CLASS = rejection('NotFound', 'no_class')
const NO_SUCH_RECORD = rejection('NotFound', 'no_record')

const administration = (parts: RecordParts, app: number, name: string) => ({
  ...{ stream: classStream(app, name), decider: classDecider, commandId: randomUUID() },
  ...{ actor: adminActor(app), at: parts.now(), via: { protocol: 'connectycube' } },
})

const rootOf = ({ app, name }: DataClass, { id, owner }: Target): Root => ({ app, class: name, id, owner })

const each = <T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> =>
  atOnce(items, work, { atMost: CC_RECORDS_AT_ONCE, goesOn: () => true })

const byRecord = (
  changes: readonly { readonly target: Target }[],
): ReadonlyMap<string, readonly number[]> => {
  const indexes = new Map<string, number[]>()
  for (const [index, { target }] of changes.entries())
    indexes.set(target.id, [...(indexes.get(target.id) ?? []), index])
  return indexes
}

/** What somebody may not do is told record by record; several changes of one record are made one after the other. */
const faultIn = ({ of, who }: Acting, changes: readonly Wanted[], at: number): Rejection | undefined => {
  const rule = classRule(of, 'update')
  const { generation } = of
  const states = new Map<string, RecordState>()
  for (const { target, change } of changes) {
    const { evolve, decide } = recordDecider(of.app, target.owner)
    const state = states.get(target.id) ?? { record: target, isUsed: true }
    const decision = decide({ type: 'Change', generation, who, rule, change, at }, state)
    if (E.isRight(decision)) states.set(target.id, decision.right.reduce(evolve, state))
    else if (decision.left.kind !== 'Forbidden') return decision.left
  }
  return undefined
}

/** Each is decided once before any is appended: a new record has no state that could be another by then. */
const create = async (
  parts: RecordParts,
  { of, who }: Acting,
  drafts: readonly Change[],
): Promise<Either<Rejection, readonly DataRecord[]>> => {
  const { app, name, generation } = of
  const owner = who.user
  const decider = recordDecider(app, owner)
  const commands = drafts.map(({ parent, steps, permissions }) => {
    const at = parts.now()
    const place = { app, class: name, generation, record: parts.newId(at), owner }
    const isAllowed = mayCreate(of.permissions, who)
    const wanted = { place, isAllowed, parent: parent ?? null, steps, permissions, at }
    return { type: 'Create', ...wanted } as const satisfies RecordCommand
  })
  for (const command of commands) {
    const decision = decider.decide(command, NO_RECORD)
    if (E.isLeft(decision)) return decision
  }
  const answers: Either<Rejection, Run>[] = []
  await each([...commands.entries()], async ([index, command]) => {
    const root = { app, class: name, id: command.place.record, owner }
    answers[index] = await runRecord(parts, root, command, { by: owner, isNew: true })
  })
  const created: DataRecord[] = []
  for (const answer of answers) {
    if (E.isLeft(answer)) return answer
    const { record } = answer.right.outcome.state
    if (record !== undefined) created.push(record)
  }
  return stillThere(parts, of, created)
}

/** A class may be removed while records are created in it. If so the documents show it by now, and nobody else would delete these. */
const stillThere = async (
  parts: RecordParts,
  of: DataClass,
  created: readonly DataRecord[],
): Promise<Either<Rejection, readonly DataRecord[]>> => {
  const now = await findClass(parts.reader, of.app, of.name)
  if (now?.generation === of.generation) return E.right(created)
  await each(created, async ({ id, owner }) => {
    const command = { type: 'DeleteWith', of: of.name, by: owner, at: parts.now() } as const
    await runRecord(parts, rootOf(of, { id, owner }), command, { by: owner })
  })
  return E.left(NO_CLASS)
}

const remove = async (
  parts: RecordParts,
  { of, who }: Acting,
  targets: readonly Target[],
): Promise<Removed> => {
  const cascades = createCascades(parts)
  const { app, generation } = of
  const rule = classRule(of, 'delete')
  const parents = await parentsAmong(
    parts.reader,
    app,
    targets.map(({ id }) => id),
  )
  const gone = new Set<string>()
  const refused = new Map<string, Rejection>()
  const deleted = new Map<string, Target>()
  const goOn = async (target: Target): Promise<void> => {
    const below = await cascades.below(rootOf(of, target), who.user)
    if (E.isLeft(below)) refused.set(target.id, below.left)
    else for (const id of below.right) gone.add(id)
  }
  await each(targets, async (target) => {
    const { id, owner } = target
    const command = { generation, who, rule, cascades: parents.has(id), at: parts.now() }
    const done = await runRecord(parts, rootOf(of, target), { type: 'Delete', ...command }, { by: who.user })
    if (E.isLeft(done)) return void refused.set(id, done.left)
    gone.add(id)
    deleted.set(id, target)
    await deleteFiles(parts.vault, { app, owner }, Object.values(done.right.before?.files ?? {}))
    if (parents.has(id)) await goOn(target)
  })
  // Hung on one of them while that was being deleted.
  for (const id of await parentsAmong(parts.reader, app, [...deleted.keys()])) {
    const target = deleted.get(id)
    if (target !== undefined) await goOn(target)
  }
  for (const id of gone) if (refused.get(id)?.kind === 'NotFound') refused.delete(id)
  return { gone, refused }
}
