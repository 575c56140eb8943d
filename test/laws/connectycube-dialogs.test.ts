/**
 * Laws of dialogs: what everybody has not read is what counting message by message says, for random lives of a group in which users send,
 * read, hide, clear and delete, come and go, also when a mark that was decided is written only after the dialog has gone on; documents are
 * the same however the history is cut into batches; and no command that was done does anything a second time.
 */
import test from 'ava'
import * as fc from 'fast-check'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents } from '../../src/documents/port.ts'
import { isIn } from '../../src/domain/cc/dialog.ts'
import { messageEvents } from '../../src/domain/cc/message-events.ts'
import { messageStream, viewId } from '../../src/domain/cc/names.ts'
import type { ViewAction } from '../../src/domain/cc/view.ts'
import { dialogOf } from '../../src/queries/cc/dialog-documents.ts'
import { hasRead, hasReceived, unreadOf, viewOf, type DialogView } from '../../src/queries/cc/dialog-views.ts'
import {
  APP,
  creating,
  createWorld,
  DIALOG,
  messageId,
  sending,
  writesOf,
  type World,
} from '../support/cc-dialogs.ts'
import { createModel, type Model } from '../support/cc-dialog-model.ts'

const SOAK = process.env['SOAK'] !== undefined
const runs = (few: number): number => (SOAK ? 20 * few : few)
const OWNER = 1
const USERS = [OWNER, 2, 3, 4] as const

type Op =
  | {
      readonly op: 'send' | 'delete' | 'join' | 'leave' | 'readAll' | 'deliverAll' | 'clear'
      readonly user: number
      readonly pick: number
    }
  | {
      readonly op: 'read' | 'deliver' | 'hide'
      readonly user: number
      readonly picks: readonly number[]
      readonly knows: boolean
    }
  | { readonly op: 'deleteHistory' }
  /** A mark that is written after something else has happened. */
  | { readonly op: 'late'; readonly mark: Op; readonly meanwhile: readonly Op[] }

const user = fc.constantFrom(...USERS)
const simple = (...names: readonly Extract<Op, { readonly pick: number }>['op'][]): fc.Arbitrary<Op> =>
  fc.record({ op: fc.constantFrom(...names), user, pick: fc.nat(1_000) })
