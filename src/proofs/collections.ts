import * as t from 'io-ts'
import type { Document, Index } from '../documents/port.ts'
import { HASH_BYTES, type TileId } from './merkle.ts'

/** Hash tiles, and where the tree stands. No read model of the runner: a rebuild leaves it alone. */
export const TREE = 'platform_tree'
/** What an auditor looks for, one document for each 256 events; and every kind of event that is stored. */
export const AUDIT = 'platform_audit'

export const STATE_ID = 'state'
export const KINDS_ID = 'kinds'

export const AUDIT_INDEXES: readonly Index[] = ['index', 'first', 'types', 'actors', 'subjects', 'atMax'].map(
  (key) => ({ keys: [key] }),
)

/** `size` leaves; `position` is that of the last one. */
export type TreeState = { readonly size: number; readonly position: bigint; readonly root: Buffer }

/** The events of a tile of level 0. `positions` are distances to `first`; `types`, `actors` and `subjects` have each once. */
export type AuditTile = t.TypeOf<typeof AuditTile>
/** An event type at a schema number, and the position where it came first. */
export type Kind = t.TypeOf<typeof Kind>

export const auditId = (index: number): string => String(index).padStart(INDEX_DIGITS, '0')
export const tileId = ({ level, index }: TileId): string => `${level}/${auditId(index)}`

export const tileDocument = ({ level, index }: TileId, hashes: readonly Buffer[]): Document => ({
  _id: tileId({ level, index }),
  level,
  index,
  hashes: Buffer.concat(hashes).toString('base64'),
})

/** At least `count` hashes, one behind the other; `undefined` if fewer are there. */
export const hashesIn = (document: Document | undefined, count: number): Buffer | undefined => {
  const hashes = document?.['hashes']
  if (typeof hashes !== 'string') return undefined
  const bytes = Buffer.from(hashes, 'base64')
  return bytes.length < count * HASH_BYTES ? undefined : bytes
}

export const stateDocument = ({ size, position, root }: TreeState): Document => ({
  _id: STATE_ID,
  size,
  position: String(position),
  root: root.toString('base64'),
})

export const stateIn = (document: Document | undefined): TreeState | undefined =>
  State.is(document)
    ? {
        size: document.size,
        position: BigInt(document.position),
        root: Buffer.from(document.root, 'base64'),
      }
    : undefined

export const auditTileIn = (document: Document | undefined): AuditTile | undefined =>
  AuditTile.is(document) ? document : undefined

export const kindsIn = (document: Document | undefined): readonly Kind[] =>
  Kinds.is(document) ? document.kinds : []

const INDEX_DIGITS = 12

const Position = t.refinement(t.string, (text) => /^\d{1,19}$/.test(text))
const State = t.type({ size: t.number, position: Position, root: t.string })

const texts = t.readonlyArray(t.string)
const AuditTile = t.readonly(
  t.type({
    index: t.number,
    first: t.number,
    last: t.number,
    atMin: t.number,
    atMax: t.number,
    positions: t.readonlyArray(t.number),
    types: texts,
    actors: texts,
    subjects: texts,
  }),
)

const Kind = t.readonly(t.type({ type: t.string, schema: t.number, first: t.string }))
const Kinds = t.type({ kinds: t.readonlyArray(Kind) })
