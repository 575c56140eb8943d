import type { Write } from '../documents/port.ts'
import type { StoredEvent } from '../history/port.ts'
import { createAudit } from './audit.ts'
import {
  AUDIT,
  stateDocument,
  STATE_ID,
  tileDocument,
  TREE,
  type AuditTile,
  type Kind,
  type TreeState,
} from './collections.ts'
import { createFrontier } from './incremental.ts'
import { leafHash } from './leaf.ts'
import { EMPTY_ROOT, hashAt, subtreeHash, subtreesOf, TILE_HASHES, TILE_LEVELS } from './merkle.ts'

/** Adds events to a tree; in memory is what of it can still change, one tile for each level. */
export type Building = {
  readonly add: (event: StoredEvent) => void
  readonly state: () => TreeState
  /**
   * What changed since this was asked last. The state goes in an apply of its own, behind the tiles: without transactions it could be stored without
   * them. Every write has the position of the last event, so the write that knows more of a tile wins, whoever makes it.
   */
  readonly changes: () => { readonly tiles: readonly Write[]; readonly state: Write }
}

/** A tree as it is stored: `rows` has the last tile of each level, with no more hashes than its size says. */
export type Standing = {
  readonly state: TreeState
  readonly rows: readonly Buffer[]
  readonly audit: AuditTile | undefined
  readonly kinds: readonly Kind[]
}

export const NOTHING: Standing = {
  state: { size: 0, position: 0n, root: EMPTY_ROOT },
  rows: [],
  audit: undefined,
  kinds: [],
}

/** Hashes of a level of tiles in a tree of that size. */
export const hashesOn = (level: number, size: number): number => Math.floor(size / TILE_HASHES ** level)

export const startBuilding = ({ state, rows: stored, audit: auditTile, kinds }: Standing): Building => {
  const rows: Row[] = stored.map((hashes, level) => ({
    index: Math.floor(hashesOn(level, state.size) / TILE_HASHES),
    hashes: Array.from({ length: hashesOn(level, state.size) % TILE_HASHES }, (_, at) => hashAt(hashes, at)),
    isChanged: false,
  }))
  let full: Tile[] = []
  let { position } = state
  const onFull = (level: number, hash: Buffer): void => {
    if (level % TILE_LEVELS !== 0) return
    const tileLevel = level / TILE_LEVELS
    const row = (rows[tileLevel] ??= { index: 0, hashes: [], isChanged: false })
    row.hashes.push(hash)
    row.isChanged = true
    if (row.hashes.length < TILE_HASHES) return
    full.push({ level: tileLevel, index: row.index, hashes: row.hashes })
    rows[tileLevel] = { index: row.index + 1, hashes: [], isChanged: false }
  }
  const frontier = createFrontier({ subtrees: fullSubtrees(state.size, stored), onFull })
  const audit = createAudit(Math.floor(state.size / TILE_HASHES), auditTile, kinds)

  const stateNow = (): TreeState => ({ size: frontier.size(), position, root: frontier.root() })
  const changedTiles = (): readonly Tile[] => {
    const partial = rows.flatMap((row, level) => {
      const { index, hashes, isChanged } = row
      row.isChanged = false
      return isChanged ? [{ level, index, hashes }] : []
    })
    const changed = [...full, ...partial]
    full = []
    return changed
  }
  return {
    add: (event) => {
      frontier.add(leafHash(event))
      audit.add(event)
      position = event.position
    },
    state: stateNow,
    changes: () => {
      const at = position
      return {
        tiles: [
          ...changedTiles()
            .map(({ hashes, ...tile }) => tileDocument(tile, hashes))
            .map(putInto(TREE, at)),
          ...audit.changes().map(putInto(AUDIT, at)),
        ],
        state: { collection: TREE, id: STATE_ID, at, put: stateDocument(stateNow()) },
      }
    },
  }
}

type Row = { readonly index: number; readonly hashes: Buffer[]; isChanged: boolean }
type Tile = { readonly level: number; readonly index: number; readonly hashes: readonly Buffer[] }

const putInto =
  (collection: string, at: bigint) =>
  (document: { readonly _id: string }): Write => ({ collection, id: document._id, at, put: { ...document } })

/** They all lie in the last tiles. */
export const fullSubtrees = (size: number, rows: readonly Buffer[]) =>
  subtreesOf({ from: 0, to: size }).map((subtree) => ({
    level: subtree.level,
    hash: subtreeHash(subtree, ({ level }) => rows[level] ?? EMPTY_ROOT),
  }))
