/**
 * Laws of messages, through commands, engine and projections: users of a group send, read pages, mark, hide, clear, delete and edit, several at
 * once; what each has not read, whom a page says to have read a message, and which messages are there for him is what counting event by event
 * says; marking all is one event, and everything projected again from the history is the same.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents } from '../../src/documents/port.ts'
import { dialogEvents } from '../../src/domain/cc/dialog-events.ts'
import { messageEvents } from '../../src/domain/cc/message-events.ts'
import { viewEvents } from '../../src/domain/cc/view-events.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { dialogFor, type MyDialog } from '../../src/queries/cc/dialogs.ts'
import { unreadOf } from '../../src/queries/cc/dialog-views.ts'
import { marksOf, messagesWhere, visibleIn, type MessageDocument } from '../../src/queries/cc/messages.ts'
import { unreadCounts } from '../../src/queries/cc/unread.ts'
import {
  APP,
  createChat,
  newDialog,
  prepare,
  right,
  say,
  writesOf,
  type Chat,
} from '../support/cc-messages.ts'

const runs = process.env['SOAK'] === undefined ? 40 : 800
const USERS = [1, 2, 3, 4] as const

type Known = { readonly id: string; readonly seq: number; readonly sender: number; isThere: boolean }

/** Event by event, message by message. */
const count = (events: readonly StoredEvent[]) => {
  const messages: Known[] = []
  const read = new Map<number, Set<number>>(USERS.map((user) => [user, new Set()]))
  const hidden = new Map<number, Set<number>>(USERS.map((user) => [user, new Set()]))
  const add = (sets: typeof read, user: number, seqs: readonly number[]): void => {
    for (const seq of seqs) sets.get(user)?.add(seq)
  }
  const upTo = (seq: number): readonly number[] => Array.from({ length: seq }, (_, at) => at + 1)
  const handlers: Record<string, (event: StoredEvent) => void> = {
    MessageSent: (event) => {
      const { message: id, seq, sender } = dialogEvents.dataOf('MessageSent', event)
      messages.push({ id, seq, sender, isThere: true })
    },
    DialogHistoryDeleted: (event) => {
      const { seq } = dialogEvents.dataOf('DialogHistoryDeleted', event)
      for (const message of messages) if (message.seq <= seq) message.isThere = false
    },
    MessageDeletedForAll: (event) => {
      const { seq } = messageEvents.dataOf('MessageDeletedForAll', event)
      for (const message of messages) if (message.seq === seq) message.isThere = false
    },
    DialogReadUpTo: (event) => {
      const { user, seq } = viewEvents.dataOf('DialogReadUpTo', event)
      add(read, user, upTo(seq))
    },
    MessagesRead: (event) => {
      const { user, seqs } = viewEvents.dataOf('MessagesRead', event)
      add(read, user, seqs)
    },
    MessagesHidden: (event) => {
      const { user, messages: gone } = viewEvents.dataOf('MessagesHidden', event)
      add(
        hidden,
        user,
        gone.map(({ seq }) => seq),
      )
    },
    HistoryCleared: (event) => {
      const { user, seq } = viewEvents.dataOf('HistoryCleared', event)
      add(hidden, user, upTo(seq))
      add(read, user, upTo(seq))
    },
  }
  for (const event of events) handlers[event.type]?.(event)
  const there = messages.filter(({ isThere }) => isThere)
  return {
    visible: (user: number) => there.filter(({ seq }) => hidden.get(user)?.has(seq) !== true),
    unread: (user: number) =>
      there.filter(
        ({ seq, sender }) =>
          sender !== user && read.get(user)?.has(seq) !== true && hidden.get(user)?.has(seq) !== true,
      ).length,
    readBy: ({ seq, sender }: MessageDocument) => [
      sender,
      ...USERS.filter((user) => user !== sender && read.get(user)?.has(seq) === true),
    ],
  }
}

const mineOf = async ({ reader }: Chat, dialog: string, user: number): Promise<MyDialog> =>
  right(await dialogFor(reader, APP, dialog, user))

const page = async (
  chat: Chat,
  dialog: string,
  user: number,
  options: { readonly skip?: number; readonly limit?: number; readonly newest?: boolean } = {},
): Promise<readonly MessageDocument[]> => {
  const { newest = false, ...paging } = options
  const direction = newest ? -1 : 1
  return messagesWhere(chat.reader, visibleIn(await mineOf(chat, dialog, user), user), {
    ...paging,
    sort: [
      ['dateSent', direction],
      ['seq', direction],
    ],
  })
}

const user = fc.constantFrom(...USERS)
const some = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 })
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('send' as const), user }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('page' as const),
      user,
      skip: fc.nat({ max: 8 }),
      limit: fc.integer({ min: 1, max: 6 }),
      newest: fc.boolean(),
    }),
  },
  fc.record({
    type: fc.constantFrom(
      'read' as const,
      'hide' as const,
      'delete' as const,
      'edit' as const,
      'react' as const,
    ),
    user,
    some,
  }),
  fc.record({ type: fc.constantFrom('readAll' as const, 'clear' as const, 'deleteHistory' as const), user }),
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const ids = (known: readonly MessageDocument[], some: readonly number[]): readonly string[] => [
  ...new Set(some.flatMap((at) => known[at % Math.max(1, known.length)]?._id ?? [])),
]

