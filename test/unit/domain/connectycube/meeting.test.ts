/**
 * What is decided of a meeting's recordings (connectycube 10.1, 12.1), of settings that may hold a secret, and of users whom others know by
 * their phone (5.3), given, when, then: facts folded, a command decided, what came of it.
 */
import test from 'ava'
import { applicationDecider } from '../../../../src/domain/cc/application.ts'
import { applicationEvents } from '../../../../src/domain/cc/application-events.ts'
import { CC_UPCASTERS } from '../../../../src/domain/cc/events.ts'
import { meetingDecider, type MeetingCommand } from '../../../../src/domain/cc/meeting.ts'
import { meetingEvents } from '../../../../src/domain/cc/meeting-events.ts'
import type { RecordingCommand } from '../../../../src/domain/cc/meeting-recordings.ts'
import { userDecider } from '../../../../src/domain/cc/user-decide.ts'
import { userEvents } from '../../../../src/domain/cc/user-events.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { CC_RECORDINGS_MAX } from '../../../../src/limits.ts'
import { decided } from '../../../support/afrodite-domain.ts'

const place = { app: 1, meeting: 'm', host: 7 }
const plan = {
  ...{ start: 1_000, end: 2_000, record: true, public: false, scheduled: false, notify: false },
  notifyBefore: null,
}
const words = { name: 'Sync', attendees: [], timezone: null }
const decider = meetingDecider(1, 7)
const SCHEDULED = meetingEvents.fact('MeetingScheduled', { ...place, chatDialog: null, plan, sealed: words })
const CANCELLED = meetingEvents.fact('MeetingCancelled', place)
const recorded = { participants: [7], seconds: 60, bytes: 5, file: 'uid' }
const sealed = { link: 'https://x/1' }
const ADDED = meetingEvents.fact('MeetingRecordingAdded', {
  ...{ ...place, recording: 'r', recorded, isAnnounced: true, sealed },
})
const add = (more: Partial<Extract<RecordingCommand, { readonly type: 'AddRecording' }>> = {}) =>
  ({
    ...{ type: 'AddRecording', place, recording: 'r', recorded, link: 'https://x/1', isAnnounced: true },
    ...{ mail: { mail: 'M', to: 'a@b.c', days: 7 }, ...more },
  }) as const satisfies RecordingCommand
const when = (facts: readonly Fact[], command: MeetingCommand) => decided(decider, facts, command)

test('a recording is added once, with a mail to the host', (t) => {
  const params = { link: 'https://x/1', expireInDays: 7 }
  const mail = { app: 1, mail: 'M', user: 7, kind: 'recording-done', sealed: { to: 'a@b.c', params } }
  t.deepEqual(when([SCHEDULED], add()), [
    [ADDED.type, ADDED.data],
    ['MailRequested', mail],
  ])
  t.is(when([SCHEDULED], add({ mail: undefined })).length, 1)
  t.deepEqual(when([SCHEDULED, ADDED], add({ recording: 's', link: 'https://x/2' })), [])
  const elsewhere = { ...recorded, file: null }
  const there = meetingEvents.fact('MeetingRecordingAdded', {
    ...{ ...place, recording: 'r', recorded: elsewhere, isAnnounced: false, sealed },
  })
  t.deepEqual(when([SCHEDULED, there], add({ recorded: elsewhere })), [])
  t.is(when([SCHEDULED, there], add({ recorded: elsewhere, link: 'https://x/2' })).length, 2)
  t.is(when([], add()), 'NotFound no_meeting')
  t.is(when([SCHEDULED, CANCELLED], add()), 'NotFound no_meeting')
})

test('a meeting has not more recordings than a page shows', (t) => {
  const many = Array.from({ length: CC_RECORDINGS_MAX }, (_, index) =>
    meetingEvents.fact('MeetingRecordingAdded', {
      ...{ ...place, recording: `r${index}`, recorded: { ...recorded, file: `u${index}` } },
      ...{ isAnnounced: false, sealed },
    }),
  )
  t.is(when([SCHEDULED, ...many], add()), 'Unprocessable recordings_max')
  const removed = when([SCHEDULED, ...many], { type: 'RemoveRecordings', place })
  t.deepEqual(removed, [
    ['MeetingRecordingsRemoved', { ...place, recordings: many.map((_, index) => `r${index}`) }],
  ])
  t.deepEqual(when([SCHEDULED], { type: 'RemoveRecordings', place }), [])
})

test('what came of a call to the webhook is said once, and of what is still there', (t) => {
  const settle = (result: 'delivered' | 'late') =>
    ({ type: 'SettleWebhook', place, recording: 'r', result }) as const
  const DELIVERED = meetingEvents.fact('RecordingWebhookDelivered', { ...place, recording: 'r' })
  const late = { ...place, recording: 'r', reason: 'late' }
  t.deepEqual(when([SCHEDULED, ADDED], settle('delivered')), [[DELIVERED.type, DELIVERED.data]])
  t.deepEqual(when([SCHEDULED, ADDED], settle('late')), [['RecordingWebhookGivenUp', late]])
  t.deepEqual(when([SCHEDULED, ADDED, DELIVERED], settle('late')), [])
  const gone = meetingEvents.fact('MeetingRecordingsRemoved', { ...place, recordings: ['r'] })
  t.deepEqual(when([SCHEDULED, ADDED, gone], settle('delivered')), [])
})

