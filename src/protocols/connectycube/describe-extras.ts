import { DEFAULT_SETTINGS } from '../../domain/cc/settings.ts'
import {
  ANYTHING,
  each,
  either,
  filters,
  FLAG,
  gives,
  ID,
  INTEGER,
  LIST,
  listOf,
  mapOf,
  MOMENT,
  NOTHING,
  object,
  OFFSET_PAGES,
  oneOf,
  orNull,
  SKIP_PAGES,
  STRING,
  TEXT,
  TIME,
  WHOLE,
  within,
  type About,
  type Abouts,
  type Takes,
} from './describe-kinds.ts'
import { MEETING, PUSH_EVENT, SETTINGS, SUBSCRIPTION, WHITEBOARD } from './describe-shapes.ts'
import { meetingFields } from './meeting-input.ts'
import { MEETING_FIELDS } from './meetings.ts'

const PLAIN: Takes = {
  name: TEXT,
  ...each(['start_date', 'end_date'], MOMENT),
  attendees: listOf(within({ id: INTEGER, email: TEXT })),
  notify_before: { type: ['object', 'null'], properties: { metric: TEXT, value: INTEGER } },
  timezone: { type: ['object', 'null'], properties: { offset: INTEGER, name: TEXT } },
}
const PLAN: Takes = Object.fromEntries(meetingFields().map((name) => [name, PLAIN[name] ?? FLAG]))
const NEEDED = ['name', 'start_date', 'end_date']

/** The administrator sees which file it is. */
const RECORDING = object(
  {
    ...{ _id: ID, room_id: ID, participants_ids: listOf(WHOLE), participants_count: WHOLE },
    ...{ duration: WHOLE, size: WHOLE, download_url: STRING, created_at: TIME, updated_at: TIME },
  },
  { file_uid: orNull(STRING) },
)
const recordings: About = {
  summary: 'What was recorded of a meeting',
  gives: { '200': gives(listOf(RECORDING)) },
  refuses: [404],
}

const meetings: Abouts = {
  'POST /meetings': {
    summary: 'Plans a meeting, with `chat` a dialog for it too',
    takes: { ...PLAN, chat: FLAG },
    needs: NEEDED,
    gives: { '201': gives(MEETING) },
    refuses: [422],
  },
  'GET /meetings': {
    summary: 'Meetings of the caller, or the one of that `_id`',
    takes: { _id: TEXT, ...filters(MEETING_FIELDS), ...OFFSET_PAGES },
    gives: { '200': gives(listOf(MEETING)) },
    refuses: [422],
  },
  'PUT /meetings/:id': {
    summary: 'Changes a meeting',
    takes: PLAN,
    gives: { '200': gives(MEETING) },
    refuses: [403, 404, 422],
  },
  'DELETE /meetings/:id': { summary: 'Cancels it', gives: { '200': NOTHING }, refuses: [403, 404] },
  'GET /meetings/recordings/:id': { ...recordings, refuses: [403, 404] },
  'POST /admin/meetings': {
    summary: 'Plans a meeting for somebody',
    takes: { ...PLAN, chat: FLAG, user_id: INTEGER },
    needs: [...NEEDED, 'user_id'],
    gives: { '201': gives(MEETING) },
    refuses: [422],
  },
  'GET /admin/meetings/recordings/:id': recordings,
  'DELETE /admin/meetings/recordings/:id': {
    summary: 'Removes what was recorded',
    gives: { '200': gives(object({})) },
    refuses: [404],
  },
  'POST /admin/meetings/recordings/:id': {
    summary: 'Tells of a recording: a file of the storage, or somewhere else',
    takes: {
      ...{ duration: INTEGER, participants_ids: LIST, file_uid: TEXT },
      ...{ download_url: TEXT, size: INTEGER },
    },
    needs: ['duration'],
    gives: { '201': gives(RECORDING) },
    refuses: [404, 422],
  },
  'POST /unfurl': {
    summary: 'What a page says of itself',
    takes: { url: TEXT },
    needs: ['url'],
    gives: {
      '200': gives(object({ ...each(['url', 'title', 'description'], STRING), images: listOf(STRING) })),
    },
    refuses: [404, 422],
  },
  'POST /calls/reject': {
    summary: 'Rejects a call',
    takes: { recipientId: INTEGER, sessionID: TEXT, platform: TEXT, userInfo: ANYTHING },
    needs: ['recipientId', 'sessionID'],
    gives: { '200': gives(object({})) },
    refuses: [404, 422],
  },
}

