import type { Positions, Recorded } from './served.ts'

/** How a client wants what it reads. */
export type Form = { readonly structuredIds: boolean; readonly positions: Positions }

/**
 * A `ReadResp` with one event, encoded. Reads spend most of their time here, and this is several times as fast as the
 * generated messages. It is written from its end to its beginning, so that each length is known when its turn comes.
 */
export const eventBytes = (event: Recorded, { structuredIds, positions }: Form): Buffer => {
  const position = positions.toWire(event.position)
  const size = event.data.length + event.metadata.length + 3 * (event.stream.length + event.type.length)
  const [name = '', text = ''] = event.more ?? []
  const out = makeWriter(size + FIXED_BYTES + 3 * (event.contentType.length + name.length + text.length))
  out.varintField(READ_EVENT.commitPosition, position)
  const record = out.end()
  out.bytes(RECORD.data, event.data)
  out.bytes(RECORD.customMetadata, event.metadata)
  if (event.more !== undefined) entry(out, name, text)
  entry(out, 'content-type', event.contentType)
  entry(out, 'created', (BigInt(event.created) * TICKS_PER_MS).toString())
  entry(out, 'type', event.type)
  out.varintField(RECORD.commitPosition, position)
  out.varintField(RECORD.preparePosition, position)
  out.varintField(RECORD.revision, event.revision)
  const identifier = out.end()
  out.text(STREAM_NAME, event.stream)
  out.message(RECORD.stream, identifier)
  const id = out.end()
  if (structuredIds) structuredId(out, event.id)
  else out.text(UUID.string, event.id)
  out.message(RECORD.id, id)
  out.message(READ_EVENT.event, record)
  out.message(RESPONSE_EVENT, out.whole)
  return out.take()
}

type Writer = ReturnType<typeof makeWriter>

const makeWriter = (bytesMax: number) => {
  const buffer = Buffer.allocUnsafe(bytesMax)
  let at = bytesMax
  const varint = (value: number): void => {
    at -= value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
    let to = at
    for (; value >= 0x80; value >>>= 7) buffer[to++] = (value & 0x7f) | 0x80
    buffer[to] = value
  }
  const message = (field: number, end: number): void => {
    varint(end - at)
    varint(field * 8 + 2)
  }
  return {
    whole: bytesMax,
    /** Where a message that is written next will end. */
    end: () => at,
    /** Closes what was written in front of `end`. */
    message,
    bytes: (field: number, value: Uint8Array): void => {
      if (value.length === 0) return
      const end = at
      at -= value.length
      buffer.set(value, at)
      message(field, end)
    },
    text: (field: number, value: string): void => {
      const end = at
      at -= Buffer.byteLength(value)
      buffer.write(value, at)
      message(field, end)
    },
    /** 64 bits; 0 is left out. */
    varintField: (field: number, value: bigint): void => {
      const bytes = varintBytes(BigInt.asUintN(64, value))
      if (bytes.length === 0) return
      at -= bytes.length
      for (let index = 0; index < bytes.length; index++) buffer[at + index] = bytes[index] ?? 0
      varint(field * 8)
    },
    take: () => buffer.subarray(at),
  }
}

const varintBytes = (value: bigint): readonly number[] => {
  const bytes: number[] = []
  let left = value
  // Only a half of a structured id is ever so long.
  for (; left > BigInt(Number.MAX_SAFE_INTEGER); left >>= 7n) bytes.push(Number(left & 127n) | 0x80)
  let rest = Number(left)
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80)
  if (rest > 0) bytes.push(rest)
  return bytes
}

const entry = (out: Writer, key: string, value: string): void => {
  const end = out.end()
  out.text(2, value)
  out.text(1, key)
  out.message(RECORD.metadata, end)
}

const structuredId = (out: Writer, id: string): void => {
  const digits = id.replaceAll('-', '')
  const end = out.end()
  out.varintField(2, BigInt(`0x${digits.slice(16)}`))
  out.varintField(1, BigInt(`0x${digits.slice(0, 16)}`))
  out.message(UUID.structured, end)
}

/** Numbers of fields in the service's definitions. */
const RESPONSE_EVENT = 1
const READ_EVENT = { event: 1, commitPosition: 3 }
const RECORD = {
  id: 1,
  stream: 2,
  revision: 3,
  preparePosition: 4,
  commitPosition: 5,
  metadata: 6,
  customMetadata: 7,
  data: 8,
}
const UUID = { structured: 1, string: 2 }
const STREAM_NAME = 3

/** Tags, lengths, numbers, the id and the names in the metadata. */
const FIXED_BYTES = 256
/** Of 100 ns: the unit of an event's time on the wire. */
const TICKS_PER_MS = 10_000n
