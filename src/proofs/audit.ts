import type { Document } from '../documents/port.ts'
import { erasureStream } from '../domain/platform/erasure.ts'
import type { StoredEvent } from '../history/port.ts'
import { auditId, KINDS_ID, type AuditTile, type Kind } from './collections.ts'
import { TILE_HASHES } from './merkle.ts'

/** The audit tiles of a growing history, of which only the last one is in memory. */
export type Audit = {
  readonly add: (event: StoredEvent) => void
  /** What changed since this was asked last. */
  readonly changes: () => readonly Document[]
}

/** `tile`: the last one if it is not full. */
export const createAudit = (index: number, tile: AuditTile | undefined, known: readonly Kind[]): Audit => {
  const kinds = new Map(known.map((kind) => [keyOf(kind), kind]))
  let open = tile === undefined ? openTile(index) : reopened(tile)
  let full: Document[] = []
  let isChanged = false
  let isNewKind = false
  return {
    add: (event) => {
      isChanged = true
      addTo(open, event)
      const { type, position, meta } = event
      const key = keyOf({ type, schema: meta.schema })
      if (!kinds.has(key)) {
        kinds.set(key, { type, schema: meta.schema, first: String(position) })
        isNewKind = true
      }
      if (open.positions.length < TILE_HASHES) return
      full.push(documentOf(open))
      open = openTile(open.index + 1)
    },
    changes: () => {
      const changed = [...full]
      if (isChanged && open.positions.length > 0) changed.push(documentOf(open))
      if (isNewKind) changed.push({ _id: KINDS_ID, kinds: [...kinds.values()] })
      full = []
      isChanged = false
      isNewKind = false
      return changed
    },
  }
}

type Open = {
  readonly index: number
  first: number
  readonly positions: number[]
  atMin: number
  atMax: number
  readonly types: Set<string>
  readonly actors: Set<string>
  readonly subjects: Set<string>
}

const openTile = (index: number): Open => ({
  index,
  first: 0,
  positions: [],
  atMin: Infinity,
  atMax: -Infinity,
  types: new Set(),
  actors: new Set(),
  subjects: new Set(),
})

const reopened = ({ index, first, positions, atMin, atMax, types, actors, subjects }: AuditTile): Open => ({
  index,
  first,
  positions: [...positions],
  atMin,
  atMax,
  types: new Set(types),
  actors: new Set(actors),
  subjects: new Set(subjects),
})

const addTo = (open: Open, { position, stream, type, meta }: StoredEvent): void => {
  const place = Number(position)
  if (open.positions.length === 0) open.first = place
  open.positions.push(place - open.first)
  open.atMin = Math.min(open.atMin, meta.at)
  open.atMax = Math.max(open.atMax, meta.at)
  open.types.add(type)
  open.actors.add(meta.actor)
  if (meta.subject !== undefined) open.subjects.add(meta.subject)
  if (stream.startsWith(ERASURES)) open.subjects.add(stream.slice(ERASURES.length))
}

/** Its events speak of the subject, and nothing of it is sealed. */
const ERASURES = erasureStream('')

const documentOf = (open: Open): Document => ({
  _id: auditId(open.index),
  index: open.index,
  first: open.first,
  last: open.first + (open.positions.at(-1) ?? 0),
  atMin: open.atMin,
  atMax: open.atMax,
  positions: [...open.positions],
  types: [...open.types],
  actors: [...open.actors],
  subjects: [...open.subjects],
})

const keyOf = ({ type, schema }: Pick<Kind, 'type' | 'schema'>): string => `${schema} ${type}`
