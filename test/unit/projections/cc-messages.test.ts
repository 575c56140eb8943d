/**
 * Proves what documents of messages show: every change, what is left of one that is gone, and that the erasure of somebody's words leaves his
 * messages to the others without them, the same when everything is projected again; what is counted by day; and that sending, the last page and
 * the count of what is unread cost the same in a long dialog as in a new one.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import { messageEvents } from '../../../src/domain/cc/message-events.ts'
import { messageStream, wordsSubject } from '../../../src/domain/cc/names.ts'
import { openEmbeddedHistory } from '../../../src/history/embedded/history.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { dialogFor } from '../../../src/queries/cc/dialogs.ts'
import { findMessages, messagesWhere, reactionsTo, visibleIn } from '../../../src/queries/cc/messages.ts'
import { countIn, countsByDay, createdDialogs, sentMessages } from '../../../src/queries/cc/stats.ts'
import { unreadCounts } from '../../../src/queries/cc/unread.ts'
import { storedEvent } from '../../support/cc-dialogs.ts'
import {
  APP,
  AT,
  createChat,
  newDialog,
  prepare,
  right,
  say,
  writesOf,
  type Chat,
} from '../../support/cc-messages.ts'
import { processorMs } from '../../support/waiting.ts'

const DAY_MS = 24 * 60 * 60_000

const all = async (documents: Documents, collection: string): Promise<readonly unknown[]> => {
  const found: unknown[] = []
  for await (const page of documents.scan(collection)) found.push(...page)
  return found
}

/** As everything reads when the subject's key is destroyed. */
const sealedFor = (event: StoredEvent, sender: number): StoredEvent =>
  (event.type === 'MessageReactionsChanged' ? event.data['user'] : event.data['sender']) === sender &&
  'sealed' in event.data
    ? { ...event, data: { ...event.data, sealed: null } }
    : event

const erasureOf = (subject: string, position: bigint): StoredEvent => ({
  stream: `platform.erasure-${subject}`,
  ...{ revision: 0n, position, id: '00000000-0000-4000-8000-000000000000', type: 'SubjectErased' },
  data: { subject },
  meta: { at: AT, actor: 'platform:test', commandId: 'c', correlationId: 'c', schema: 1 },
})

const lived = async () => {
  const chat = createChat([1, 2])
  await chat.ready()
  const dialog = await newDialog(chat, 2, [1, 2])
  const [kept, edited, hidden, gone] = [
    await say(chat, 1, dialog, 'kept'),
    await say(chat, 2, dialog, 'first'),
    await say(chat, 1, dialog, 'hidden'),
    await say(chat, 1, dialog, 'gone'),
  ]
  chat.pass(5_000)
  const { messages } = chat
  right(await messages.change(APP, 2, [edited], { read: false, delivered: false, text: 'second' }))
  right(await messages.react(APP, 1, edited, { add: ['a.b', '__proto__', '7'], remove: [] }))
  right(await messages.react(APP, 1, edited, { add: [], remove: ['a.b'] }))
  right(await messages.react(APP, 2, edited, { add: ['7'], remove: [] }))
  right(await messages.react(APP, 1, kept, { add: ['mine'], remove: [] }))
  right(await messages.react(APP, 2, kept, { add: ['his'], remove: [] }))
  right(await messages.react(APP, 2, gone, { add: ['his'], remove: [] }))
  right(await messages.remove(APP, 2, [hidden], false))
  right(await messages.remove(APP, 1, [gone], true))
  return { chat, dialog, kept, edited, hidden, gone }
}

test('documents follow what becomes of messages; of one that is gone a number, its sender and its time are left', async (t) => {
  const { chat, dialog, kept, edited, hidden, gone } = await lived()
  const found = await findMessages(chat.reader, APP, [kept, edited, hidden, gone])
  t.deepEqual([...found.keys()].sort(), [kept, edited, hidden].sort())
  t.like(found.get(kept), { text: 'kept', seq: 1, createdAt: AT, updatedAt: AT + 5_000, hiddenFor: [] })
  t.like(found.get(edited), { text: 'second', createdAt: AT, editedAt: AT + 5_000, updatedAt: AT + 5_000 })
  t.deepEqual(
    reactionsTo(found.get(edited) ?? { reactions: {} }),
    new Map([
      ['__proto__', [1]],
      ['7', [1, 2]],
    ]),
  )
  t.deepEqual(found.get(hidden)?.hiddenFor, [2])
  const stub = {
    _id: gone,
    app: APP,
    live: false,
    dialog: `gone-${dialog}`,
    seq: 4,
    sender: 1,
    createdAt: AT,
    reactions: {},
  }
  t.deepEqual((await chat.documents.get('cc_messages', gone))?.value, stub)
  t.like((await chat.documents.get('cc_dialogs', dialog))?.value, { lastId: hidden })
})

test('reactions of many are put together in time that grows with their number', async (t) => {
  const costOf = (count: number) => {
    const users = Array.from({ length: count }, (_, n) => n + 1)
    const reactions = Object.fromEntries(users.map((user) => [`u${user}`, { k37: true as const }]))
    return processorMs(() => t.is(reactionsTo({ reactions }).get('7')?.length, count))
  }
  await costOf(1_000)
  const [few, many] = [await costOf(3_000), await costOf(30_000)]
  t.true(many < Math.max(few, 10) * 50, `${few} and ${many} ms`)
})

