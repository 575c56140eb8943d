import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Filter } from '../../documents/port.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { countOfMine, NEWEST_FIRST, pageByNames, pageOfMine } from '../../queries/cc/dialogs.ts'
import { json } from './answers.ts'
import { dialogViews } from './dialog-view.ts'
import type { Call } from './endpoint.ts'
import { countOnly, sortOf, translate, type Fields } from './filters.ts'
import { paging, text } from './params.ts'
import type { Services } from './services.ts'

/** What dialogs are filtered and sorted by (connectycube 8.4). */
export const DIALOG_FIELDS: Fields = {
  _id: { type: 'id', path: '_id' },
  type: { type: 'number', path: 'type' },
  name: { type: 'text', path: 'name' },
  last_message_date_sent: { type: 'seconds', path: 'lastDate' },
  created_at: { type: 'time', path: 'createdAt' },
  updated_at: { type: 'time', path: 'updatedAt' },
  occupants_ids: { type: 'numbers', path: 'occupants' },
}

const { type: _type, occupants_ids: _occupants, ...sortable } = DIALOG_FIELDS
export const SORTED_BY: Fields = sortable

export const PAGE = { kind: 'skip', default: 100, max: 100 } as const

export const listDialogs = async (services: Services, { caller, params }: Call): Promise<Answer> => {
  const { reader } = services
  const { app, user } = caller
  const filter = await dialogFilter(services, app, params)
  if (E.isLeft(filter)) return filter.left
  const { skip, limit } = paging(params, PAGE)
  const page = { sort: sortOf(params, SORTED_BY, NEWEST_FIRST), skip, limit }
  const mine = { app, user, filter: filter.right }
  const isByName = namesCount(params)
  if (countOnly(params) && !isByName) return counted(await countOfMine(reader, mine))
  const { total, dialogs } = await (isByName ? pageByNames : pageOfMine)(reader, mine, page)
  if (countOnly(params)) return counted(total)
  const items = await dialogViews(services, caller, dialogs)
  return json(200, { total_entries: total, skip, limit, items })
}

export const counted = (count: number): Answer => json(200, { items: { count } })

/** Conditions on dialogs; `extensions[key]` for keys that the application has. */
export const dialogFilter = async (
  { reader }: Pick<Services, 'reader'>,
  app: number,
  params: JsonObject,
): Promise<Either<Answer, Filter>> => {
  const { extensions, ...others } = params
  if (!isObject(extensions)) return translate(others, DIALOG_FIELDS)
  const { dialog_extension_fields: keys } = await settingsOf(reader, app)
  const known = keys.filter((key) => extensions[key] !== undefined)
  const fields = known.map(
    (key) => [`extensions[${key}]`, { type: 'text', path: `extensions.${key}` }] as const,
  )
  const values = known.map((key) => [`extensions[${key}]`, extensions[key] ?? null] as const)
  return translate(
    { ...others, ...Object.fromEntries(values) },
    { ...DIALOG_FIELDS, ...Object.fromEntries(fields) },
  )
}

/** A private dialog is called what its opponent is called now: no dialog's document says that. */
const namesCount = (params: JsonObject): boolean =>
  params['name'] !== undefined || text(params['sort_asc']) === 'name' || text(params['sort_desc']) === 'name'
