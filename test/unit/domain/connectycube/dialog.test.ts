/** Given, when, then for dialogs, pairs and views (connectycube 8.4): what each command makes of which past. */
import test from 'ava'
import { dialogDecider } from '../../../../src/domain/cc/dialog-decide.ts'
import type { DialogType } from '../../../../src/domain/cc/dialog-events.ts'
import type { DialogCommand } from '../../../../src/domain/cc/dialog.ts'
import { pairDecider } from '../../../../src/domain/cc/pair.ts'
import { usersWith, withValues } from '../../../../src/domain/cc/spread.ts'
import { viewDecider } from '../../../../src/domain/cc/view-decide.ts'
import type { Moment, ViewAction } from '../../../../src/domain/cc/view.ts'
import { CONNECTYCUBE_OCCUPANTS_MAX, CONNECTYCUBE_PINS_MAX } from '../../../../src/limits.ts'
import { after, decided, live } from '../../../support/afrodite-domain.ts'
import { APP, creating, DIALOG, messageId, sending } from '../../../support/cc-dialogs.ts'
import { processorMs } from '../../../support/waiting.ts'

const facts = (...commands: readonly DialogCommand[]) => live(dialogDecider, commands).facts
const group = creating(2, [1, 2, 3])
const place = { app: APP, dialog: DIALOG }
const update = (by: number, more: object): DialogCommand => ({ type: 'Update', by, ...more })

test('a new dialog: occupants once and ascending; the same again is nothing, its id is never used again', (t) => {
  const created = decided(dialogDecider, [], creating(2, [3, 1, 2, 1], { details: { name: 'Harbour' } }))
  t.deepEqual(created, [
    [
      'DialogCreated',
      {
        ...place,
        ...{ type: 2, owner: 3, occupants: [1, 2, 3], admins: [], allowPreview: false },
        sealed: { name: 'Harbour' },
      },
    ],
  ])
  t.deepEqual(decided(dialogDecider, facts(group), group), [])
  t.is(decided(dialogDecider, facts(group, { type: 'Delete', by: 1 }), group), 'NotFound no_dialog')
})

test('messages are numbered by the dialog and by their sender, who begins anew when the history went', (t) => {
  const sent = [sending(1, 1), sending(2, 2), sending(1, 3)]
  const numbers = facts(group, ...sent, { type: 'DeleteHistory', by: 1 }, sending(1, 4)).flatMap(
    ({ type, data }) =>
      type === 'MessageSent' ? [[data['sender'], data['seq'], data['own'], data['recipient']]] : [],
  )
  t.deepEqual(numbers, [
    [1, 1, 1, 0],
    [2, 2, 1, 0],
    [1, 3, 2, 0],
    [1, 4, 1, 0],
  ])
  const pair = facts(creating(3, [1, 2]), sending(1, 1), sending(2, 2))
  t.deepEqual(
    pair.flatMap(({ data }) => data['recipient'] ?? []),
    [2, 1],
  )
  t.deepEqual(decided(dialogDecider, facts(group), { type: 'DeleteHistory', by: 1 }), [])
})

test('who comes back is told from who comes first, and an admin who goes is none any more', (t) => {
  const past = facts(group, update(1, { appoint: [2] }), { type: 'Leave', by: 2 }, sending(1, 1), {
    type: 'DeleteHistory',
    by: 1,
  })
  t.deepEqual(after(dialogDecider, past).admins, [])
  t.deepEqual(decided(dialogDecider, past, update(3, { add: [2, 3, 9, 9] })), [
    ['DialogOccupantsAdded', { ...place, dialogType: 2, by: 3, users: [2, 9], returning: [2], floor: 1 }],
  ])
  t.is(decided(dialogDecider, past, { type: 'Leave', by: 2 }), 'Forbidden no_right')
  t.deepEqual(decided(dialogDecider, past, update(1, { remove: [9] })), [])
})