const whiteboards: Abouts = {
  'POST /whiteboards': {
    summary: 'Makes a whiteboard of a dialog',
    takes: { name: TEXT, chat_dialog_id: TEXT },
    needs: ['name', 'chat_dialog_id'],
    gives: { '201': gives(WHITEBOARD) },
    refuses: [403, 404, 422],
  },
  'GET /whiteboards': {
    summary: 'Those of a dialog',
    takes: { chat_dialog_id: TEXT },
    needs: ['chat_dialog_id'],
    gives: { '200': gives(listOf(WHITEBOARD)) },
    refuses: [403, 404, 422],
  },
  'PUT /whiteboards/:id': {
    summary: 'Renames it',
    takes: { name: TEXT },
    needs: ['name'],
    gives: { '200': gives(WHITEBOARD) },
    refuses: [403, 404, 422],
  },
  'DELETE /whiteboards/:id': { summary: 'Deletes it', gives: { '200': NOTHING }, refuses: [403, 404] },
}

const entry = (members: Takes) => gives(object({ items: listOf(object(members)) }))

const push: Abouts = {
  'POST /subscriptions': {
    summary: 'Registers a device for pushes, on each channel that is named',
    takes: {
      ...each(['notification_channel', 'notification_channels'], LIST),
      push_token: within({
        ...{ environment: TEXT, client_identification_sequence: TEXT, bundle_identifier: TEXT },
        ...each(['web_endpoint', 'web_auth', 'web_p256dh'], TEXT),
      }),
      device: within({ platform: TEXT, udid: TEXT }),
    },
    needs: ['push_token', 'device'],
    gives: { '201': gives(listOf(SUBSCRIPTION)) },
    refuses: [422],
  },
  'GET /subscriptions': {
    summary: 'Devices of the caller',
    gives: { '200': gives(listOf(SUBSCRIPTION)) },
  },
  'DELETE /subscriptions/:id': { summary: 'Removes one', gives: { '200': NOTHING }, refuses: [404] },
  'POST /events': {
    summary: 'Sends a push to users',
    takes: {
      event: within({
        ...{ notification_type: TEXT, environment: TEXT, message: TEXT, push_type: TEXT, event_type: TEXT },
        user: within({ ids: LIST, tags: within(each(['any', 'all', 'exclude'], LIST)) }),
        external_user: within({ ids: LIST }),
      }),
    },
    needs: ['event'],
    gives: { '201': gives(listOf(PUSH_EVENT)) },
    refuses: [422],
  },
  'GET /admin/outbox/push': {
    summary: 'Pushes, the newest first',
    takes: SKIP_PAGES,
    gives: {
      '200': entry({
        ...{ _id: STRING, event_id: STRING, sender_id: WHOLE, user_id: WHOLE },
        ...each(['environment', 'message', 'reason', 'detail'], orNull(STRING)),
        notification_channel: object({ name: STRING }),
        ...{ created_at: TIME, state: oneOf('queued', 'delivered', 'failed') },
      }),
    },
  },
  'GET /admin/outbox/mail': {
    summary: 'Mails, the newest first',
    takes: SKIP_PAGES,
    gives: {
      '200': entry({
        ...{ _id: STRING, kind: orNull(STRING), user_id: orNull(WHOLE), state: orNull(STRING) },
        ...{ to: STRING, subject: STRING, text: STRING, created_at: TIME },
      }),
    },
  },
}

const settings: Abouts = {
  'GET /admin/application/settings': {
    summary: 'The settings of the application',
    gives: { '200': gives(SETTINGS) },
  },
  'PUT /admin/application/settings': {
    summary: 'Changes those that are named',
    takes: each(
      Object.keys(DEFAULT_SETTINGS),
      either(TEXT, LIST, { type: ['object', 'null'], additionalProperties: either(TEXT, mapOf(TEXT)) }),
    ),
    gives: { '200': gives(SETTINGS) },
    refuses: [422],
  },
}

/** All else (connectycube 9, 10, 12). */
export const EXTRAS: Abouts = { ...meetings, ...whiteboards, ...push, ...settings }
