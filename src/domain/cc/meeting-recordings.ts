import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { CC_RECORDINGS_MAX } from '../../limits.ts'
import type { Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { mailEvents } from './mail-events.ts'
import { meetingEvents, type Recorded } from './meeting-events.ts'
import { RULES } from './rules.ts'

export type MeetingPlace = { readonly app: number; readonly meeting: string; readonly host: number }

/** `source`: the file's uid, or where else it is, null once that was erased. `isWaiting`: the webhook has not heard of it yet. */
export type KnownRecording = {
  readonly id: string
  readonly source: string | null
  readonly isWaiting: boolean
}

/** `place.host` is the meeting's, on whose behalf they are. */
export type RecordingCommand =
  | {
      readonly type: 'AddRecording'
      readonly place: MeetingPlace
      readonly recording: string
      readonly recorded: Recorded
      readonly link: string
      readonly isAnnounced: boolean
      /** For the host, if he has an address. `days`: so long the link opens, if that is known. */
      readonly mail:
        { readonly mail: string; readonly to: string; readonly days: number | undefined } | undefined
    }
  | { readonly type: 'RemoveRecordings'; readonly place: MeetingPlace }
  | {
      readonly type: 'SettleWebhook'
      readonly place: MeetingPlace
      readonly recording: string
      readonly result: 'delivered' | 'off' | 'late'
    }

type Of<T extends RecordingCommand['type']> = Extract<RecordingCommand, { readonly type: T }>

/** A media server may say it twice: the same file, or the same URL, is the same recording. */
export const addRecording = (
  { place, recording, recorded, link, isAnnounced, mail }: Of<'AddRecording'>,
  known: readonly KnownRecording[],
): Either<Rejection, readonly Fact[]> => {
  const source = recorded.file ?? link
  if (known.some((one) => one.source === source)) return E.right([])
  if (known.length >= CC_RECORDINGS_MAX) return E.left(TOO_MANY)
  const { app, host } = place
  return E.right([
    meetingEvents.fact('MeetingRecordingAdded', {
      ...place,
      recording,
      recorded,
      isAnnounced,
      sealed: { link },
    }),
    ...(mail === undefined
      ? []
      : [
          mailEvents.fact('MailRequested', {
            ...{ app, mail: mail.mail, user: host, kind: 'recording-done' },
            sealed: {
              to: mail.to,
              params: { link, ...(mail.days === undefined ? {} : { expireInDays: mail.days }) },
            },
          }),
        ]),
  ])
}

export const removeRecordings = (
  { place }: Of<'RemoveRecordings'>,
  known: readonly KnownRecording[],
): readonly Fact[] =>
  known.length === 0
    ? []
    : [meetingEvents.fact('MeetingRecordingsRemoved', { ...place, recordings: known.map(({ id }) => id) })]

/** Once. */
export const settleWebhook = (
  { place, recording, result }: Of<'SettleWebhook'>,
  known: readonly KnownRecording[],
): readonly Fact[] => {
  if (!known.some(({ id, isWaiting }) => id === recording && isWaiting)) return []
  return [
    result === 'delivered'
      ? meetingEvents.fact('RecordingWebhookDelivered', { ...place, recording })
      : meetingEvents.fact('RecordingWebhookGivenUp', { ...place, recording, reason: result }),
  ]
}

const TOO_MANY = rejection('Unprocessable', 'recordings_max', { fields: { base: [RULES.invalid] } })
