import * as t from 'io-ts'
import { Recorded } from '../../domain/cc/meeting-events.ts'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import type { JsonObject } from '../../json.ts'
import type { Reader } from '../reader.ts'
import type { MeetingDocument } from './meetings.ts'

const Recording = t.intersection([
  t.type({
    _id: t.string,
    app: t.number,
    meeting: t.string,
    host: t.number,
    link: t.string,
    createdAt: t.number,
    updatedAt: t.number,
  }),
  Recorded,
])
/** Times are milliseconds since the Unix epoch. */
export type RecordingDocument = t.TypeOf<typeof Recording>

/** Of a meeting, in the order in which they came. */
export const recordingsOf = (
  reader: Pick<Reader, 'find'>,
  app: number,
  meeting: string,
): Promise<readonly RecordingDocument[]> => recordingsWhere(reader, { app, meeting }, { sort: [['_id', 1]] })

/** Of all applications, those of which a webhook is to hear, the oldest first. */
export const unannounced = (
  reader: Pick<Reader, 'find'>,
  limit: number,
): Promise<readonly RecordingDocument[]> =>
  recordingsWhere(reader, { webhook: 'waiting' }, { sort: [['createdAt', 1]], limit })

/** The objects of connectycube 10.1, as clients and the webhook get them. */
export const meetingView = ({
  _id,
  name,
  attendees,
  host,
  chatDialog,
  ...meeting
}: MeetingDocument): JsonObject => ({
  ...{ _id, name, start_date: seconds(meeting.start), end_date: seconds(meeting.end) },
  ...{ attendees, record: meeting.record, public: meeting.public, scheduled: meeting.scheduled },
  ...{ notify: meeting.notify, notify_before: meeting.notifyBefore, timezone: meeting.timezone },
  ...{ host_id: host, chat_dialog_id: chatDialog },
  ...timesOf(meeting),
})

export const recordingView = (recording: RecordingDocument, link = recording.link): JsonObject => ({
  ...{ _id: recording._id, room_id: recording.meeting, participants_ids: recording.participants },
  ...{
    participants_count: recording.participants.length,
    duration: recording.seconds,
    size: recording.bytes,
  },
  download_url: link,
  ...timesOf(recording),
})

const timesOf = ({
  createdAt,
  updatedAt,
}: Pick<RecordingDocument, 'createdAt' | 'updatedAt'>): JsonObject => ({
  created_at: textOf(createdAt),
  updated_at: textOf(updatedAt),
})

const seconds = (ms: number): number => Math.floor(ms / 1_000)
const textOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, -5)}Z`

const recordingsWhere = async (
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  options: FindOptions,
): Promise<readonly RecordingDocument[]> => {
  const found: Document[] = []
  for await (const page of reader.find('cc_recordings', filter, options)) found.push(...page)
  return found.filter(Recording.is)
}