test('a change says only what is different', (t) => {
  const invitations = { host: undefined, attendees: [] }
  const change = (some: object): MeetingCommand => ({ type: 'Change', place, change: some, invitations })
  t.deepEqual(when([SCHEDULED], change({ ...plan, ...words })), [])
  t.deepEqual(when([SCHEDULED], change({ end: 3_000, record: true, name: 'Sync' })), [
    ['MeetingChanged', { ...place, plan: { end: 3_000 } }],
  ])
  t.deepEqual(when([SCHEDULED], change({ name: 'Other', start: 1_000 })), [
    ['MeetingChanged', { ...place, plan: {}, sealed: { name: 'Other' } }],
  ])
})

test('the time zone is words of the host, and was not yet in events that are older', (t) => {
  const timezone = { offset: 60, name: 'my kitchen' }
  const invitations = { host: undefined, attendees: [] }
  const change: MeetingCommand = { type: 'Change', place, change: { timezone }, invitations }
  t.deepEqual(when([SCHEDULED], change), [['MeetingChanged', { ...place, plan: {}, sealed: { timezone } }]])
  const upcast = (type: string, data: JsonObject) => ({
    type,
    data: CC_UPCASTERS[type]?.[0]?.(data) ?? {},
  })
  const { timezone: none, ...said } = words
  const old = { ...SCHEDULED.data, plan: { ...plan, timezone: none }, sealed: said }
  t.deepEqual(upcast('MeetingScheduled', old), SCHEDULED)
  const scheduled = upcast('MeetingScheduled', { ...old, plan: { ...plan, timezone } })
  t.deepEqual(when([scheduled], change), [])
  const changed = upcast('MeetingChanged', { ...place, plan: { end: 3_000, timezone } })
  t.deepEqual(changed.data, { ...place, plan: { end: 3_000 }, sealed: { timezone } })
  t.deepEqual(when([SCHEDULED, changed], change), [])
  for (const sealed of [{}, { sealed: null }, { sealed: { name: 'N' } }])
    t.deepEqual(upcast('MeetingChanged', { ...place, plan: {}, ...sealed }).data, {
      ...place,
      plan: {},
      ...sealed,
    })
})

test('a step neither makes up words nor mends what was malformed', (t) => {
  const timezone = { offset: 60, name: 'my kitchen' }
  const upcast = (type: string, data: JsonObject) => ({
    type,
    data: CC_UPCASTERS[type]?.[0]?.(data) ?? {},
  })
  const { sealed: _words, ...silent } = SCHEDULED.data
  for (const zone of [null, timezone]) {
    const scheduled = upcast('MeetingScheduled', { ...silent, plan: { ...plan, timezone: zone } })
    t.deepEqual(scheduled.data, silent)
    t.notThrows(() => when([scheduled], { type: 'Cancel', place }))
  }
  for (const type of ['MeetingScheduled', 'MeetingChanged'])
    for (const odd of [{}, { plan: 7 }, { plan: null, sealed: 'x' }])
      t.deepEqual(upcast(type, { ...place, ...odd }).data, { ...place, ...odd })
})

test('settings that may hold a key of another server are sealed, the others are not', (t) => {
  const registered = applicationEvents.fact('ApplicationRegistered', { app: 1, sealed: null })
  const cidp = { url: 'https://id.example/', request_params: { key: 'k' }, response_params: { uid: '#{id}' } }
  const hook = 'https://hook.example/?key=k'
  const settings = { users_list_v1: 'deny', meeting_url_template: 'https://meet.example/%s' }
  const body = { ...settings, cidp, recording_webhook_url: hook }
  const change = { type: 'ChangeSettings', app: 1, body } as const
  const secret = { cidp, recording_webhook_url: hook }
  const changed = applicationEvents.fact('ApplicationSettingsChanged', { app: 1, settings, sealed: secret })
  t.deepEqual(decided(applicationDecider, [registered], change), [[changed.type, changed.data]])
  t.deepEqual(decided(applicationDecider, [registered, changed], change), [])
  const off = { ...change, body: { recording_webhook_url: null, chat_alerts: false } }
  t.deepEqual(decided(applicationDecider, [registered, changed], off), [
    [changed.type, { app: 1, settings: { chat_alerts: false }, sealed: { recording_webhook_url: null } }],
  ])
})

test('that a user has joined is told when he first has a phone, and never again', (t) => {
  const user = { app: 1, user: 9 }
  const users = userDecider(1)
  const joined: Fact = { type: 'ContactJoined', data: user }
  const signUp = (phone: string | null, announces?: true) =>
    decided(users, [], {
      ...{ type: 'SignUp', user, isGuest: false, profile: { login: 'abc', phone }, verifier: 'v' },
      ...(announces === undefined ? {} : { announces }),
    }).slice(1)
  t.deepEqual(signUp('+49 170 1234567', true), [['ContactJoined', user]])
  for (const phone of [null, '', '12', '+1'.repeat(20)]) t.deepEqual(signUp(phone, true), [], String(phone))
  t.deepEqual(signUp('+49 170 1234567'), [])
  const there = userEvents.fact('UserSignedUp', {
    ...user,
    sealed: { profile: { login: 'abc' }, verifier: 'v' },
  })
  const call = (facts: readonly Fact[], phone: string | null) =>
    decided(users, facts, { type: 'Change', user, changes: { phone }, announces: true }).slice(1)
  t.deepEqual(call([there], '491701234567'), [['ContactJoined', user]])
  t.deepEqual(call([there, joined], '491701234568'), [])
  t.deepEqual(call([there], null), [])
})
