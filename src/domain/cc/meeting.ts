import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { equalJson, type Json } from '../../json.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { evolveBy } from './evolving.ts'
import { mailEvents } from './mail-events.ts'
import {
  meetingEvents,
  type Attendee,
  type MEETING_EVENTS,
  type MeetingWords,
  type Plan,
} from './meeting-events.ts'
import { addRecording, removeRecordings, settleWebhook } from './meeting-recordings.ts'
import type { KnownRecording, MeetingPlace, RecordingCommand } from './meeting-recordings.ts'
import { wordsSubject } from './names.ts'
import { RULES } from './rules.ts'

export type MeetingChange = Partial<Plan> & Partial<MeetingWords>

export type MeetingState = {
  readonly life: 'none' | 'there' | 'gone'
  readonly host: number
  readonly plan: Plan
  readonly words: MeetingWords
  readonly recordings: readonly KnownRecording[]
}

/** A mail for somebody; what it needs besides the meeting itself. */
export type Invitation = { readonly mail: string; readonly to: string; readonly params: MailParams }
type MailParams = { readonly host: string; readonly link: string }

/** Whom mails would reach: the host, and each attendee under the place in the list that he has now. */
export type Invitations = {
  readonly host: Invitation | undefined
  readonly attendees: readonly (Invitation | undefined)[]
}

export type MeetingCommand =
  | RecordingCommand
  | {
      readonly type: 'Schedule'
      readonly place: MeetingPlace
      readonly chatDialog: string | null
      readonly plan: Plan
      readonly words: MeetingWords
      readonly invitations: Invitations
    }
  /** `place.host` is who wants it. */
  | {
      readonly type: 'Change'
      readonly place: MeetingPlace
      readonly change: MeetingChange
      readonly invitations: Invitations
    }
  | { readonly type: 'Cancel'; readonly place: MeetingPlace }

/** Meetings belong to their host (connectycube 10.1). */
export const meetingDecider = (app: number, host: number): Decider<MeetingState, MeetingCommand> => ({
  initial: {
    ...{ life: 'none', host: 0, recordings: [] },
    words: { name: '', attendees: [], timezone: null },
    plan: {
      ...{ start: 0, end: 0, record: false, public: false, scheduled: false, notify: false },
      notifyBefore: null,
    },
  },
  stateVersion: 3,
  evolve: (state, event) => evolve(state, event),
  decide: (command, state) => decide(command, state),
  subject: () => wordsSubject(app, host),
})

const decide = (command: MeetingCommand, state: MeetingState): Either<Rejection, readonly Fact[]> => {
  if (command.type === 'Schedule') return schedule(command, state)
  const { place } = command
  if (state.life !== 'there') return E.left(rejection('NotFound', 'no_meeting'))
  if (state.host !== place.host) return E.left(rejection('Forbidden', 'not_the_host'))
  switch (command.type) {
    case 'Change':
      return change(command, state)
    case 'Cancel':
      return E.right([meetingEvents.fact('MeetingCancelled', place)])
    case 'AddRecording':
      return addRecording(command, state.recordings)
    case 'RemoveRecordings':
      return E.right(removeRecordings(command, state.recordings))
    case 'SettleWebhook':
      return E.right(settleWebhook(command, state.recordings))
  }
}

type Of<T extends MeetingCommand['type']> = Extract<MeetingCommand, { readonly type: T }>

const ENDS_BEFORE = rejection('Unprocessable', 'ends_before', { fields: { end_date: [RULES.invalid] } })

const schedule = (
  { place, chatDialog, plan, words, invitations }: Of<'Schedule'>,
  { life }: MeetingState,
): Either<Rejection, readonly Fact[]> => {
  if (life !== 'none') return E.left(rejection('Conflict', 'meeting_exists'))
  if (plan.end < plan.start) return E.left(ENDS_BEFORE)
  const scheduled = meetingEvents.fact('MeetingScheduled', { ...place, chatDialog, plan, sealed: words })
  const { host, attendees } = invitations
  return E.right([scheduled, ...(plan.notify ? mails(place, { plan, words }, [host, ...attendees]) : [])])
}

