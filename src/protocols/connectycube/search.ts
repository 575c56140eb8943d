import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import {
  CONNECTYCUBE_SEARCH_CHARACTERS_MAX,
  CONNECTYCUBE_SEARCH_CHARACTERS_MIN,
  CONNECTYCUBE_SEARCH_DIALOGS_MAX,
  CONNECTYCUBE_SEARCH_MONTHS_MAX,
} from '../../limits.ts'
import { NO_MARKS } from '../../queries/cc/messages.ts'
import { searchFor, type Search } from '../../queries/cc/search.ts'
import { fieldErrors, json, RULES } from './answers.ts'
import { dialogViews } from './dialog-view.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { marksByDialog } from './message-admin.ts'
import { messageView } from './message-view.ts'
import { list, paging, seconds, text, time } from './params.ts'
import type { Services } from './services.ts'

const searched = async (services: Services, { caller, params }: Call): Promise<Answer> => {
  const search = searchOf(params)
  if (E.isLeft(search)) return search.left
  const { app, user } = caller
  const { dialogs, messages } = await searchFor(services.reader, app, user, search.right)
  const marks = await marksByDialog(services.reader, app, messages)
  return json(200, {
    results: {
      dialogs: await dialogViews(services, { app, user }, dialogs),
      messages: messages.map((one) => messageView(one, marks.get(one.dialog) ?? NO_MARKS, user)),
      users: [],
    },
  })
}

const invalid = (field: string, rule: string): Either<Answer, never> =>
  E.left(fieldErrors({ [field]: [rule] }))

const searchOf = (params: JsonObject): Either<Answer, Search> => {
  const wanted = text(params['search_text']) ?? ''
  if (wanted.length < CONNECTYCUBE_SEARCH_CHARACTERS_MIN)
    return invalid('search_text', RULES.tooShort(CONNECTYCUBE_SEARCH_CHARACTERS_MIN))
  if (wanted.length > CONNECTYCUBE_SEARCH_CHARACTERS_MAX)
    return invalid('search_text', RULES.tooLong(CONNECTYCUBE_SEARCH_CHARACTERS_MAX))
  // No expression of MongoDB's can hold it.
  if (wanted.includes('\0')) return invalid('search_text', RULES.invalid)
  const dialogs = list(params['chat_dialog_ids'])
  if (dialogs.length > CONNECTYCUBE_SEARCH_DIALOGS_MAX)
    return invalid('chat_dialog_ids', `is too long (maximum is ${CONNECTYCUBE_SEARCH_DIALOGS_MAX} dialogs)`)
  const { limit } = paging(params, { kind: 'skip', default: 100, max: 100 })
  return E.map((dates: Dates): Search => ({ text: wanted, dialogs, limit, ...dates }))(datesOf(params))
}

type Dates = Pick<Search, 'newest' | 'oldest'>

/** `start_date` is the newest and needs the oldest, `end_date`. */
const datesOf = (params: JsonObject): Either<Answer, Dates> => {
  const newest = time(params['start_date'])
  const oldest = time(params['end_date'])
  if (newest === 'invalid') return invalid('start_date', RULES.invalid)
  if (oldest === 'invalid') return invalid('end_date', RULES.invalid)
  if (oldest === undefined) return newest === undefined ? E.right({}) : invalid('end_date', RULES.blank)
  if (newest !== undefined && newest > monthsAfter(oldest)) return invalid('end_date', RULES.invalid)
  return E.right({
    oldest: seconds(oldest),
    ...(newest === undefined ? {} : { newest: seconds(newest) }),
  })
}

const monthsAfter = (ms: number): number => {
  const date = new Date(ms)
  return date.setUTCMonth(date.getUTCMonth() + CONNECTYCUBE_SEARCH_MONTHS_MAX)
}

/** Connectycube 8.6. */
export const SEARCH_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/chat/search', level: 'user', serve: searched },
]