test('an update is all or nothing, and what is so already is no event', (t) => {
  const past = facts(group, update(1, { appoint: [2], pin: [messageId(1)] }))
  const all = update(1, {
    ...{ details: { name: 'x' }, allowPreview: true, add: [4], remove: [2] },
    ...{ appoint: [4], pin: [messageId(2)], unpin: [messageId(1)] },
  })
  const done = decided(dialogDecider, past, all)
  t.deepEqual(typeof done === 'string' ? done : done.map(([type]) => type), [
    'DialogDetailsChanged',
    'DialogPreviewChanged',
    'DialogOccupantsAdded',
    'DialogOccupantsRemoved',
    'DialogAdminsChanged',
    'DialogPinsChanged',
  ])
  t.is(decided(dialogDecider, past, { ...all, by: 2 }), 'Forbidden no_right')
  const same = update(1, { allowPreview: false, add: [1], remove: [9], appoint: [2], pin: [messageId(1)] })
  t.deepEqual(decided(dialogDecider, past, same), [])
  t.is(decided(dialogDecider, past, update(2, { remove: [1] })), 'Forbidden no_right', 'not the owner')
})

test('limits, and one more', (t) => {
  const users = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  const five = facts(creating(2, users(10), { admins: users(5) }))
  t.is(
    decided(dialogDecider, [], creating(2, users(10), { admins: users(6) })),
    'Unprocessable too_many_admins',
  )
  t.is(decided(dialogDecider, five, update(1, { appoint: [6] })), 'Unprocessable too_many_admins')
  t.is(decided(dialogDecider, five, update(1, { appoint: [6], dismiss: [5] })).length, 1)
  t.is(
    decided(dialogDecider, five, update(1, { dismiss: [5], appoint: [99] })),
    'Unprocessable admin_not_in_it',
  )
  const full = facts(creating(2, users(CONNECTYCUBE_OCCUPANTS_MAX)))
  t.is(full.length, 1)
  t.is(decided(dialogDecider, full, update(1, { add: [9_999] })), 'Unprocessable too_many_occupants')
  t.is(
    decided(dialogDecider, [], creating(2, users(CONNECTYCUBE_OCCUPANTS_MAX + 1))),
    'Unprocessable too_many_occupants',
  )
  const pins = users(CONNECTYCUBE_PINS_MAX).map(messageId)
  t.is(decided(dialogDecider, facts(group), update(1, { pin: pins })).length, 1)
  t.is(
    decided(dialogDecider, facts(group), update(1, { pin: [...pins, messageId(0)] })),
    'Unprocessable too_many_pins',
  )
})

test('subscribing: public dialogs, groups that may be looked into, nothing else', (t) => {
  const subscribed = (type: DialogType, allowPreview: boolean) => {
    const past = facts(creating(type, type === 1 ? [] : [1, 2], { owner: 1, allowPreview }))
    const answer = decided(dialogDecider, past, { type: 'Subscribe', by: 9 })
    return typeof answer === 'string' ? answer : answer.length
  }
  t.deepEqual([subscribed(4, false), subscribed(2, true), subscribed(1, false)], [1, 1, 0])
  for (const type of [2, 3, 5] as const) t.is(subscribed(type, false), 'Forbidden no_right')
  for (const type of [3, 5] as const) t.is(subscribed(type, true), 'Forbidden no_right')
})

test('a public dialog of 100,000 takes a message as fast as a small one', async (t) => {
  const many = Array.from(
    { length: process.env['SOAK'] === undefined ? 20_000 : 100_000 },
    (_, index) => index + 1,
  )
  const small = after(dialogDecider, facts(creating(4, [1, 2])))
  const large = { ...small, occupants: withValues({}, many, true), sent: withValues({}, many, 1) }
  const time = (start: typeof small): Promise<number> =>
    processorMs(() => {
      let state = start
      for (let index = 0; index < 300; index++)
        state = live({ ...dialogDecider, initial: state }, [sending(1, 1)]).state
    })
  let [few, lots] = [Infinity, Infinity]
  for (let round = 0; round < 3; round++) {
    few = Math.min(few, await time(small))
    lots = Math.min(lots, await time(large))
  }
  t.log(`300 messages: ${few.toFixed(1)} ms with 2 members, ${lots.toFixed(1)} ms with ${many.length}`)
  t.true(lots < 300, 'less than a millisecond each')
  t.is(usersWith(large.occupants, true).length, many.length)
})

