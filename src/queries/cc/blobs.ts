import * as t from 'io-ts'
import { BlobContent } from '../../domain/cc/blob-events.ts'
import { nullable } from '../../domain/cc/codec.ts'
import type { Reader } from '../reader.ts'

const Blob = t.type({
  _id: t.string,
  app: t.number,
  id: t.number,
  owner: t.number,
  uid: t.string,
  name: t.string,
  contentType: t.string,
  public: t.boolean,
  /** Once something was uploaded. */
  content: nullable(BlobContent),
  completedAt: nullable(t.number),
  createdAt: t.number,
  updatedAt: t.number,
})
/** Times are milliseconds since the Unix epoch. */
export type BlobDocument = t.TypeOf<typeof Blob>

export const findBlob = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  id: number,
): Promise<BlobDocument | undefined> => {
  const document = (await reader.get(BLOBS, `${app}-${id}`))?.value
  return Blob.is(document) ? document : undefined
}

/** Of any application. */
export const findBlobByUid = async (
  reader: Pick<Reader, 'find'>,
  uid: string,
): Promise<BlobDocument | undefined> => {
  for await (const [document] of reader.find(BLOBS, { uid }, { limit: 1 }))
    if (Blob.is(document)) return document
  return undefined
}

/** Somebody's, by number, and how many there are. */
export const blobsOf = async (
  reader: Pick<Reader, 'find' | 'count'>,
  app: number,
  owner: number,
  page: { readonly skip: number; readonly limit: number },
): Promise<{ readonly total: number; readonly blobs: readonly BlobDocument[] }> => {
  const mine = { app, owner }
  const blobs: BlobDocument[] = []
  for await (const some of reader.find(BLOBS, mine, { sort: [['id', 1]], ...page }))
    blobs.push(...some.filter(Blob.is))
  return { total: await reader.count(BLOBS, mine), blobs }
}

const BLOBS = 'cc_blobs'
