import * as t from 'io-ts'
import { isObject, type JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import type { Upcasters } from '../upcasters.ts'
import { eventsOf, nullable, sealed } from './codec.ts'
import { wordsSubject } from './names.ts'

/** Either key, or both: one that was not given stays away (connectycube 10.1). */
export const Attendee = t.readonly(t.partial({ id: t.number, email: t.string }))
export type Attendee = t.TypeOf<typeof Attendee>

/** Each with the highest value that it takes; the lowest is 0 of minutes and otherwise 1. */
export const METRICS = { minutes: 55, hours: 24, days: 30, weeks: 4 } as const
const Metric = t.keyof(METRICS)
const NotifyBefore = t.readonly(t.type({ metric: Metric, value: t.number }))
/** `name` is the host's to choose. */
const TimeZone = t.readonly(t.type({ offset: t.number, name: t.string }))

/** `start` and `end` in milliseconds since the Unix epoch. */
export const Plan = t.type({
  start: t.number,
  end: t.number,
  record: t.boolean,
  public: t.boolean,
  scheduled: t.boolean,
  notify: t.boolean,
  notifyBefore: nullable(NotifyBefore),
})
export type Plan = t.TypeOf<typeof Plan>

/** The host's words. */
export const MeetingWords = t.type({
  name: t.string,
  attendees: t.readonlyArray(Attendee),
  timezone: nullable(TimeZone),
})
export type MeetingWords = t.TypeOf<typeof MeetingWords>

/** How long and how large; `file` is the uid of one in the storage, null of one that is kept elsewhere. */
export const Recorded = t.type({
  participants: t.readonlyArray(t.number),
  seconds: t.number,
  bytes: t.number,
  file: nullable(t.string),
})
export type Recorded = t.TypeOf<typeof Recorded>

const place = { app: t.number, meeting: t.string, host: t.number }

/** Of a meeting's stream, beside the mails about it. */
export const MEETING_EVENTS = {
  MeetingScheduled: t.intersection([
    t.type({ ...place, chatDialog: nullable(t.string), plan: Plan }),
    t.partial({ sealed: sealed(MeetingWords) }),
  ]),
  /** What is different now. */
  MeetingChanged: t.intersection([
    t.type({ ...place, plan: t.partial(Plan.props) }),
    t.partial({ sealed: sealed(t.partial(MeetingWords.props)) }),
  ]),
  /** Its chat stays. */
  MeetingCancelled: t.type(place),
  /**
   * Whoever has the link gets the recording, for a while or for good, so it is sealed. `isAnnounced`: the application wants to be called about it;
   * what came of that is in the same stream.
   */
  MeetingRecordingAdded: t.intersection([
    t.type({ ...place, recording: t.string, recorded: Recorded, isAnnounced: t.boolean }),
    t.partial({ sealed: sealed(t.type({ link: t.string })) }),
  ]),
  /** All that there were. */
  MeetingRecordingsRemoved: t.type({ ...place, recordings: t.readonlyArray(t.string) }),
  RecordingWebhookDelivered: t.type({ ...place, recording: t.string }),
  /** `off`: the application does not want it any more; `late`: nobody took it within a day. */
  RecordingWebhookGivenUp: t.type({
    ...place,
    recording: t.string,
    reason: t.keyof({ off: null, late: null }),
  }),
} as const

export const meetingEvents = eventsOf(MEETING_EVENTS)

const WORDS_OF_HOST = {
  fields: ['sealed'],
  subject: ({ data: { app, host } }: Pick<Fact, 'data'>) =>
    typeof app === 'number' && typeof host === 'number' ? wordsSubject(app, host) : undefined,
}
export const MEETING_SEALED = {
  MeetingScheduled: WORDS_OF_HOST,
  MeetingChanged: WORDS_OF_HOST,
  MeetingRecordingAdded: WORDS_OF_HOST,
} as const

/** In schema 1 the time zone stood in the plan, in the clear. What has no words any more needs none, and without a name there are none. */
const timeZoneSaid =
  (isWhole: boolean) =>
  (before: JsonObject): JsonObject => {
    const { plan, sealed: words, ...rest } = before
    if (!isObject(plan)) return before
    const { timezone, ...others } = plan
    const data = { ...rest, plan: others }
    const isSilent = words === null || (words === undefined && isWhole)
    if (timezone === undefined || isSilent) return words === undefined ? data : { ...data, sealed: words }
    return { ...data, sealed: { ...(isObject(words) ? words : {}), timezone } }
  }

export const MEETING_UPCASTERS: Upcasters = {
  MeetingScheduled: [timeZoneSaid(true)],
  MeetingChanged: [timeZoneSaid(false)],
}
