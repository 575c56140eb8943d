import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { createMessages } from '../../commands/cc/messages.ts'
import type { Filter, SortKey } from '../../documents/port.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { CONNECTYCUBE_PREVIEW_MESSAGES } from '../../limits.ts'
import { dialogFor, findDialog, type MyDialog } from '../../queries/cc/dialogs.ts'
import {
  behindOf,
  marksOf,
  MESSAGES,
  messagesWhere,
  previewOf,
  visibleIn,
  type MessageDocument,
} from '../../queries/cc/messages.ts'
import { fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Call } from './endpoint.ts'
import { render } from './errors.ts'
import { countOnly, sortOf, translate, type Fields } from './filters.ts'
import { messageView } from './message-view.ts'
import { paging, text, truthy } from './params.ts'
import type { Services } from './services.ts'

/** What messages are filtered and sorted by (connectycube 8.6). */
export const MESSAGE_FIELDS = {
  _id: { type: 'id', path: '_id' },
  message: { type: 'text', path: 'text' },
  date_sent: { type: 'seconds', path: 'dateSent' },
  sender_id: { type: 'number', path: 'sender' },
  recipient_id: { type: 'number', path: 'recipient' },
  'attachments.type': { type: 'text', path: 'attachments.type' },
  created_at: { type: 'time', path: 'createdAt' },
  updated_at: { type: 'time', path: 'updatedAt' },
} as const satisfies Fields

/** `GET /chat/Message` */
export const listed = async (services: Services, call: Call): Promise<Answer> => {
  const { caller, params } = call
  const { reader } = services
  const id = text(params['chat_dialog_id'])?.trim() ?? ''
  if (id === '') return fieldErrors({ chat_dialog_id: [RULES.blank] })
  if (truthy(params['preview'])) return previewed(services, call, id)
  const mine = await dialogFor(reader, caller.app, id, caller.user)
  if (E.isLeft(mine)) return render(mine.left)
  const asked = askedFor(params, behindOf(mine.right) > 0)
  if (E.isLeft(asked)) return asked.left
  const filter = { ...visibleIn(mine.right, caller.user), ...asked.right.filter }
  if (countOnly(params)) return json(200, { items: { count: await reader.count(MESSAGES, filter) } })
  const { skip, limit, sort } = asked.right
  const messages = await messagesWhere(reader, filter, { sort, skip, limit })
  const items = await viewsOf(services, mine.right, messages, caller.user)
  // What the answer shows is as it was before.
  if (isMarking(params))
    await createMessages(services).readPage(caller.app, caller.user, mine.right, messages)
  return json(200, { skip, limit, items })
}

type Asked = {
  readonly filter: Filter
  readonly sort: readonly SortKey[]
  readonly skip: number
  readonly limit: number
}

/**
 * Of one dialog: in the order of arrival where nothing else is wanted. That is the order of their numbers too, and where the first ones are gone
 * for him only the numbers say so.
 */
const askedFor = (params: JsonObject, isShort: boolean): Either<Answer, Asked> => {
  const { skip, limit } = paging(params, MESSAGE_PAGE)
  const sort = sortOf(params, MESSAGE_FIELDS, OLDEST_FIRST)
  const [first] = sort
  return E.map((filter: Filter) => ({
    filter,
    sort: first?.[0] === 'dateSent' ? byDate(first, isShort && filter['dateSent'] === undefined) : sort,
    skip,
    limit,
  }))(filterOf(params))
}

const byDate = (date: SortKey, isByNumber: boolean): readonly SortKey[] => {
  const number = ['seq', date[1]] as const
  return isByNumber ? [number] : [date, number]
}

const MESSAGE_PAGE = { kind: 'skip', default: 100, max: 1_000 } as const
const OLDEST_FIRST: readonly SortKey[] = [['dateSent', 1]]

/** `attachments[type]=…` is the same as `attachments.type=…`. */
export const filterOf = (params: JsonObject, fields: Fields = MESSAGE_FIELDS): Either<Answer, Filter> => {
  const { attachments } = params
  const type = isObject(attachments) ? attachments['type'] : undefined
  return translate(type === undefined ? params : { 'attachments.type': type, ...params }, fields)
}

const isMarking = ({ mark_as_read: mark }: JsonObject): boolean =>
  !(mark === 0 || mark === '0' || mark === false || mark === 'false')

/** The last ones, for strangers too if the dialog is open to them: nothing is marked, and in no other order. */
const previewed = async (services: Services, { caller }: Call, id: string): Promise<Answer> => {
  const { reader } = services
  const dialog = await findDialog(reader, caller.app, id)
  if (dialog === undefined) return notFound()
  const mine = await dialogFor(reader, caller.app, id, caller.user)
  if (E.isLeft(mine) && !dialog.allowPreview) return render(mine.left)
  const shown = E.isLeft(mine) ? { dialog, view: undefined } : mine.right
  const messages = await previewOf(reader, visibleIn(shown, caller.user))
  const items = await viewsOf(services, shown, messages, caller.user)
  return json(200, { skip: 0, limit: CONNECTYCUBE_PREVIEW_MESSAGES, items })
}

const viewsOf = async (
  { reader }: Services,
  { dialog }: MyDialog,
  messages: readonly MessageDocument[],
  user: number,
): Promise<readonly JsonObject[]> => {
  if (messages.length === 0) return []
  const marks = await marksOf(reader, dialog)
  return messages.map((message) => messageView(message, marks, user))
}
