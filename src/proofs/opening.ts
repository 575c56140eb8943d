import { setTimeout as pause } from 'node:timers/promises'
import type { Documents } from '../documents/port.ts'
import { HistoryUnavailable, type History } from '../history/port.ts'
import { fullSubtrees, hashesOn, NOTHING, type Standing } from './building.ts'
import {
  AUDIT,
  AUDIT_INDEXES,
  auditId,
  auditTileIn,
  hashesIn,
  KINDS_ID,
  kindsIn,
  STATE_ID,
  stateIn,
  TREE,
  tileId,
  type AuditTile,
  type TreeState,
} from './collections.ts'
import { fitOf } from './fitting.ts'
import { HASH_BYTES, joined, TILE_HASHES } from './merkle.ts'
import { createTree } from './reading.ts'

export type Opening = {
  /** As it is stored. */
  readonly history: Pick<History, 'readAll' | 'head'>
  readonly documents: Documents
  /** How long a tree may be ahead of a history whose members may lag behind one another, in milliseconds. */
  readonly aheadMs: number
  readonly signal: AbortSignal
}

/**
 * `anew`: what is stored is not the tree of this history, and none of it can be gone on with. `differs`: the history does not have at the
 * tree's end what the tree says was there.
 */
export type Opened =
  | { readonly is: 'standing'; readonly standing: Standing }
  | { readonly is: 'anew' | 'differs'; readonly reason: string }

/** The tree as it is stored, if it is that of this history. Rejects when the signal aborts while it waits. */
export const openStanding = async (opening: Opening): Promise<Opened> => {
  const { history, documents } = opening
  const state = stateIn((await documents.get(TREE, STATE_ID))?.value)
  if (state === undefined || state.size === 0) {
    // Leftovers of another tree would be in the way of tiles with lower positions.
    await forgetTree(documents)
    return { is: 'standing', standing: NOTHING }
  }
  if (await isAhead(opening, state.position))
    return {
      is: 'anew',
      reason: `the tree ends at position ${state.position}, behind the end of the history`,
    }
  const standing = await standingOf(documents, state)
  if (standing === undefined) return { is: 'anew', reason: `the tiles do not give the tree's root` }
  const fit = await fitOf(createTree(documents), history, state)
  if (fit === 'unseen')
    throw new HistoryUnavailable(`the history does not show position ${state.position} yet`)
  if (fit === 'fits') return { is: 'standing', standing }
  const leaf = state.size - 1
  return {
    is: 'differs',
    reason: `the history has another event at position ${state.position} than leaf ${leaf} of the tree is of`,
  }
}

/** Afterwards the keeper begins anew from the history: for an operator too, who knows why it differs. */
export const forgetTree = async (documents: Documents): Promise<void> => {
  // The tree first: without a state nothing else is believed.
  await documents.drop(TREE)
  await documents.drop(AUDIT)
  await documents.ensureIndexes(AUDIT, AUDIT_INDEXES)
}

const isAhead = async ({ history, aheadMs, signal }: Opening, position: bigint): Promise<boolean> => {
  const deadline = performance.now() + aheadMs
  while ((await history.head()) < position) {
    if (performance.now() >= deadline) return true
    await pause(AHEAD_POLL_MS, undefined, { signal })
  }
  return false
}

const AHEAD_POLL_MS = 100

/** `undefined` if something is missing, or is not what gave the root. */
const standingOf = async (documents: Documents, state: TreeState): Promise<Standing | undefined> => {
  const { size } = state
  const rows: Buffer[] = []
  for (let level = 0; hashesOn(level, size) > 0; level++) {
    const row = await lastTile(documents, level, size)
    if (row === undefined) return undefined
    rows.push(row)
  }
  if (!joined(fullSubtrees(size, rows).map(({ hash }) => hash)).equals(state.root)) return undefined
  const audit = await lastAudit(documents, size)
  if (audit === undefined && size % TILE_HASHES > 0) return undefined
  const kinds = kindsIn((await documents.get(AUDIT, KINDS_ID))?.value)
  return { state, rows, audit, kinds }
}

const lastTile = async (documents: Documents, level: number, size: number): Promise<Buffer | undefined> => {
  const hashes = hashesOn(level, size)
  const count = hashes % TILE_HASHES
  if (count === 0) return Buffer.alloc(0)
  const id = tileId({ level, index: Math.floor(hashes / TILE_HASHES) })
  return hashesIn((await documents.get(TREE, id))?.value, count)?.subarray(0, count * HASH_BYTES)
}

/** May be ahead of the tree: what else is in it comes again, in the same order. */
const lastAudit = async (documents: Documents, size: number): Promise<AuditTile | undefined> => {
  const count = size % TILE_HASHES
  if (count === 0) return undefined
  const id = auditId(Math.floor(size / TILE_HASHES))
  const tile = auditTileIn((await documents.get(AUDIT, id))?.value)
  if (tile === undefined || tile.positions.length < count) return undefined
  return { ...tile, positions: tile.positions.slice(0, count) }
}
