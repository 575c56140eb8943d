import * as t from 'io-ts'
import type { Filter } from '../../documents/port.ts'
import { nullable } from '../../domain/cc/codec.ts'
import { MeetingWords, Plan } from '../../domain/cc/meeting-events.ts'
import type { Reader } from '../reader.ts'

const Meeting = t.intersection([
  t.type({
    _id: t.string,
    app: t.number,
    host: t.number,
    /** Of the attendees those with an id. */
    members: t.readonlyArray(t.number),
    chatDialog: nullable(t.string),
    createdAt: t.number,
    updatedAt: t.number,
  }),
  MeetingWords,
  Plan,
])
/** Times are milliseconds since the Unix epoch. */
export type MeetingDocument = t.TypeOf<typeof Meeting>

const Whiteboard = t.type({
  _id: t.string,
  app: t.number,
  user: t.number,
  dialog: t.string,
  slot: t.number,
  name: t.string,
  createdAt: t.number,
  updatedAt: t.number,
})
export type WhiteboardDocument = t.TypeOf<typeof Whiteboard>

/** Of any application's: none if it is another's. */
export const findMeeting = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: string,
): Promise<MeetingDocument | undefined> => {
  const document = (await reader.get(MEETINGS, id))?.value
  return Meeting.is(document) && document.app === app ? document : undefined
}

/** Host, attendee, or anybody if it is public (connectycube 10.1). */
export const mayRead = ({ host, members, ...meeting }: MeetingDocument, user: number): boolean =>
  meeting.public || host === user || members.includes(user)

/** Those that the user hosts or attends, by their beginning. */
export const meetingsOf = async (
  reader: Pick<Reader, 'find'>,
  { app, user, filter }: { readonly app: number; readonly user: number; readonly filter: Filter },
  page: { readonly skip: number; readonly limit: number },
): Promise<readonly MeetingDocument[]> => {
  const meetings: MeetingDocument[] = []
  const mine = { $and: [{ app, $or: [{ host: user }, { members: user }] }, filter] }
  for await (const some of reader.find(MEETINGS, mine, { sort: [['start', 1]], ...page }))
    meetings.push(...some.filter(Meeting.is))
  return meetings
}

export const findWhiteboard = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: string,
): Promise<WhiteboardDocument | undefined> => {
  const document = (await reader.get(WHITEBOARDS, id))?.value
  return Whiteboard.is(document) && document.app === app ? document : undefined
}

/** By age. */
export const whiteboardsOf = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  dialog: string,
): Promise<readonly WhiteboardDocument[]> => {
  const whiteboards: WhiteboardDocument[] = []
  for await (const some of reader.find(WHITEBOARDS, { app, dialog }, { sort: [['_id', 1]] }))
    whiteboards.push(...some.filter(Whiteboard.is))
  return whiteboards
}

const MEETINGS = 'cc_meetings'
const WHITEBOARDS = 'cc_whiteboards'