test('a pair has one dialog; only who knows that it was deleted reserves another', (t) => {
  const reserve = (dialog: string, insteadOf?: string) =>
    ({
      type: 'Reserve',
      app: APP,
      users: [2, 1],
      dialog,
      ...(insteadOf === undefined ? {} : { insteadOf }),
    }) as const
  const first = { type: 'PairReserved', data: { app: APP, users: [1, 2], dialog: 'a' } }
  t.deepEqual(decided(pairDecider, [], reserve('a')), [['PairReserved', first.data]])
  t.deepEqual(decided(pairDecider, [first], reserve('b')), [])
  t.deepEqual(decided(pairDecider, [first], reserve('b', 'c')), [])
  t.deepEqual(decided(pairDecider, [first], reserve('b', 'a')), [
    ['PairReserved', { ...first.data, dialog: 'b' }],
  ])
})

const moment: Moment = { seq: 10, own: 2, floor: 0 }
const seen = (action: ViewAction, more: Partial<Moment> = {}, dialogType: DialogType = 2) => ({
  ...{ app: APP, dialog: DIALOG, dialogType, user: 1, action },
  moment: { ...moment, ...more },
})
const viewed = (...commands: readonly ReturnType<typeof seen>[]) => live(viewDecider, commands).facts
const his = { ...place, user: 1 }

test('marking everything is one event, and none when nothing is left or only his own came since', (t) => {
  const all = seen({ type: 'ReadAll' })
  t.deepEqual(decided(viewDecider, [], all), [
    ['DialogReadUpTo', { ...his, seq: 10, own: 2, behind: 0, spans: [] }],
  ])
  t.deepEqual(decided(viewDecider, viewed(all), all), [])
  t.deepEqual(decided(viewDecider, viewed(all), seen({ type: 'ReadAll' }, { seq: 12, own: 4 })), [])
  t.is(decided(viewDecider, viewed(all), seen({ type: 'ReadAll' }, { seq: 13, own: 4 })).length, 1)
  t.deepEqual(decided(viewDecider, [], seen({ type: 'ReadAll' }, { floor: 10, own: 0 })), [])
})

test('one by one: spans, which grow over his own and deleted ones; the last of them raises the watermark', (t) => {
  const read = (seqs: readonly number[], more = {}) => seen({ type: 'Read', seqs, ...more })
  t.deepEqual(decided(viewDecider, [], read([9, 7, 9, 11], { mine: [8], gone: [6] })), [
    ['MessagesRead', { ...his, seqs: [7, 9], spans: [{ from: 6, to: 9, n: 2, others: 3 }] }],
  ])
  const past = viewed(read([7, 9], { mine: [8, 10], gone: [6] }))
  t.deepEqual(decided(viewDecider, past, read([7])), [])
  t.deepEqual(decided(viewDecider, past, read([1, 2, 3, 4, 5])), [
    ['DialogReadUpTo', { ...his, seq: 10, own: 2, behind: 0, spans: [{ from: 6, to: 10, n: 2, others: 3 }] }],
  ])
})

