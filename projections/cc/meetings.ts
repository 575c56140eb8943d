import { meetingEvents } from '../../src/domain/cc/meeting-events.ts'
import { wordsSubject } from '../../src/domain/cc/names.ts'
import { whiteboardEvents } from '../../src/domain/cc/whiteboard.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const MEETINGS = 'cc_meetings'
const RECORDINGS = 'cc_recordings'
const WHITEBOARDS = 'cc_whiteboards'

const called =
  (type: 'RecordingWebhookDelivered' | 'RecordingWebhookGivenUp', webhook: string) =>
  (event: StoredEvent): readonly ProjectedWrite[] => [
    {
      collection: RECORDINGS,
      id: meetingEvents.dataOf(type, event).recording,
      update: { $set: { webhook } },
    },
  ]

/** Meetings, recordings and whiteboards (connectycube 10) by their ids; times are milliseconds since the Unix epoch. */
export const ccMeetings: Projection = {
  name: 'cc-meetings',
  version: 3,
  prefixes: ['cc.meeting-', 'cc.whiteboard-'],
  collections: {
    [MEETINGS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['app', 'host', 'start'] }, { keys: ['app', 'members', 'start'] }],
    },
    [RECORDINGS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['app', 'meeting'] }, { keys: ['webhook', 'createdAt'] }],
    },
    [WHITEBOARDS]: { indexes: [{ keys: ['_s'] }, { keys: ['app', 'dialog'] }] },
  },
  on: {
    MeetingScheduled: (event) => {
      const data = meetingEvents.dataOf('MeetingScheduled', event)
      const { app, meeting, host, chatDialog, plan, sealed } = data
      if (sealed === null || sealed === undefined) return []
      const { at } = event.meta
      const put = {
        ...{ app, host, chatDialog, ...plan, ...sealed, members: idsOf(sealed.attendees) },
        ...{ createdAt: at, updatedAt: at, _s: [wordsSubject(app, host)] },
      }
      return [{ collection: MEETINGS, id: meeting, put }]
    },
    MeetingChanged: (event) => {
      const { meeting, plan, sealed } = meetingEvents.dataOf('MeetingChanged', event)
      const attendees = sealed?.attendees
      const $set = {
        ...{ ...plan, ...sealed, updatedAt: event.meta.at },
        ...(attendees === undefined ? {} : { members: idsOf(attendees) }),
      }
      return [{ collection: MEETINGS, id: meeting, update: { $set } }]
    },
    MeetingCancelled: (event) => {
      const { app, meeting } = meetingEvents.dataOf('MeetingCancelled', event)
      return [
        { collection: MEETINGS, id: meeting, delete: true },
        { collection: RECORDINGS, where: { app, meeting }, delete: true },
      ]
    },
    MeetingRecordingAdded: (event) => {
      const data = meetingEvents.dataOf('MeetingRecordingAdded', event)
      const { app, meeting, host, recording, recorded, isAnnounced, sealed } = data
      if (sealed === null || sealed === undefined) return []
      const { at } = event.meta
      const put = {
        ...{ app, meeting, host, ...recorded, link: sealed.link },
        ...{ webhook: isAnnounced ? 'waiting' : 'none', createdAt: at, updatedAt: at },
        _s: [wordsSubject(app, host)],
      }
      return [{ collection: RECORDINGS, id: recording, put }]
    },
    MeetingRecordingsRemoved: (event) =>
      meetingEvents
        .dataOf('MeetingRecordingsRemoved', event)
        .recordings.map((id) => ({ collection: RECORDINGS, id, delete: true })),
    RecordingWebhookDelivered: called('RecordingWebhookDelivered', 'delivered'),
    RecordingWebhookGivenUp: called('RecordingWebhookGivenUp', 'given-up'),
    WhiteboardCreated: (event) => {
      const data = whiteboardEvents.dataOf('WhiteboardCreated', event)
      const { app, whiteboard, user, dialog, slot, sealed } = data
      if (sealed === null || sealed === undefined) return []
      const { at } = event.meta
      const put = {
        ...{ app, user, dialog, slot, name: sealed.name },
        ...{ createdAt: at, updatedAt: at, _s: [wordsSubject(app, user)] },
      }
      return [{ collection: WHITEBOARDS, id: whiteboard, put }]
    },
    WhiteboardRenamed: (event) => {
      const { whiteboard, sealed } = whiteboardEvents.dataOf('WhiteboardRenamed', event)
      const $set = { ...sealed, updatedAt: event.meta.at }
      return [{ collection: WHITEBOARDS, id: whiteboard, update: { $set } }]
    },
    WhiteboardDeleted: (event) => {
      const { whiteboard } = whiteboardEvents.dataOf('WhiteboardDeleted', event)
      return [{ collection: WHITEBOARDS, id: whiteboard, delete: true }]
    },
  },
}

const idsOf = (attendees: readonly { readonly id?: number }[]): readonly number[] =>
  attendees.flatMap(({ id }) => id ?? [])
