import { DEFAULT_SETTINGS } from '../../domain/cc/settings.ts'
import { ACTIONS, RECORD_ACTIONS } from '../../domain/cc/permissions.ts'
import { FIELD_TYPES } from '../../domain/cc/field-types.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import { isList, type Json, type JsonObject } from '../../json.ts'
import { schemaRef, type Reply } from '../../openapi/description.ts'
import {
  ANYTHING,
  BOOLEAN,
  each,
  either,
  gives,
  ID,
  KINDS,
  listOf,
  mapOf,
  object,
  oneOf,
  orNull,
  STRING,
  TAG,
  TIME,
  WHOLE,
} from './describe-kinds.ts'

const named = (name: string): JsonObject => schemaRef(TAG, name)

export const USER = named('User')
export const SESSION = named('Session')
export const DIALOG = named('Dialog')
export const MESSAGE = named('Message')
export const RECORD = named('Record')
export const CLASS = named('Class')
export const FILE = named('File')
export const BLOB = named('Blob')
export const MEETING = named('Meeting')
export const WHITEBOARD = named('Whiteboard')
export const SUBSCRIPTION = named('Subscription')
export const PUSH_EVENT = named('PushEvent')
export const SETTINGS = named('Settings')
export const RULE = named('Rule')
export const BUCKETS = named('Buckets')

const TEXT_OR_NULL = orNull(STRING)
const WHOLE_OR_NULL = orNull(WHOLE)
const TIME_OR_NULL = orNull(TIME)
const IDS = listOf(WHOLE)

const User = object(
  {
    id: WHOLE,
    ...each(['full_name', 'email', 'login', 'phone', 'website'], TEXT_OR_NULL),
    ...each(['created_at', 'updated_at', 'last_request_at'], TIME_OR_NULL),
    ...each(['external_user_id', 'blob_id', 'timezone'], WHOLE_OR_NULL),
    ...each(['external_id', 'facebook_id', 'twitter_id', 'custom_data', 'avatar', 'user_tags'], TEXT_OR_NULL),
  },
  { is_guest: { const: true } },
)

const Session = object(
  {
    ...{ id: WHOLE, user_id: WHOLE, application_id: WHOLE, token: STRING, ts: WHOLE },
    ...{ created_at: TIME, updated_at: TIME, user: orNull(USER) },
  },
  { nonce: { type: ['integer', 'string', 'number'] } },
)

/** As somebody sees it; those of types 1 and 4 list nobody. */
const Dialog = object(
  {
    ...{ _id: ID, user_id: WHOLE, type: oneOf(...Object.values(DIALOG_TYPES)) },
    ...each(['name', 'description', 'photo', 'xmpp_room_jid', 'last_message'], TEXT_OR_NULL),
    ...{ created_at: TIME, updated_at: TIME, occupants_ids: IDS, admins_ids: IDS },
    ...each(['last_message_user_id', 'last_message_date_sent', 'unread_messages_count'], WHOLE_OR_NULL),
    last_message_id: orNull(ID),
    last_message_status: oneOf('sent', 'delivered', 'read', null),
    pinned_messages_ids: listOf(ID),
    extensions: orNull(mapOf(STRING)),
    permissions: orNull(object({ allow_preview: { const: true } })),
  },
  {
    occupants_count: WHOLE,
    ...{ is_e2ee: BOOLEAN, is_muted: BOOLEAN, deleted_ids: IDS, silent_ids: IDS },
  },
)

/** Beside these stand the parameters that the sender chose. */
const Message: JsonObject = {
  ...object(
    {
      ...{ _id: ID, chat_dialog_id: ID, message: TEXT_OR_NULL, attachments: listOf({ type: 'object' }) },
      ...{ sender_id: WHOLE, recipient_id: WHOLE, date_sent: WHOLE, created_at: TIME, updated_at: TIME },
      ...{ read_ids: IDS, delivered_ids: IDS, views_count: WHOLE, read: oneOf(0, 1) },
      reactions: orNull(object({ own: listOf(STRING), total: mapOf(WHOLE) })),
    },
    { edited_at: TIME_OR_NULL, deleted_for_ids: IDS },
  ),
  additionalProperties: true,
}

const Rule = object(
  { access: oneOf('open', 'owner', 'open_for_users_ids', 'open_for_groups', 'not_allowed') },
  each(['users_ids', 'users_groups'], listOf(STRING)),
)

/** Beside these stand the fields of its class. */
const Record: JsonObject = {
  ...object(
    { _id: ID, _parent_id: orNull(ID), user_id: WHOLE, created_at: WHOLE, updated_at: WHOLE },
    { permissions: object(each(RECORD_ACTIONS, RULE)) },
  ),
  additionalProperties: true,
}