test('words that are erased are gone from what the others keep, also when all is projected again', async (t) => {
  const { chat, kept, edited } = await lived()
  const erasure = erasureOf(wordsSubject(APP, 1), 1_000n)
  await chat.documents.apply(writesOf(erasure), [])
  const found = await findMessages(chat.reader, APP, [kept, edited])
  t.like(found.get(kept), { text: null, attachments: null, params: null, sender: 1, dateSent: AT / 1000 })
  t.like(found.get(edited), { text: 'second', reactions: { u2: { k37: true } } })
  t.deepEqual(reactionsTo(found.get(kept) ?? { reactions: {} }), new Map([['his', [2]]]))
  const again = memoryDocuments()
  await prepare(again)
  for (const event of [...chat.events, erasure]) await again.apply(writesOf(sealedFor(event, 1)), [])
  t.deepEqual(await all(again, 'cc_messages'), await all(chat.documents, 'cc_messages'))
})

for (const [what, fact] of Object.entries({
  'an edit': ['MessageEdited', { sealed: { text: 'late' } }],
  'a reaction': ['MessageReactionsChanged', { user: 1, sealed: { add: ['7'], remove: [] } }],
} as const)) {
  test(`${what} that came when its message was just gone is erased like others`, async (t) => {
    const { chat, dialog, gone } = await lived()
    const [type, data] = fact
    const place = { app: APP, dialog, message: gone, sender: 1 }
    const late = storedEvent(messageStream(APP, gone), 300, messageEvents.fact(type, { ...place, ...data }))
    const erasure = erasureOf(wordsSubject(APP, 1), 1_000n)
    for (const event of [late, erasure]) await chat.documents.apply(writesOf(event), [])
    const stub = (await chat.documents.get('cc_messages', gone))?.value
    t.like(stub, { reactions: {}, live: false })
    t.false(JSON.stringify(stub).includes('late'))
    const again = memoryDocuments()
    await prepare(again)
    for (const event of [...chat.events, late, erasure]) await again.apply(writesOf(sealedFor(event, 1)), [])
    t.deepEqual(await all(again, 'cc_messages'), await all(chat.documents, 'cc_messages'))
  })
}

test('what was sent and made is counted by day, also what is gone', async (t) => {
  const { chat, dialog } = await lived()
  chat.pass(DAY_MS)
  const other = await newDialog(chat, 4, [2])
  await say(chat, 2, other)
  chat.pass(2 * DAY_MS)
  await say(chat, 1, dialog)
  right(await chat.dialogs.remove(APP, dialog, 1, true))
  const whole = { from: 0, to: Number.MAX_SAFE_INTEGER }
  const { reader } = chat
  t.is(await countIn(reader, sentMessages(APP), whole), 6)
  t.is(await countIn(reader, sentMessages(2), whole), 0)
  const page = { skip: 0, limit: 10 }
  t.deepEqual(
    [...(await countsByDay(reader, sentMessages(APP), whole, page))],
    [
      ['2026-01-01', 4],
      ['2026-01-02', 1],
      ['2026-01-04', 1],
    ],
  )
  t.deepEqual(
    [...(await countsByDay(reader, sentMessages(APP), { ...whole, from: AT + 1 }, { skip: 1, limit: 1 }))],
    [['2026-01-04', 1]],
  )
  t.is(await countIn(reader, createdDialogs(APP, [2]), whole), 1)
  t.is(await countIn(reader, createdDialogs(APP, [2, 4]), whole), 2)
})

const LONG = process.env['SOAK'] === undefined ? 2_000 : 200_000

/** The best of some: others use the machine too. */
const best = async (work: () => Promise<unknown>): Promise<number> => {
  let least = Infinity
  for (let n = 0; n < 15; n++) {
    const begun = performance.now()
    await work()
    least = Math.min(least, performance.now() - begun)
  }
  return least
}

const costs = async (chat: Chat, dialog: string) => ({
  sending: await best(() => say(chat, 1, dialog)),
  lastPage: await best(async () => {
    const mine = right(await dialogFor(chat.reader, APP, dialog, 2))
    const page = await messagesWhere(chat.reader, visibleIn(mine, 2), {
      sort: [
        ['dateSent', -1],
        ['seq', -1],
      ],
      limit: 50,
    })
    await chat.messages.readPage(APP, 2, mine, page)
  }),
  unread: await best(() => unreadCounts(chat.reader, APP, 2)),
})

test('a long dialog costs what a new one costs', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-messages-'))
  const documents = await openEmbeddedDocuments({ path: join(directory, 'documents') })
  const history = openEmbeddedHistory({ path: join(directory, 'history') })
  t.teardown(async () => {
    await documents.close()
    await history.close()
    await rm(directory, { recursive: true })
  })
  const chat = createChat([1, 2], { documents, history })
  await chat.ready()
  const [young, old] = [await newDialog(chat, 2, [1, 2]), await newDialog(chat, 2, [1, 2])]
  await chat.fill(young, [1, 2], 60)
  await chat.fill(old, [1, 2], LONG)
  const [first, second] = [await costs(chat, young), await costs(chat, old)]
  t.log({ young: first, old: second })
  for (const of of ['sending', 'lastPage', 'unread'] as const)
    t.true(second[of] < first[of] * 4 + 4, `${of}: ${first[of]} ms, then ${second[of]} ms`)
})