const done = async (answer: Promise<E.Either<{ readonly kind: string }, unknown>>): Promise<void> => {
  const result = await answer
  // What somebody else took away meanwhile is no longer there.
  if (E.isLeft(result) && !['NotFound', 'Forbidden'].includes(result.left.kind))
    throw new Error(JSON.stringify(result.left))
}

const MARKS = { read: true, delivered: false }

type Taking = {
  readonly chat: Chat
  readonly dialog: string
  readonly user: number
  readonly known: readonly string[]
}

const TAKEN: Readonly<Record<Exclude<Step['type'], 'page'>, (at: Taking) => Promise<unknown>>> = {
  send: ({ chat, dialog, user }) => say(chat, user, dialog),
  read: ({ chat, user, known }) => done(chat.messages.change(APP, user, known, MARKS)),
  edit: ({ chat, user, known }) =>
    done(chat.messages.change(APP, user, known.slice(0, 1), { ...MARKS, read: false, text: 'new' })),
  react: ({ chat, user, known: [first = ''] }) =>
    done(chat.messages.react(APP, user, first, { add: ['👍'], remove: ['👎'] })),
  hide: ({ chat, user, known }) => done(chat.messages.remove(APP, user, known, false)),
  delete: ({ chat, user, known }) => done(chat.messages.remove(APP, user, known, true)),
  readAll: ({ chat, dialog, user }) => done(chat.messages.markAll(APP, user, dialog, MARKS)),
  clear: ({ chat, dialog, user }) => done(chat.dialogs.clearHistory(APP, dialog, user, false)),
  deleteHistory: ({ chat, dialog, user }) => done(chat.dialogs.clearHistory(APP, dialog, user, true)),
}

const take = async (chat: Chat, dialog: string, one: Step): Promise<unknown> => {
  const { user } = one
  if (one.type === 'page') {
    const mine = await mineOf(chat, dialog, user)
    return chat.messages.readPage(APP, user, mine, await page(chat, dialog, user, one))
  }
  const known = 'some' in one ? ids(await page(chat, dialog, user), one.some) : []
  return TAKEN[one.type]({ chat, dialog, user, known })
}

const everything = async (documents: Documents): Promise<readonly unknown[]> => {
  const all: unknown[] = []
  for (const collection of ['cc_dialogs', 'cc_dialog_views', 'cc_messages', 'cc_stats_dialogs'])
    for await (const scanned of documents.scan(collection)) all.push(...scanned)
  return all
}

test('unread counts, read marks and pages are what counting event by event says, whatever happens at once', async (t) => {
  const lives = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 14 })
  await fc.assert(
    fc.asyncProperty(lives, async (life) => {
      const chat = createChat(USERS)
      await chat.ready()
      const dialog = await newDialog(chat, 2, USERS)
      for (const atOnce of life) {
        await Promise.all(atOnce.map((one) => take(chat, dialog, one)))
        chat.pass(700)
      }
      const counted = count(chat.events)
      for (const user of USERS) {
        const mine = await mineOf(chat, dialog, user)
        const shown = await page(chat, dialog, user)
        t.is(unreadOf(mine.dialog, mine.view), counted.unread(user))
        t.is((await unreadCounts(chat.reader, APP, user)).total, counted.unread(user))
        t.deepEqual(
          shown.map(({ _id }) => _id),
          counted.visible(user).map(({ id }) => id),
        )
        const marks = await marksOf(chat.reader, mine.dialog)
        for (const message of shown) {
          const readers = counted.readBy(message)
          t.deepEqual(marks.readBy(message), readers)
          t.is(marks.isReadByAll(message), readers.length === USERS.length)
        }
      }
      const again = memoryDocuments()
      await prepare(again)
      for (const event of chat.events) await again.apply(writesOf(event), [])
      t.deepEqual(await everything(again), await everything(chat.documents))
    }),
    { numRuns: runs },
  )
})

test('marking all read is one event, and a second time none', async (t) => {
  const chat = createChat(USERS)
  await chat.ready()
  const dialog = await newDialog(chat, 2, USERS)
  for (let n = 0; n < 90; n++) await say(chat, n % 3 === 0 ? 2 : 1, dialog)
  const before = chat.events.length
  right(await chat.messages.markAll(APP, 2, dialog, MARKS))
  right(await chat.messages.markAll(APP, 2, dialog, MARKS))
  t.deepEqual(
    chat.events.slice(before).map(({ type }) => type),
    ['DialogReadUpTo'],
  )
  t.is((await unreadCounts(chat.reader, APP, 2)).total, 0)
  t.is((await unreadCounts(chat.reader, APP, 1)).total, 30)
  t.is((await unreadCounts(chat.reader, APP, 3)).total, 90)
})