const Class = object({
  class_name: STRING,
  fields: mapOf(oneOf(...FIELD_TYPES)),
  permissions: object(each(ACTIONS, RULE)),
  use_class_permissions: listOf(oneOf(...ACTIONS)),
  schemaless: BOOLEAN,
})

const Blob = object(
  {
    ...{ id: WHOLE, uid: STRING, content_type: STRING, name: STRING, size: WHOLE_OR_NULL },
    ...{ created_at: TIME, updated_at: TIME, public: BOOLEAN },
    ...{ blob_status: oneOf('complete', null), set_completed_at: TIME_OR_NULL },
  },
  {
    blob_object_access: either(
      object({
        ...{ id: WHOLE, blob_id: WHOLE, expires: TIME, object_access_type: { const: 'Write' } },
        params: { type: 'string', format: 'uri', description: 'Each parameter is a field of the upload.' },
      }),
      object(each(['download_url', 'dowload_url'], { type: 'string', format: 'uri' })),
    ),
  },
)

const Meeting = object({
  ...{ _id: ID, name: TEXT_OR_NULL, start_date: WHOLE, end_date: WHOLE, host_id: WHOLE },
  attendees: orNull(listOf(object({}, { id: WHOLE, email: STRING }))),
  ...each(['record', 'public', 'scheduled', 'notify'], BOOLEAN),
  notify_before: orNull(object({ metric: STRING, value: WHOLE })),
  timezone: orNull(object({ offset: WHOLE, name: STRING })),
  ...{ chat_dialog_id: orNull(ID), created_at: TIME, updated_at: TIME },
})

/** Times with milliseconds, unlike everywhere else. */
const Whiteboard = object({
  ...{ _id: ID, name: TEXT_OR_NULL, chat_dialog_id: ID, user_id: WHOLE },
  ...each(['created_at', 'updated_at'], { type: 'string', format: 'date-time' }),
})

const channelOf = (name: JsonObject): JsonObject => object({ name })

const Subscription = object({
  subscription: object({
    id: WHOLE,
    notification_channel: channelOf(STRING),
    device: object({ udid: TEXT_OR_NULL, platform: object({ name: STRING }) }),
  }),
})

const PushEvent = object({
  event: object({
    ...{ id: WHOLE, event_type: { const: 'one_shot' }, message: STRING, kind: { const: 'API' } },
    ...each(['date', 'period', 'name', 'end_date', 'tag_query'], { type: 'null' }),
    ...{ occured_count: WHOLE, active: BOOLEAN, application_id: WHOLE, user_id: WHOLE, environment: STRING },
    ...{ created_at: TIME, updated_at: TIME, notification_channel: channelOf(TEXT_OR_NULL) },
  }),
})

/** By what each is when nobody has set it. */
const Settings = object(
  Object.fromEntries(Object.entries(DEFAULT_SETTINGS).map(([name, value]) => [name, settingOf(name, value)])),
)

function settingOf(name: string, value: Json): JsonObject {
  if (name === 'cidp')
    return orNull(object({ url: STRING, ...each(['request_params', 'response_params'], mapOf(STRING)) }))
  if (isList(value)) return listOf(STRING)
  if (value === 'allow' || value === 'deny') return oneOf('allow', 'deny')
  if (typeof value === 'boolean') return BOOLEAN
  return value === null ? TEXT_OR_NULL : STRING
}

/** What became of each of several (connectycube 6.6). */
const Buckets = object(
  each(['SuccessfullyDeleted', 'WrongPermissions', 'NotFound'], object({ ids: listOf(STRING) })),
)

/** Everything that has a name in the document. */
export const SHAPES: { readonly [name: string]: JsonObject } = {
  ...KINDS,
  ...{ User, Session, Dialog, Message, Rule, Record, Class, Blob, Meeting, Whiteboard, Subscription },
  ...{ PushEvent, Settings, Buckets },
  File: object({ name: STRING, size: WHOLE, content_type: STRING, file_id: STRING }),
}

/** Of one there is nothing to say. */
export const ONE_OR_SEVERAL: Reply = gives(
  BUCKETS,
  'Of one the body is empty, of several what became of each.',
)

/** Pages by number. */
export const pageOf = (item: JsonObject): JsonObject =>
  object({ current_page: WHOLE, per_page: WHOLE, total_entries: WHOLE, items: listOf(item) })

/** The number alone, with `count`. */
export const COUNTED = object({ items: object({ count: WHOLE }) })

export const ofClass = (item: JsonObject, more: { readonly [name: string]: JsonObject } = {}): JsonObject =>
  object({ class_name: STRING, items: listOf(item) }, { skip: WHOLE, limit: WHOLE, ...more })

export const ANY_OBJECT: JsonObject = { type: 'object', additionalProperties: ANYTHING }
