/**
 * Proves what may become of a message (connectycube 8.3, 8.6), given/when/then: who edits, reacts and deletes by the type of the dialog and what
 * he is in it, and what a message may say.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { may, ROLES } from '../../../../src/domain/cc/dialog-rights.ts'
import { DIALOG_TYPES } from '../../../../src/domain/cc/dialog-events.ts'
import { CC_SEALED, CC_UPCASTERS } from '../../../../src/domain/cc/events.ts'
import { readContent } from '../../../../src/domain/cc/message-content.ts'
import { messageDecider } from '../../../../src/domain/cc/message-decide.ts'
import { messageEvents } from '../../../../src/domain/cc/message-events.ts'
import type { MessageAction, MessageCommand } from '../../../../src/domain/cc/message.ts'
import { wordsSubject } from '../../../../src/domain/cc/names.ts'
import type { Fact } from '../../../../src/domain/decider.ts'

const MESSAGE = { app: 1, dialog: 'd'.repeat(24), message: 'm'.repeat(24), sender: 10 } as const
const { fact } = messageEvents

const when = (
  action: MessageAction,
  who: Partial<Pick<MessageCommand, 'by' | 'dialogType' | 'role'>> = {},
  given: readonly Fact[] = [],
): string | readonly Fact[] => {
  const state = given.reduce(messageDecider.evolve, messageDecider.initial)
  const wisher = { by: MESSAGE.sender, dialogType: DIALOG_TYPES.group, role: 'member' as const, ...who }
  const decided = messageDecider.decide({ ...MESSAGE, ...wisher, action }, state)
  return E.isLeft(decided) ? decided.left.kind : decided.right
}

const reacting = (add: readonly string[], remove: readonly string[] = []): MessageAction => ({
  type: 'React',
  add,
  remove,
})
const reacted = (user: number, add: readonly string[], remove: readonly string[] = []): Fact =>
  fact('MessageReactionsChanged', { ...MESSAGE, user, sealed: { add, remove } })
const GONE = fact('MessageDeletedForAll', { ...MESSAGE, seq: 3, by: 10 })

test('everybody of every dialog: the sender edits while he may write, and whoever may deletes', (t) => {
  for (const dialogType of Object.values(DIALOG_TYPES))
    for (const role of ROLES)
      for (const by of [MESSAGE.sender, 11]) {
        const who = { by, dialogType, role }
        const isHis = by === MESSAGE.sender
        const about = JSON.stringify(who)
        t.is(
          when({ type: 'Edit', text: 'x' }, who) === 'Forbidden',
          !(isHis && may(dialogType, role, 'write')),
          about,
        )
        t.is(
          when({ type: 'DeleteForAll', seq: 3 }, who) === 'Forbidden',
          !((isHis && may(dialogType, role, 'deleteOwn')) || may(dialogType, role, 'deleteAny')),
          about,
        )
        t.is(when(reacting(['a']), who) === 'Forbidden', !may(dialogType, role, 'read'), about)
      }
})

test('an edit is the sender’s words, a deletion names who is last then', (t) => {
  t.deepEqual(when({ type: 'Edit', text: 'x' }), [
    { type: 'MessageEdited', data: { ...MESSAGE, sealed: { text: 'x' } } },
  ])
  t.deepEqual(when({ type: 'DeleteForAll', seq: 3, previous: null }, { by: 11, role: 'admin' }), [
    { type: 'MessageDeletedForAll', data: { ...MESSAGE, seq: 3, by: 11, previous: null } },
  ])
})

test('what is gone cannot be edited, deleted or reacted to', (t) => {
  for (const action of [
    { type: 'Edit', text: 'x' },
    { type: 'DeleteForAll', seq: 3 },
    reacting(['a']),
  ] as const)
    t.is(when(action, {}, [GONE]), 'NotFound')
})

test('each kind of reaction is there once, and only what changes is an event', (t) => {
  const given = [reacted(10, ['a', 'b']), reacted(11, ['c'])]
  t.deepEqual(when(reacting(['a']), {}, given), [])
  t.deepEqual(when(reacting([], ['c']), {}, given), [])
  t.deepEqual(when(reacting(['c', 'c'], ['a', 'x']), {}, given), [reacted(10, ['c'], ['a'])])
  t.deepEqual(when(reacting(['a'], ['a', 'b']), {}, given), [reacted(10, [], ['b'])])
  t.deepEqual(when(reacting(['b']), {}, [...given, reacted(10, [], ['b'])]), [reacted(10, ['b'])])
  const many = Array.from({ length: 32 }, (_, n) => `kind ${n}`)
  t.is(when(reacting(['one more']), {}, [reacted(10, many)]), 'Unprocessable')
  t.deepEqual(when(reacting(['new'], ['kind 0']), {}, [reacted(10, many)]), [
    reacted(10, ['new'], ['kind 0']),
  ])
  t.is(when(reacting(['x'.repeat(65)])), 'Unprocessable')
})

test('who reacted has words of his own: without them he gave nothing, and others keep theirs', (t) => {
  const closed = fact('MessageReactionsChanged', { ...MESSAGE, user: 10, sealed: null })
  t.deepEqual(when(reacting(['a']), {}, [closed, reacted(11, ['a'])]), [reacted(10, ['a'])])
  t.deepEqual(when(reacting(['a']), { by: 11 }, [closed, reacted(11, ['a'])]), [])
  const { subject } = CC_SEALED['MessageReactionsChanged'] ?? {}
  t.is(subject?.(reacted(11, ['a']), ''), wordsSubject(1, 11))
})

test('a reaction that was stored before it was sealed still counts', (t) => {
  const [step] = CC_UPCASTERS['MessageReactionsChanged'] ?? []
  const before = { ...MESSAGE, user: 11, add: ['a'], remove: ['b'] }
  t.deepEqual(step?.(before), reacted(11, ['a'], ['b']).data)
  const { remove: _lost, ...half } = before
  const read = () => messageEvents.dataOf('MessageReactionsChanged', { data: step?.(half) ?? {} })
  t.throws(read, { instanceOf: TypeError }, 'as it was read in schema 1')
})

test('what is said: names of ours are no parameters, attachments come in two forms', (t) => {
  const said = (body: Parameters<typeof readContent>[0]) => {
    const content = readContent(body)
    return E.isLeft(content) ? content.left.kind : content.right
  }
  t.deepEqual(
    said({
      message: 5,
      chat_dialog_id: 'd',
      send_to_chat: 1,
      markable: 1,
      silent: 1,
      token: 't',
      mood: { a: 1 },
    }),
    { text: '5', params: { mood: { a: 1 } } },
  )
  t.deepEqual(said({ attachments: { '10': { type: 'b' }, '9': { type: 'a' } } }), {
    attachments: [{ type: 'a' }, { type: 'b' }],
  })
  t.deepEqual(said({ message: null, attachments: '' }), {})
  t.deepEqual(said(JSON.parse('{"__proto__":{"a":1},"constructor":1,"_id":"x"}') as { x: 1 }), {})
  for (const body of [
    { message: {} },
    { attachments: 'x' },
    { attachments: ['x'] },
    { attachments: { a: {} } },
  ])
    t.is(said(body), 'Unprocessable')
  t.is(said({ message: 'x'.repeat(700_000) }), 'TooLarge')
})
