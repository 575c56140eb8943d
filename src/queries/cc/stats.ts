import type { Filter } from '../../documents/port.ts'
import type { DialogType } from '../../domain/cc/dialog-events.ts'
import type { Reader } from '../reader.ts'
import { MESSAGES } from './messages.ts'

/** What is counted, by the index on when each came to be: messages, and dialogs of some types (connectycube 12.1). Deleted ones too. */
export type Counted = { readonly collection: string; readonly where: Filter }

export const sentMessages = (app: number): Counted => ({
  collection: MESSAGES,
  where: { app, live: { $in: [true, false] } },
})

export const CREATED_DIALOGS = 'cc_stats_dialogs'

export const createdDialogs = (app: number, types: readonly DialogType[]): Counted => ({
  collection: CREATED_DIALOGS,
  where: { app, type: { $in: [...types] } },
})

/** Milliseconds since the Unix epoch: from `from` to before `to`. */
export type Period = { readonly from: number; readonly to: number }

export const countIn = (
  reader: Pick<Reader, 'count'>,
  { collection, where }: Counted,
  { from, to }: Period,
): Promise<number> => reader.count(collection, { ...where, createdAt: { $gte: from, $lt: to } })

/** By day (UTC), those without any left out: two look-ups each, however many there are on a day but for their keys. */
export const countsByDay = async (
  reader: Pick<Reader, 'count' | 'find'>,
  counted: Counted,
  { from, to }: Period,
  { skip, limit }: { readonly skip: number; readonly limit: number },
): Promise<ReadonlyMap<string, number>> => {
  const days = new Map<string, number>()
  let start = from
  for (let n = 0; days.size < limit; n++) {
    const first = await firstIn(reader, counted, { from: start, to })
    if (first === undefined) break
    const end = Math.min(to, (Math.floor(first / DAY_MS) + 1) * DAY_MS)
    if (n >= skip) days.set(dayOf(first), await countIn(reader, counted, { from: first, to: end }))
    start = end
  }
  return days
}

const DAY_MS = 24 * 60 * 60_000

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)

const firstIn = async (
  reader: Pick<Reader, 'find'>,
  { collection, where }: Counted,
  { from, to }: Period,
): Promise<number | undefined> => {
  const filter = { ...where, createdAt: { $gte: from, $lt: to } }
  for await (const [found] of reader.find(collection, filter, {
    sort: [['createdAt', 1]],
    limit: 1,
    fields: ['createdAt'],
  }))
    if (typeof found?.['createdAt'] === 'number') return found['createdAt']
  return undefined
}
