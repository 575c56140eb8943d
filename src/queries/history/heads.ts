import { isObject, type Json, type JsonObject } from '../../json.ts'
import type { HistoryReading } from './reading.ts'

/** A signed head as its event has it: what it commits to, the note, and the key that checks it. */
export type Head = { readonly note: string; readonly key: string }

/** The newest first. */
export const headPage = async (
  history: HistoryReading,
  { limit, before }: { readonly limit: number; readonly before?: bigint },
): Promise<{ readonly heads: readonly JsonObject[]; readonly next: bigint | undefined }> => {
  const wanted = {
    selection: { stream: 'platform.job-heads', type: 'HeadSigned' },
    after: 0n,
    ...(before === undefined ? {} : { before }),
    direction: 'backwards',
  } as const
  const { events, next } = await history.page(wanted, limit)
  return { heads: events.map(headOf), next }
}

export const latestHead = async (history: HistoryReading): Promise<Head | undefined> => {
  const { heads } = await headPage(history, { limit: 1 })
  const { note, key } = heads[0] ?? {}
  return typeof note === 'string' && typeof key === 'string' ? { note, key } : undefined
}

const headOf = (text: string): JsonObject => {
  const event = JSON.parse(text) as Json
  if (!isObject(event)) return {}
  const { position = null, data, meta } = event
  return {
    ...(isObject(data) ? data : {}),
    position,
    at: (isObject(meta) ? meta['at'] : undefined) ?? null,
  }
}