const picking: fc.Arbitrary<Op> = fc.record({
  op: fc.constantFrom('read' as const, 'read' as const, 'deliver' as const, 'hide' as const),
  user,
  picks: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 5 }),
  knows: fc.boolean(),
})
const mark = fc.oneof(picking, simple('readAll', 'deliverAll', 'clear'))
const step: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: simple('send', 'send', 'send', 'delete') },
  { weight: 4, arbitrary: mark },
  { weight: 2, arbitrary: simple('join', 'leave') },
  { weight: 1, arbitrary: fc.constant<Op>({ op: 'deleteHistory' }) },
)
const life = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: step },
    {
      weight: 1,
      arbitrary: fc.record({
        op: fc.constant('late' as const),
        mark,
        meanwhile: fc.array(fc.oneof(simple('send', 'delete'), fc.constant<Op>({ op: 'deleteHistory' })), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
    },
  ),
  { minLength: 10, maxLength: 60, size: 'max' },
)

const picked = <T>(all: readonly T[], picks: readonly number[]): readonly T[] =>
  all.length === 0 ? [] : [...new Set(picks.map((pick) => pick % all.length))].flatMap((at) => all[at] ?? [])

/** Decides a mark; what is given back writes it, in the documents and in the model. */
const marking = (world: World, model: Model, op: Op): (() => Promise<void>) => {
  // Who is not in it is refused before.
  if (!('user' in op) || !isIn(world.state(), op.user)) return () => Promise.resolve()
  const { seq } = world.state()
  const marks = model.of(op.user)
  const others = model.there(op.user).filter(({ sender }) => sender !== op.user)
  const mine = model.messages.filter(({ sender }) => sender === op.user).map((one) => one.seq)
  const gone = model.messages.filter((one) => one.sender !== op.user && !one.isThere).map((one) => one.seq)
  const chosen = 'picks' in op ? picked(others, op.picks).map((one) => one.seq) : []
  const known = 'picks' in op && op.knows ? { mine, gone } : {}
  const rows: { readonly [name in Op['op']]?: () => readonly [ViewAction, () => void] } = {
    readAll: () => [{ type: 'ReadAll' }, () => model.upTo(seq).forEach((one) => marks.read.add(one))],
    deliverAll: () => [
      { type: 'DeliverAll' },
      () => model.upTo(seq).forEach((one) => marks.delivered.add(one)),
    ],
    clear: () => [
      { type: 'ClearHistory' },
      () =>
        model.upTo(seq).forEach((one) => {
          marks.read.add(one)
          marks.hidden.add(one)
        }),
    ],
    read: () => [
      { type: 'Read', seqs: chosen, ...known },
      () => chosen.forEach((one) => marks.read.add(one)),
    ],
    deliver: () => [
      { type: 'Deliver', seqs: chosen, ...('picks' in op && op.knows ? { mine } : {}) },
      () => chosen.forEach((one) => marks.delivered.add(one)),
    ],
    hide: () => {
      const messages = picked(model.there(op.user), 'picks' in op ? op.picks : [])
      return [
        { type: 'Hide', messages: messages.map((one) => ({ ...one, message: messageId(one.seq) })) },
        () => messages.forEach((one) => marks.hidden.add(one.seq)),
      ]
    },
  }
  const [action, note] = rows[op.op]?.() ?? []
  if (action === undefined || note === undefined) return () => Promise.resolve()
  const write = world.deciding(op.user, action)
  return async () => {
    await write()
    note()
  }
}

const deleteForAll = async (world: World, model: Model, pick: number): Promise<void> => {
  const there = model.messages.filter(({ isThere }) => isThere)
  const [message] = picked(there, [pick])
  if (message === undefined) return
  message.isThere = false
  const place = {
    app: APP,
    dialog: DIALOG,
    message: messageId(message.seq),
    sender: message.sender,
    by: OWNER,
  }
  const fact = messageEvents.fact('MessageDeletedForAll', { ...place, seq: message.seq })
  await world.happen(messageStream(APP, place.message), [fact])
}

const send = async (world: World, model: Model, sender: number): Promise<void> => {
  const seq = world.state().seq + 1
  if (await world.run(sending(sender, seq))) model.messages.push({ seq, sender, isThere: true })
}

const deleteHistory = async (world: World, model: Model): Promise<void> => {
  await world.run({ type: 'DeleteHistory', by: 0 })
  for (const message of model.messages) message.isThere = false
}

const late = async (world: World, model: Model, op: Extract<Op, { readonly op: 'late' }>): Promise<void> => {
  const write = marking(world, model, op.mark)
  for (const other of op.meanwhile) await apply(world, model, other)
  await write()
}

const apply = async (world: World, model: Model, op: Op): Promise<void> => {
  switch (op.op) {
    case 'send':
      return send(world, model, op.user)
    case 'delete':
      return deleteForAll(world, model, op.pick)
    case 'join':
      await world.run({ type: 'Update', by: 0, add: [op.user] })
      return
    case 'leave':
      await world.run({ type: 'Update', by: 0, remove: [op.user] })
      return
    case 'deleteHistory':
      return deleteHistory(world, model)
    case 'late':
      return late(world, model, op)
    default:
      return marking(world, model, op)()
  }
}

const contents = async (documents: Documents): Promise<readonly unknown[]> => {
  const all: unknown[] = []
  for (const name of ['cc_dialogs', 'cc_dialog_views'])
    for await (const page of documents.scan(name)) all.push(...page)
  return all
}

const live = async (ops: readonly Op[], check: (world: World, model: Model) => Promise<void>) => {
  const world = createWorld()
  const model = createModel()
  await world.run(creating(2, [OWNER, 2, 3]))
  for (const op of ops) {
    await apply(world, model, op)
    await check(world, model)
  }
  return { world, model }
}

const checkCounts = async ({ documents }: World, model: Model): Promise<void> => {
  const dialog = dialogOf((await documents.get('cc_dialogs', DIALOG))?.value)
  if (dialog === undefined) throw new Error('no document of the dialog')
  for (const someone of USERS) {
    const document = (await documents.get('cc_dialog_views', viewId(DIALOG, someone)))?.value
    if (document === undefined) continue
    const view = viewOf(document)
    if (view === undefined) throw new Error('a view of another shape')
    const counted = unreadOf(dialog, view)
    if (counted !== model.unread(someone))
      throw new Error(`user ${someone}: ${counted} unread, not ${model.unread(someone)}`)
    checkMarks(view, model)
  }
}

const checkMarks = (view: DialogView, model: Model): void => {
  const { read, delivered } = model.of(view.user)
  for (const { seq, sender, isThere } of model.messages) {
    if (!isThere || sender === view.user) continue
    if (hasRead(view, seq) !== read.has(seq)) throw new Error(`user ${view.user}: read mark of ${seq}`)
    if (hasReceived(view, seq) !== (read.has(seq) || delivered.has(seq)))
      throw new Error(`user ${view.user}: delivered mark of ${seq}`)
  }
}

test('unread messages and marks are those that counting one by one gives', async (t) => {
  await fc.assert(
    fc.asyncProperty(life, async (ops) => {
      await live(ops, checkCounts)
    }),
    { numRuns: runs(150) },
  )
  t.pass()
})

test('documents are the same however the history is cut, and when it is projected twice', async (t) => {
  await fc.assert(
    fc.asyncProperty(life, fc.integer({ min: 1, max: 20 }), async (ops, size) => {
      const { world } = await live(ops, () => Promise.resolve())
      const again = memoryDocuments()
      const writes = world.events.map(writesOf)
      for (let at = 0; at < writes.length; at += size) {
        const batch = writes.slice(at, at + size).flat()
        await again.apply(batch, [])
        await again.apply(batch, [])
      }
      t.deepEqual(await contents(again), await contents(world.documents))
    }),
    { numRuns: runs(25) },
  )
})

test('what was done does nothing a second time', async (t) => {
  await fc.assert(
    fc.asyncProperty(life, mark, async (ops, last) => {
      const { world, model } = await live(ops, () => Promise.resolve())
      await apply(world, model, last)
      const before = world.events.length
      // Hidden messages are not offered again: the same choice is another one then.
      if (last.op === 'hide' || last.op === 'clear') return
      await apply(world, model, last)
      t.is(world.events.length, before)
    }),
    { numRuns: runs(40) },
  )
  const seqs = [1, 2, 3].map((seq) => ({ message: messageId(seq), seq, sender: 2 }))
  const world = createWorld()
  await world.run(creating(2, [1, 2]))
  for (const { seq, sender } of seqs) await world.run(sending(sender, seq))
  for (const action of [
    { type: 'Hide', messages: seqs },
    { type: 'ClearHistory' },
    { type: 'Notify', enabled: false },
    { type: 'HideDialog' },
  ] satisfies readonly ViewAction[]) {
    await world.deciding(1, action)()
    const before = world.events.length
    await world.deciding(1, action)()
    t.is(world.events.length, before, action.type)
  }
})
