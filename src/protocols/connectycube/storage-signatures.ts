import { createHmac } from 'node:crypto'
import * as t from 'io-ts'
import { equalTexts } from '../../crypto/hashes.ts'
import { CC_BLOB_BYTES_MAX, CC_STORAGE_URL_MS } from '../../limits.ts'
import type { BlobDocument } from '../../queries/cc/blobs.ts'
import type { Keyring } from '../../vault/port.ts'
import { percentEncoded } from './disposition.ts'
import { seconds } from './times.ts'

/** Signed URLs of the storage (connectycube 7.2, 7.6): whoever has one needs no token until it expires. */
export type StorageUrls = {
  /** Where the blob's content goes: each of its parameters becomes a field of the form. */
  readonly upload: (blob: Pick<BlobDocument, 'uid' | 'contentType' | 'public'>, now: number) => SignedUrl
  /** The blob's uid, if the fields allow its upload at that time. */
  readonly uploadedTo: (fields: ReadonlyMap<string, string>, now: number) => string | undefined
  /** `lifeMs`: an hour unless it says otherwise. */
  readonly content: (uid: string, now: number, lifeMs?: number) => string
  readonly opens: (
    content: { readonly uid: string; readonly expires: number; readonly signature: string },
    now: number,
  ) => boolean
}
/** Milliseconds since the Unix epoch. */
export type SignedUrl = { readonly url: string; readonly expires: number }

/** Every node of the installation signs with the same key. */
export const storageUrls = async (
  keyring: Pick<Keyring, 'installation'>,
  baseUrl: string,
): Promise<StorageUrls> => {
  const key = await keyring.installation('cc-storage')
  const sign = (purpose: 'upload' | 'content', text: string): string =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest('hex')
  return {
    upload: (blob, now) => {
      const expires = now + CC_STORAGE_URL_MS
      const fields = fieldsOf(blob, now, expires)
      const policy = policyOf(fields, expires)
      const all = { ...fields, policy, 'x-amz-signature': sign('upload', policy) }
      const query = Object.entries(all).map(([name, value]) => `${name}=${percentEncoded(value)}`)
      return { url: `${baseUrl}/storage/upload?${query.join('&')}`, expires }
    },
    uploadedTo: (fields, now) => {
      const policy = fields.get('policy') ?? ''
      if (!equalTexts(sign('upload', policy), fields.get('x-amz-signature') ?? '')) return undefined
      const { expires, conditions } = readPolicy(policy)
      const isMet = conditions.every(([name, value]) => fields.get(name) === value)
      return expires > now && isMet ? fields.get('key') : undefined
    },
    content: (uid, now, lifeMs = CC_STORAGE_URL_MS) => {
      const expires = seconds(now + lifeMs)
      const signature = sign('content', `${uid}\n${expires}`)
      return `${baseUrl}/storage/files/${uid}?expires=${expires}&signature=${signature}`
    },
    opens: ({ uid, expires, signature }, now) =>
      equalTexts(sign('content', `${uid}\n${expires}`), signature) && expires > seconds(now),
  }
}

/** Those of S3. */
const fieldsOf = (
  blob: Pick<BlobDocument, 'uid' | 'contentType' | 'public'>,
  now: number,
  expires: number,
) => {
  const date = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  return {
    'Content-Type': blob.contentType,
    Expires: new Date(expires).toUTCString(),
    acl: blob.public ? 'public-read' : 'private',
    key: blob.uid,
    success_action_status: '201',
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `headwater/${date.slice(0, 8)}/local/s3/aws4_request`,
    'x-amz-date': date,
  }
}

const policyOf = (fields: { readonly key: string; readonly acl: string }, expires: number): string => {
  const { key, acl } = fields
  const conditions = [{ key }, { acl }, ['content-length-range', 0, CC_BLOB_BYTES_MAX]]
  const policy = { expiration: new Date(expires).toISOString(), conditions }
  return Buffer.from(JSON.stringify(policy)).toString('base64')
}

const Policy = t.type({ expiration: t.string, conditions: t.array(t.unknown) })
const Equality = t.record(t.string, t.string)
type Allowed = {
  readonly expires: number
  /** Fields of the form that have to be as they were signed: the key is one of them. */
  readonly conditions: readonly (readonly [name: string, value: string])[]
}

/** One that was signed here. */
const readPolicy = (policy: string): Allowed => {
  const read: unknown = JSON.parse(Buffer.from(policy, 'base64').toString())
  if (!Policy.is(read)) return { expires: 0, conditions: [] }
  const conditions = read.conditions.filter(Equality.is).flatMap((one) => Object.entries(one))
  return { expires: Date.parse(read.expiration), conditions }
}
