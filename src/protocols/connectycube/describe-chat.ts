import { DIALOG_FIELDS, SORTED_BY } from './dialog-list.ts'
import {
  ANYTHING,
  COUNT,
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
  SKIP_PAGES,
  sorts,
  TEXT,
  WHOLE,
  within,
  type About,
  type Abouts,
  type Takes,
} from './describe-kinds.ts'
import { BUCKETS, COUNTED, DIALOG, MESSAGE, ONE_OR_SEVERAL, USER } from './describe-shapes.ts'
import { ADMIN_MESSAGE_FIELDS } from './message-admin.ts'
import { MESSAGE_FIELDS } from './message-list.ts'

const DETAILS: Takes = {
  ...each(['name', 'photo', 'description'], either(TEXT, { type: 'null' })),
  extensions: { type: ['object', 'null'], additionalProperties: ANYTHING },
  permissions: { type: ['object', 'null'], properties: { allow_preview: FLAG } },
}
const PEOPLE: Takes = each(['occupants_ids', 'admins_ids'], LIST)
const lists = (takes: Takes): Takes => each(['push_all', 'pull_all'], within(takes))
const UPDATED: Takes = {
  ...DETAILS,
  ...lists({ ...PEOPLE, pinned_messages_ids: LIST }),
  is_muted: FLAG,
}
const ADMINS: Takes = lists({ admins_ids: LIST })
const FORCE: Takes = { force: FLAG }

const dialogPage = gives(
  either(object({ total_entries: WHOLE, skip: WHOLE, limit: WHOLE, items: listOf(DIALOG) }), COUNTED),
)
const DIALOGS: Takes = {
  ...filters(DIALOG_FIELDS),
  extensions: { ...mapOf(TEXT), description: 'Dialogs with that text under the key' },
  ...sorts(SORTED_BY),
  ...COUNT,
  ...SKIP_PAGES,
}

const changed = (summary: string, takes: Takes): About => ({
  summary,
  takes,
  gives: { '200': gives(DIALOG) },
  refuses: [403, 404, 422],
})
const notifications = gives(object({ notifications: object({ enabled: { enum: [0, 1] } }) }))

const dialogs: Abouts = {
  'POST /chat/dialog': {
    summary: 'Makes a dialog; of a pair there is one, which is given back',
    takes: { type: INTEGER, ...PEOPLE, ...DETAILS },
    needs: ['type'],
    gives: { '201': gives(DIALOG) },
    refuses: [422],
  },
  'GET /chat/dialog': {
    summary: 'The caller’s dialogs',
    takes: DIALOGS,
    gives: { '200': dialogPage },
    refuses: [422],
  },
  'GET /chat/dialog/:id': { summary: 'A dialog', gives: { '200': gives(DIALOG) }, refuses: [403, 404] },
  'PUT /chat/dialog/:id': changed('Changes a dialog', UPDATED),
  'PUT /chat/dialog/:id/admins': changed('Appoints and dismisses admins', ADMINS),
  'DELETE /chat/dialog/:id': {
    summary: 'Leaves or hides dialogs; with `force` deletes them for all',
    takes: FORCE,
    gives: { '200': ONE_OR_SEVERAL },
    refuses: [403, 404],
  },
  'DELETE /chat/dialog/clearHistory/:id': {
    summary: 'Hides all messages; with `force` deletes them for all',
    takes: FORCE,
    gives: { '200': NOTHING },
    refuses: [403, 404],
  },
  'POST /chat/dialog/:id/subscribe': {
    summary: 'Joins a public dialog',
    gives: { '200': gives(DIALOG) },
    refuses: [403, 404, 422],
  },
  'DELETE /chat/dialog/:id/subscribe': {
    summary: 'Leaves it',
    gives: { '200': NOTHING },
    refuses: [403, 404, 422],
  },
  'GET /chat/dialog/:id/notifications': {
    summary: 'Whether the caller hears of messages',
    gives: { '200': notifications },
    refuses: [403, 404],
  },
  'PUT /chat/dialog/:id/notifications': {
    summary: 'Sets it',
    takes: { enabled: FLAG },
    needs: ['enabled'],
    gives: { '200': notifications },
    refuses: [403, 404, 422],
  },
  'GET /chat/dialog/:id/occupants': {
    summary: 'Who is in it',
    takes: SKIP_PAGES,
    gives: { '200': gives(object({ items: listOf(USER) })) },
    refuses: [403, 404],
  },
}

const WHERE: Takes = { chat_dialog_id: TEXT }
const MARKS: Takes = each(['read', 'delivered'], FLAG)
/** `attachments[type]` is the same as `attachments.type`. */
const ATTACHED: Takes = { attachments: within({ type: TEXT }) }