test('what marking everything newly reads is in the event, also after the history went for all', (t) => {
  const all = (more = {}) => seen({ type: 'ReadAll' }, more)
  const some = seen({ type: 'Read', seqs: [12, 14] }, { seq: 15 })
  const before = viewed(all(), some)
  t.deepEqual(decided(viewDecider, before, all({ seq: 16 })), [
    [
      'DialogReadUpTo',
      {
        ...{ ...his, seq: 16, own: 2, behind: 10 },
        spans: [12, 14].map((seq) => ({ from: seq, to: seq, n: 1, others: 1 })),
      },
    ],
  ])
  t.deepEqual(decided(viewDecider, before, all({ seq: 16, own: 0, floor: 13 })), [
    [
      'DialogReadUpTo',
      { ...his, seq: 16, own: 0, behind: 13, spans: [{ from: 14, to: 14, n: 1, others: 1 }] },
    ],
  ])
  const [event] = viewed(all())
  const { behind: _behind, spans: _spans, ...old } = event?.data ?? {}
  t.deepEqual(decided(viewDecider, [{ type: 'DialogReadUpTo', data: old }], all()), [])
})

test('a private dialog that was hidden can be hidden again once a message came; another stays hidden', (t) => {
  const hide = { type: 'HideDialog' } as const
  t.deepEqual(decided(viewDecider, viewed(seen(hide, {}, 3)), seen(hide, {}, 3)), [])
  t.deepEqual(decided(viewDecider, viewed(seen(hide, {}, 3)), seen(hide, { seq: 11 }, 3)), [
    ['DialogHidden', { ...his, seq: 11 }],
  ])
  t.deepEqual(decided(viewDecider, viewed(seen(hide, {}, 1)), seen(hide, { seq: 11 }, 1)), [])
  t.deepEqual(decided(viewDecider, viewed(seen(hide, {}, 3)), seen({ type: 'ShowDialog' }, {}, 3)), [
    ['DialogShown', his],
  ])
  t.deepEqual(decided(viewDecider, [], seen({ type: 'ShowDialog' }, {}, 3)), [])
})

test('a view of a broadcast is opened by its first event', (t) => {
  const mute = seen({ type: 'Notify', enabled: false }, {}, 1)
  t.deepEqual(decided(viewDecider, [], mute), [
    ['ViewOpened', his],
    ['NotificationsToggled', { ...his, enabled: false }],
  ])
  t.deepEqual(decided(viewDecider, viewed(mute), seen({ type: 'Notify', enabled: true }, {}, 1)), [
    ['NotificationsToggled', { ...his, enabled: true }],
  ])
})

test('hidden messages count as far as they were unread; what was cleared is not hidden once more', (t) => {
  const hide = seen({
    type: 'Hide',
    messages: [
      { message: messageId(3), seq: 3, sender: 2 },
      { message: messageId(4), seq: 4, sender: 1 },
      { message: messageId(7), seq: 7, sender: 2 },
    ],
  })
  const past = viewed(seen({ type: 'Read', seqs: [7] }))
  t.deepEqual(decided(viewDecider, past, hide), [
    [
      'MessagesHidden',
      {
        ...his,
        messages: [
          { message: messageId(3), seq: 3, counted: true },
          { message: messageId(4), seq: 4, counted: false },
          { message: messageId(7), seq: 7, counted: false },
        ],
      },
    ],
  ])
  t.deepEqual(decided(viewDecider, viewed(seen({ type: 'ClearHistory' })), hide), [])
})

test('delivered: from the watermark on a mark, above it spans', (t) => {
  const deliver = (...seqs: readonly number[]) => seen({ type: 'Deliver', seqs })
  t.deepEqual(decided(viewDecider, [], deliver(1, 2)), [
    ['MessagesDelivered', { ...his, seqs: [1, 2], seq: 2, spans: [] }],
  ])
  t.deepEqual(decided(viewDecider, viewed(deliver(1, 2)), deliver(2, 5)), [
    ['MessagesDelivered', { ...his, seqs: [5], seq: 2, spans: [{ from: 5, to: 5, n: 1, others: 1 }] }],
  ])
  t.deepEqual(decided(viewDecider, viewed(seen({ type: 'ReadAll' })), deliver(5)), [])
  t.deepEqual(decided(viewDecider, viewed(seen({ type: 'DeliverAll' })), deliver(5)), [])
})
