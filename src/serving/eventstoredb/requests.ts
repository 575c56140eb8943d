import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { AppendReq, BatchAppendReq, ReadReq } from '@eventstore/db-client/generated/streams_pb.js'

/** Of a call's requests, out of what a client sent. Throws at what is no such message: the call then ends, and nothing else. */
export type Deserialize<A> = (bytes: Buffer) => A

/** Calls whose requests say nothing that is looked at. */
export const ofNothing: Deserialize<unknown> = () => new shared.Empty()
export const readRequest: Deserialize<ReadReq> = (bytes) =>
  streams.ReadReq.deserializeBinary(checked(bytes, READ))
export const appendRequest: Deserialize<AppendReq> = (bytes) =>
  streams.AppendReq.deserializeBinary(checked(bytes, APPEND))
export const batchAppendRequest: Deserialize<BatchAppendReq> = (bytes) =>
  streams.BatchAppendReq.deserializeBinary(checked(bytes, BATCH_APPEND))

/**
 * The generated messages believe every length and every kind of field: six bytes from outside keep them reading behind the end of the
 * buffer for minutes. So what they are given is looked through first.
 */
const checked = (bytes: Buffer, message: Message): Uint8Array => {
  if (!isWellFormed({ bytes, end: bytes.length, message }, 0)) throw new Error('the message is damaged')
  return new Uint8Array(bytes)
}

/** Known fields by their number; those of newer clients are passed over. */
type Message = { readonly [field: number]: 'number' | 'bytes' | Message }

const NOTHING: Message = {}
const UUID: Message = { 1: { 1: 'number', 2: 'number' }, 2: 'bytes' }
const STREAM: Message = { 3: 'bytes' }
/** Of a map; whatever else is in it is not passed over when it is read. */
const ENTRY: Message = { 1: 'bytes', 2: 'bytes' }
const PROPOSED: Message = { 1: UUID, 2: ENTRY, 3: 'bytes', 4: 'bytes' }
const EXPRESSION: Message = { 1: 'bytes', 2: 'bytes' }
const READ: Message = {
  1: {
    1: { 1: STREAM, 2: 'number', 3: NOTHING, 4: NOTHING },
    2: { 1: { 1: 'number', 2: 'number' }, 2: NOTHING, 3: NOTHING },
    3: 'number',
    4: 'number',
    5: 'number',
    6: NOTHING,
    7: { 1: EXPRESSION, 2: EXPRESSION, 3: 'number', 4: NOTHING, 5: 'number' },
    8: NOTHING,
    9: { 1: NOTHING, 2: NOTHING },
    10: { 1: 'number' },
  },
}
const APPEND: Message = { 1: { 1: STREAM, 2: 'number', 3: NOTHING, 4: NOTHING, 5: NOTHING }, 2: PROPOSED }
const BATCH_APPEND: Message = {
  1: UUID,
  2: { 1: STREAM, 2: 'number', 3: NOTHING, 4: NOTHING, 5: NOTHING, 6: { 1: 'number', 2: 'number' } },
  3: PROPOSED,
  4: 'number',
}

type Scan = { readonly bytes: Buffer; readonly end: number; readonly message: Message }

/** From `from` to the end there are whole fields, each of the kind that the message has it as. */
const isWellFormed = (scan: Scan, from: number): boolean => {
  let at = from
  while (at < scan.end) {
    const tagEnd = varintEnd(scan, at, SHORT_BYTES)
    if (tagEnd === BROKEN) return false
    at = fieldEnd(scan, numberIn(scan.bytes, at, tagEnd), tagEnd)
    if (at === BROKEN) return false
  }
  return true
}

const BROKEN = -1

const fieldEnd = (scan: Scan, tag: number, from: number): number => {
  const field = Math.floor(tag / 8)
  const kind = tag % 8
  const known = scan.message[field]
  if (field === 0) return BROKEN
  if (known === undefined) return scan.message === ENTRY ? BROKEN : unknownEnd(scan, kind, from)
  if (known === 'number') return kind === VARINT ? varintEnd(scan, from, LONG_BYTES) : BROKEN
  return kind === LENGTH ? contentEnd(scan, known, from) : BROKEN
}

/** Groups are not in use any more. */
const unknownEnd = (scan: Scan, kind: number, from: number): number => {
  switch (kind) {
    case VARINT:
      return varintEnd(scan, from, LONG_BYTES)
    case FIXED_64:
      return within(scan, from + 8)
    case LENGTH:
      return contentEnd(scan, 'bytes', from)
    case FIXED_32:
      return within(scan, from + 4)
    default:
      return BROKEN
  }
}

const contentEnd = (scan: Scan, known: 'bytes' | Message, from: number): number => {
  const start = varintEnd(scan, from, SHORT_BYTES)
  if (start === BROKEN) return BROKEN
  const end = within(scan, start + numberIn(scan.bytes, from, start))
  if (end === BROKEN || known === 'bytes') return end
  return isWellFormed({ bytes: scan.bytes, end, message: known }, start) ? end : BROKEN
}

const within = ({ end }: Scan, at: number): number => (at <= end ? at : BROKEN)

const varintEnd = ({ bytes, end }: Scan, from: number, bytesMax: number): number => {
  for (let at = from; at < end && at - from < bytesMax; at += 1)
    if ((bytes[at] ?? 0) < CONTINUED) return at + 1
  return BROKEN
}

/** Of at most `SHORT_BYTES`. */
const numberIn = (bytes: Buffer, from: number, end: number): number => {
  let number = 0
  for (let at = end - 1; at >= from; at -= 1) number = number * CONTINUED + ((bytes[at] ?? 0) % CONTINUED)
  return number
}

const VARINT = 0
const FIXED_64 = 1
const LENGTH = 2
const FIXED_32 = 5
const CONTINUED = 0x80
/** Of a tag or a length, and of any number. */
const SHORT_BYTES = 5
const LONG_BYTES = 10
