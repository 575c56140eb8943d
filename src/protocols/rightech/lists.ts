import * as E from 'fp-ts/lib/Either.js'
import { identity } from 'fp-ts/lib/function.js'
import type { Document, Filter, FindOptions, SortKey } from '../../documents/port.ts'
import { rejection } from '../../domain/rejection.ts'
import type { Answer, Context } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { rejected } from './errors.ts'
import { EMPTY, frame, frameStream } from './framing.ts'
import { fieldPaths } from './only.ts'
import { reply, replyJson, replyStream, replyStreamHead } from './replies.ts'
import { allConditions, readSelectors } from './selectors.ts'
import type { Selectable, Selectors } from './selectors.ts'
import type { Services } from './services.ts'

/** A list of documents that a path answers. */
export type Listing = {
  readonly collection: string
  /** How its `where` and `search` are read. */
  readonly selectable: Selectable
  /** What of the collection this caller may see under this path; joined with what he selects. */
  readonly filter: Filter | ((selectors: Selectors) => Filter)
  /** Unless the caller sorts; absent: by `_id` ascending. */
  readonly sort?: readonly SortKey[] | undefined
  /** How the caller's own order goes on where it leaves documents alike; absent: by `_id`. */
  readonly refined?: (sort: readonly SortKey[]) => readonly SortKey[]
  /** Fields that `only` keeps whatever it says, beside `_id`. */
  readonly kept?: readonly string[]
  /** A document as the client sees it. */
  readonly encode: (document: Document) => JsonObject
  /** What a refusal is about: a store's path. */
  readonly about: string
  /** Asked before anything is read: a version may be older than what it stands on, never newer. */
  readonly headers?: () => Promise<NonNullable<Answer['headers']>>
}

/** Answers a list with everything of rightech 2 that the query asks for. */
export const listDocuments = async (
  ctx: Context,
  services: Pick<Services, 'reader'>,
  listing: Listing,
): Promise<void> => {
  const selectors = readSelectors(ctx.state.request.query, listing.selectable)
  if (E.isLeft(selectors)) {
    const refusal = rejection('Invalid', 'selectors', { fields: selectors.left, about: listing.about })
    return reply(ctx, rejected(refusal))
  }
  const list = {
    ctx,
    ...services,
    listing,
    selectors: selectors.right,
    headers: (await listing.headers?.()) ?? {},
  }
  return selectors.right.meta === undefined ? listPages(list) : listMeta(list)
}

type List = Pick<Services, 'reader'> & {
  readonly ctx: Context
  readonly listing: Listing
  readonly selectors: Selectors
  readonly headers: NonNullable<Answer['headers']>
}

const listPages = async (list: List): Promise<void> => {
  const { ctx, reader, listing, selectors, headers } = list
  if (selectors.limit === 0) return replyJson(ctx, EMPTY, headers)
  if (selectors.streamed && ctx.method === 'HEAD') return replyStreamHead(ctx, headers)
  const encode = (document: Document): string => JSON.stringify(listing.encode(document))
  const pages = reader.find(listing.collection, filterOf(list), optionsOf(list))
  if (selectors.streamed) return replyStream(ctx, await frameStream(pages, encode), headers)
  const body = await frame(pages, encode)
  return typeof body === 'string' ? replyJson(ctx, body, headers) : replyStream(ctx, body, headers)
}

/** rightech 2.2: first and last are by `_id`, whatever the order. */
const listMeta = async (list: List): Promise<void> => {
  const { ctx, reader, listing, selectors, headers } = list
  const filter = filterOf(list)
  if (selectors.meta === 'count') {
    const count = await reader.count(listing.collection, filter)
    return replyJson(ctx, JSON.stringify({ count, success: true }), headers)
  }
  const edge = async (direction: 1 | -1): Promise<JsonObject | null> => {
    const options = { ...fieldsOf(list), sort: [['_id', direction]], limit: 1 } as const
    for await (const [document] of reader.find(listing.collection, filter, options)) {
      if (document !== undefined) return listing.encode(document)
    }
    return null
  }
  const [count, first, last] = await Promise.all([
    reader.count(listing.collection, filter),
    edge(1),
    edge(-1),
  ])
  replyJson(ctx, JSON.stringify({ count, first, last, success: true }), headers)
}

const filterOf = ({ listing: { filter }, selectors }: List): Filter =>
  allConditions([filter instanceof Function ? filter(selectors) : filter, selectors.filter])

const optionsOf = (list: List): FindOptions => {
  const { skip, limit } = list.selectors
  const { sort: own, refined = identity } = list.listing
  const sort = list.selectors.sort === undefined ? own : refined(list.selectors.sort)
  return {
    ...fieldsOf(list),
    ...(sort === undefined ? {} : { sort }),
    ...(skip === 0 ? {} : { skip }),
    ...(limit === undefined ? {} : { limit }),
  }
}

const fieldsOf = ({ selectors: { only }, listing: { kept = [] } }: List): Pick<FindOptions, 'fields'> => {
  if (only === undefined) return {}
  return { fields: kept.length === 0 ? only : (fieldPaths([...kept, ...only]) ?? only) }
}