const messages: Abouts = {
  'POST /chat/message': {
    summary: 'Sends a message into a dialog, or to somebody',
    takes: {
      ...WHERE,
      ...{ recipient_id: INTEGER, message: TEXT },
      attachments: either(listOf({ type: 'object' }), mapOf({ type: 'object' })),
      ...each(['send_to_chat', 'silent', 'markable'], FLAG),
    },
    others: 'Parameters of the sender’s own: they stand in the message.',
    gives: { '201': gives(MESSAGE) },
    refuses: [403, 404, 422],
  },
  'GET /chat/message': {
    summary: 'Messages of a dialog; those that are shown become read',
    description:
      '`mark_as_read=0` leaves them unread; `preview=1` gives the last 20 of a dialog that may be looked into.',
    takes: {
      ...{ ...filters(MESSAGE_FIELDS), ...ATTACHED, ...WHERE },
      ...each(['mark_as_read', 'preview'], FLAG),
      ...{ ...sorts(MESSAGE_FIELDS), ...COUNT, ...SKIP_PAGES },
    },
    needs: ['chat_dialog_id'],
    gives: { '200': gives(either(object({ skip: WHOLE, limit: WHOLE, items: listOf(MESSAGE) }), COUNTED)) },
    refuses: [403, 404, 422],
  },
  'PUT /chat/message': {
    summary: 'Marks all messages of a dialog',
    takes: { ...WHERE, ...MARKS },
    needs: ['chat_dialog_id'],
    gives: { '200': NOTHING },
    refuses: [403, 404, 422],
  },
  'GET /chat/message/unread': {
    summary: 'How many messages the caller has not read, in all and of the dialogs that are named',
    takes: each(['chat_dialog_ids', 'dialogs_ids'], LIST),
    gives: { '200': gives({ ...mapOf(WHOLE), required: ['total'] }) },
  },
  'POST /chat/message/system': {
    summary: 'A signal to somebody; nothing of it is kept',
    takes: { recipientId: INTEGER },
    needs: ['recipientId'],
    others: 'Whatever it says.',
    gives: {
      '201': gives(object({ messageId: ID, recipientId: WHOLE, extensionParams: { type: 'object' } })),
    },
    refuses: [404, 422],
  },
  'PUT /chat/message/:ids': {
    summary: 'Marks messages, or changes the text of one’s own',
    takes: { ...WHERE, ...MARKS, message: TEXT },
    gives: { '200': NOTHING },
    refuses: [403, 404, 422],
  },
  'DELETE /chat/message/:ids': {
    summary: 'Hides messages; with `force` deletes them for all',
    takes: FORCE,
    gives: { '200': gives(BUCKETS) },
  },
  'PUT /chat/message/:id/reactions': {
    summary: 'Reacts to a message, or takes it back',
    takes: each(['add', 'remove'], either(TEXT, listOf(TEXT))),
    gives: { '200': NOTHING },
    refuses: [403, 404, 422],
  },
  'GET /chat/message/:id/reactions': {
    summary: 'Who reacted how',
    gives: { '200': gives(mapOf(listOf(WHOLE))) },
    refuses: [403, 404],
  },
  'GET /chat/search': {
    summary: 'Finds messages and dialogs by a text',
    takes: {
      ...{ search_text: TEXT, chat_dialog_ids: LIST },
      ...each(['start_date', 'end_date'], MOMENT),
      limit: INTEGER,
    },
    needs: ['search_text'],
    gives: {
      '200': gives(
        object({
          results: object({ dialogs: listOf(DIALOG), messages: listOf(MESSAGE), users: listOf(USER) }),
        }),
      ),
    },
    refuses: [422],
  },
}

const PERIOD: Takes = each(['start_date', 'end_date'], MOMENT)
const OF_TYPES: Takes = { types: LIST }
const BY_DAY: Takes = each(['offset', 'limit'], INTEGER)
const total = gives(object({ total: WHOLE }))
const days = gives({ ...mapOf(WHOLE), propertyNames: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' } })

const administration: Abouts = {
  'GET /admin/chat/list': {
    summary: 'All dialogs',
    takes: DIALOGS,
    gives: { '200': dialogPage },
    refuses: [422],
  },
  'PUT /admin/chat/:id': changed('Changes a dialog, or mutes it for somebody', {
    ...UPDATED,
    user_id: INTEGER,
  }),
  'GET /admin/chat/messages/list': {
    summary: 'All messages',
    takes: {
      ...{ ...filters(ADMIN_MESSAGE_FIELDS), ...ATTACHED },
      ...{ ...sorts(ADMIN_MESSAGE_FIELDS), ...COUNT, ...SKIP_PAGES },
    },
    gives: {
      '200': gives(
        either(object({ total_entries: WHOLE, skip: WHOLE, limit: WHOLE, items: listOf(MESSAGE) }), COUNTED),
      ),
    },
    refuses: [422],
  },
  'GET /admin/stats/messages/sent-total': {
    summary: 'Messages that were sent',
    takes: PERIOD,
    gives: { '200': total },
    refuses: [422],
  },
  'GET /admin/stats/messages/sent-per-day': {
    summary: 'The same by day',
    takes: { ...PERIOD, ...BY_DAY },
    gives: { '200': days },
    refuses: [422],
  },
  'GET /admin/stats/dialogs/created-total': {
    summary: 'Dialogs that were made',
    takes: { ...PERIOD, ...OF_TYPES },
    gives: { '200': total },
    refuses: [422],
  },
  'GET /admin/stats/dialogs/created-per-day': {
    summary: 'The same by day',
    takes: { ...PERIOD, ...OF_TYPES, ...BY_DAY },
    gives: { '200': days },
    refuses: [422],
  },
}

/** Dialogs and messages (connectycube 8, 12.1). */
export const CHAT: Abouts = { ...dialogs, ...messages, ...administration }
