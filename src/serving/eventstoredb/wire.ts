import { isUtf8 } from 'node:buffer'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js'
import { invalid } from './refusals.ts'
import type { Proposed } from './served.ts'

/** What the two append requests have in common. */
export type ProposedMessage = {
  readonly getId: () => UUID | undefined
  readonly getMetadataMap: () => { readonly get: (key: string) => string | undefined }
  readonly getData_asU8: () => Uint8Array
  readonly getCustomMetadata_asU8: () => Uint8Array
}

/** Throws a call's failure if the message is none that could be stored. */
export const proposedOf = (message: ProposedMessage): Proposed => {
  const metadata = message.getMetadataMap()
  const type = metadata.get('type') ?? ''
  if (type === '') throw invalid('an event has a type')
  const contentType = metadata.get('content-type') ?? 'application/octet-stream'
  if (LONE_SURROGATE.test(type + contentType)) throw invalid('the type of an event is UTF-8')
  return {
    id: uuidOf(message.getId()),
    type,
    contentType,
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

/** Throws a call's failure if it is no name. */
export const streamOf = (identifier: StreamIdentifier | undefined): string => {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? [])
  if (name.length === 0) throw invalid('a stream has a name')
  if (!isUtf8(name)) throw invalid('the name of a stream is UTF-8')
  return name.toString('utf8')
}

export const identifierOf = (stream: string): StreamIdentifier => {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  return identifier
}

/** The two forms in which clients send an id; throws a call's failure if it is none. */
export const uuidOf = (uuid: UUID | undefined): string => {
  const structured = uuid?.getStructured()
  const text =
    structured === undefined
      ? (uuid?.getString() ?? '')
      : dashed(hex(structured.getMostSignificantBits()) + hex(structured.getLeastSignificantBits()))
  if (!UUID_TEXT.test(text)) throw invalid('an id is a UUID')
  return text.toLowerCase()
}

/** A revision that a client sent; throws a call's failure above what 63 bits hold, as -1 does too. */
export const revisionOf = (text: string): bigint => {
  const revision = BigInt.asUintN(64, BigInt(text))
  if (revision > REVISION_MAX) throw invalid('the revision is out of range')
  return revision
}

const hex = (number: string): string => BigInt.asUintN(64, BigInt(number)).toString(16).padStart(16, '0')

const dashed = (digits: string): string =>
  [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([from, to]) => digits.slice(from, to))
    .join('-')

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const LONE_SURROGATE = /\p{Surrogate}/u
const REVISION_MAX = 2n ** 63n - 1n
