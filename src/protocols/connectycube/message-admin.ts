import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { DIALOG_TYPES, type DialogType } from '../../domain/cc/dialog-events.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { findDialog } from '../../queries/cc/dialogs.ts'
import { marksOf, MESSAGES, messagesWhere, NO_MARKS, type Marks } from '../../queries/cc/messages.ts'
import {
  countIn,
  countsByDay,
  createdDialogs,
  sentMessages,
  type Counted,
  type Period,
} from '../../queries/cc/stats.ts'
import type { Reader } from '../../queries/reader.ts'
import { fieldErrors, json, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { countOnly, sortOf, type Fields } from './filters.ts'
import { filterOf, MESSAGE_FIELDS } from './message-list.ts'
import { adminMessageView } from './message-view.ts'
import { list, paging, time } from './params.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

/** What the administrator filters messages by. */
export const ADMIN_MESSAGE_FIELDS = {
  ...MESSAGE_FIELDS,
  chat_dialog_id: { type: 'id', path: 'dialog' },
} as const satisfies Fields

/** By `_id`: whoever wants the next page asks for what is behind the last one (connectycube 2.9). */
const listed: Serve = async ({ reader }, { caller: { app }, params }) => {
  const asked = filterOf(params, ADMIN_MESSAGE_FIELDS)
  if (E.isLeft(asked)) return asked.left
  const filter = { app, live: true, ...asked.right }
  const total = await reader.count(MESSAGES, filter)
  if (countOnly(params)) return json(200, { items: { count: total } })
  const { skip, limit } = paging(params, { kind: 'skip', default: 100, max: 100 })
  const sort = sortOf(params, ADMIN_MESSAGE_FIELDS, [['_id', 1]])
  const messages = await messagesWhere(reader, filter, { sort, skip, limit })
  const marks = await marksByDialog(reader, app, messages)
  const items = messages.map((message) => adminMessageView(message, marks.get(message.dialog) ?? NO_MARKS))
  return json(200, { total_entries: total, skip, limit, items })
}

/** Of each dialog that one of them is in. */
export const marksByDialog = async (
  reader: Reader,
  app: number,
  messages: readonly { readonly dialog: string }[],
): Promise<ReadonlyMap<string, Marks>> => {
  const all = new Map<string, Marks>()
  for (const id of new Set(messages.map(({ dialog }) => dialog))) {
    const dialog = await findDialog(reader, app, id)
    if (dialog !== undefined) all.set(id, await marksOf(reader, dialog))
  }
  return all
}

const DAY_MS = 24 * 60 * 60_000

/** A day that is named as the end is in it whole. */
const periodOf = (params: JsonObject): Either<Answer, Period> => {
  const from = time(params['start_date'])
  const to = time(params['end_date'])
  if (from === 'invalid') return E.left(fieldErrors({ start_date: [RULES.invalid] }))
  if (to === 'invalid') return E.left(fieldErrors({ end_date: [RULES.invalid] }))
  const end = to === undefined ? Number.MAX_SAFE_INTEGER : to + (to % DAY_MS === 0 ? DAY_MS : 1_000)
  return E.right({ from: from ?? 0, to: end })
}

const ALL_TYPES: readonly DialogType[] = Object.values(DIALOG_TYPES)

const messagesOf = ({ caller: { app } }: Call): Counted => sentMessages(app)
const dialogsOf = ({ caller: { app }, params }: Call): Counted => {
  const types = list(params['types'])
  return createdDialogs(
    app,
    types.length === 0 ? ALL_TYPES : ALL_TYPES.filter((type) => types.includes(String(type))),
  )
}

const total =
  (counted: (call: Call) => Counted): Serve =>
  async ({ reader }, call) => {
    const period = periodOf(call.params)
    if (E.isLeft(period)) return period.left
    return json(200, { total: await countIn(reader, counted(call), period.right) })
  }

const perDay =
  (counted: (call: Call) => Counted): Serve =>
  async ({ reader }, call) => {
    const period = periodOf(call.params)
    if (E.isLeft(period)) return period.left
    const page = paging(call.params, { kind: 'offset', default: 100, max: 100 })
    const days = await countsByDay(reader, counted(call), period.right, page)
    return json(200, Object.fromEntries(days))
  }

/** Connectycube 12.1: messages, and what is counted. */
export const MESSAGE_ADMIN_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/admin/chat/messages/list', level: 'admin', serve: listed },
  { method: 'GET', path: '/admin/stats/messages/sent-total', level: 'admin', serve: total(messagesOf) },
  { method: 'GET', path: '/admin/stats/messages/sent-per-day', level: 'admin', serve: perDay(messagesOf) },
  { method: 'GET', path: '/admin/stats/dialogs/created-total', level: 'admin', serve: total(dialogsOf) },
  { method: 'GET', path: '/admin/stats/dialogs/created-per-day', level: 'admin', serve: perDay(dialogsOf) },
]
