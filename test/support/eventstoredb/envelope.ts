import { isUtf8 } from 'node:buffer'
import type { EventMeta, StoredEvent } from '../../../src/history/port.ts'
import type { EventCodec, Proposed } from '../../../src/serving/eventstoredb/served.ts'

/**
 * Keeps events byte for byte in a history that stores JSON: all of an event is packed into its type, as a head in JSON, a line
 * feed, type, data and metadata. There no limit of the history counts it, which is lower than that of the real server.
 */
export const envelopeCodec: EventCodec = {
  toNew: (event) => ({ id: event.id, type: packed(event), data: {}, meta: META }),
  toRecorded: (event) => {
    const { head, body, typeEnd } = unpacked(event)
    const dataEnd = typeEnd + head.data
    return {
      id: event.id,
      stream: event.stream,
      revision: event.revision,
      position: event.position,
      created: head.created,
      contentType: head.contentType,
      type: body.slice(0, typeEnd),
      data: Buffer.from(body.slice(typeEnd, dataEnd), head.encoding),
      metadata: Buffer.from(body.slice(dataEnd), head.encoding),
    }
  },
  typeOf: (event) => {
    const { body, typeEnd } = unpacked(event)
    return body.slice(0, typeEnd)
  },
}

type Head = {
  readonly created: number
  readonly contentType: string
  /** Characters of the type and of the data. */
  readonly type: number
  readonly data: number
  readonly encoding: 'utf8' | 'base64'
}

const packed = ({ type, contentType, data, metadata }: Proposed): string => {
  const encoding = isUtf8(data) && isUtf8(metadata) ? 'utf8' : 'base64'
  const dataText = Buffer.from(data).toString(encoding)
  const head: Head = { created: Date.now(), contentType, type: type.length, data: dataText.length, encoding }
  return `${JSON.stringify(head)}\n${type}${dataText}${Buffer.from(metadata).toString(encoding)}`
}

const unpacked = ({ type: text }: StoredEvent) => {
  const end = text.indexOf('\n')
  const head = JSON.parse(text.slice(0, end)) as Head
  return { head, body: text.slice(end + 1), typeEnd: head.type }
}

const META = {} as EventMeta