const change = (
  { place, change: wanted, invitations }: Of<'Change'>,
  state: MeetingState,
): Either<Rejection, readonly Fact[]> => {
  const { name, attendees, timezone, ...rest } = wanted
  const plan = differing(rest, state.plan)
  const words = differing(
    {
      ...(name === undefined ? {} : { name }),
      ...(attendees === undefined ? {} : { attendees }),
      ...(timezone === undefined ? {} : { timezone }),
    },
    state.words,
  )
  const next = { plan: { ...state.plan, ...plan }, words: { ...state.words, ...words } }
  if (next.plan.end < next.plan.start) return E.left(ENDS_BEFORE)
  if (Object.keys(plan).length + Object.keys(words).length === 0) return E.right([])
  const said = Object.keys(words).length === 0 ? {} : { sealed: words }
  return E.right([
    meetingEvents.fact('MeetingChanged', { ...place, plan, ...said }),
    ...mails(place, next, invited(state, next, invitations)),
  ])
}

/** All when it is announced or moved, otherwise those who are new. Nobody while the host does not want mails. */
const invited = (
  { plan: before, words }: MeetingState,
  { plan, words: { attendees } }: Pick<MeetingState, 'plan' | 'words'>,
  invitations: Invitations,
): readonly (Invitation | undefined)[] => {
  if (!plan.notify) return []
  if (!before.notify || before.start !== plan.start) return [invitations.host, ...invitations.attendees]
  const known = new Set(words.attendees.map(keyOf))
  return invitations.attendees.filter((_, index) => {
    const attendee = attendees[index]
    return attendee !== undefined && !known.has(keyOf(attendee))
  })
}

const keyOf = ({ id, email }: Attendee): string => JSON.stringify([id ?? null, email ?? null])

/** One mail an address. */
const mails = (
  { app, meeting, host }: MeetingPlace,
  { plan, words }: Pick<MeetingState, 'plan' | 'words'>,
  invitations: readonly (Invitation | undefined)[],
): readonly Fact[] => {
  const byAddress = new Map(invitations.flatMap((one) => (one === undefined ? [] : [[one.to, one] as const])))
  const attendees = words.attendees.flatMap(({ email }) => email ?? [])
  const startDate = new Date(plan.start).toISOString()
  return [...byAddress.values()].map(({ mail, to, params }) =>
    mailEvents.fact('MailRequested', {
      ...{ app, mail, user: host, kind: 'meeting-notification' },
      sealed: { to, params: { ...params, meeting, startDate, attendees } },
    }),
  )
}

const differing = <T extends { readonly [name in keyof T]: Json }>(
  wanted: Partial<T>,
  now: T,
): Partial<T> => {
  const rest: Partial<T> = {}
  for (const name in wanted) if (!equalJson(wanted[name], now[name])) rest[name] = wanted[name]
  return rest
}

const evolve = evolveBy<MeetingState, typeof MEETING_EVENTS>(meetingEvents, {
  MeetingScheduled: (state, { host, plan, sealed }) => ({
    ...{ life: 'there', host, plan, recordings: [] },
    words: sealed ?? state.words,
  }),
  MeetingChanged: (state, { plan, sealed }) => ({
    ...state,
    plan: { ...state.plan, ...plan },
    words: { ...state.words, ...sealed },
  }),
  MeetingCancelled: (state) => ({ ...state, life: 'gone', recordings: [] }),
  MeetingRecordingAdded: (state, { recording, recorded, isAnnounced, sealed }) => ({
    ...state,
    recordings: [
      ...state.recordings,
      { id: recording, source: recorded.file ?? sealed?.link ?? null, isWaiting: isAnnounced },
    ],
  }),
  MeetingRecordingsRemoved: (state, { recordings }) => ({
    ...state,
    recordings: state.recordings.filter(({ id }) => !recordings.includes(id)),
  }),
  RecordingWebhookDelivered: (state, { recording }) => called(state, recording),
  RecordingWebhookGivenUp: (state, { recording }) => called(state, recording),
})

const called = (state: MeetingState, recording: string): MeetingState => ({
  ...state,
  recordings: state.recordings.map((known) =>
    known.id === recording ? { ...known, isWaiting: false } : known,
  ),
})
