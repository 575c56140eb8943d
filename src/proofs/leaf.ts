import { canonicalJson, quoted } from '../canonical-json.ts'
import type { StoredEvent } from '../history/port.ts'
import { sha256 } from './merkle.ts'

/**
 * What the tree says of an event: everything but its position, as it is stored, sealed fields sealed. In another store the same events have other
 * positions, and the same tree.
 */
const leafText = ({ data, id, meta, revision, stream, type }: StoredEvent): string =>
  `{"data":${canonicalJson(data)},"id":${quoted(id)},"meta":${canonicalJson(meta)},` +
  `"revision":"${revision}","stream":${quoted(stream)},"type":${quoted(type)}}`

/** RFC 6962, 2.1: SHA-256 of a zero byte and the leaf's UTF-8. */
export const leafHash = (event: StoredEvent): Buffer => sha256(`\0${leafText(event)}`)
