import { DocumentsUnavailable, type Document, type Documents, type Filter } from '../../documents/port.ts'
import type { Json } from '../../json.ts'
import { AUDIT, auditId } from '../../proofs/collections.ts'
import { TILE_HASHES } from '../../proofs/merkle.ts'
import { createTree } from '../../proofs/reading.ts'

/** What the keeper of the tree notes of every 256 events, so that a selection need not read them all. */
export type Tiles = {
  /** How far the notes reach; `undefined`: there are none. */
  readonly covered: () => Promise<Covered | undefined>
  /** Tiles of the filter with an index from `from` on and below `to`, in order of index. Throws if one of them all is missing. */
  readonly matching: (filter: Filter, from: number, to: number) => Promise<readonly Tile[]>
  /** Of the tile that holds that position, or else the last one before it. */
  readonly indexAt: (position: bigint) => Promise<number>
  /** Position of the last event before a tile; 0n before the first. */
  readonly endBefore: (index: number) => Promise<bigint>
  /** Position of the event just before the one at that position; `undefined` if there is no event. */
  readonly placeBefore: (position: bigint) => Promise<bigint | undefined>
}

export type Covered = { readonly position: bigint; readonly tiles: number }
export type Tile = { readonly index: number; readonly first: bigint; readonly last: bigint }

export type TileDocuments = Pick<Documents, 'get' | 'find' | 'count'>

export const openTiles = (documents: TileDocuments): Tiles => {
  const tree = createTree(documents)
  const endBefore = async (index: number): Promise<bigint> => {
    if (index === 0) return 0n
    const found = await documents.get(AUDIT, auditId(index - 1))
    return found === undefined ? missing() : tileOf(found.value).last
  }
  return {
    covered: async () => {
      const state = await tree.state()
      return state && { position: state.position, tiles: Math.ceil(state.size / TILE_HASHES) }
    },
    matching: async (filter, from, to) => {
      const between = { _id: { $gte: auditId(from), $lt: auditId(to) } }
      const found: Tile[] = []
      const all = documents.find(AUDIT, { ...filter, ...between }, { fields: PLACE })
      for await (const page of all) found.push(...page.map(tileOf))
      // While the documents are made anew, tiles that are not there yet must not pass for tiles that do not match.
      const known = await documents.count(AUDIT, between)
      return known === to - from ? found : missing()
    },
    indexAt: async (position) => {
      const filter = { first: { $lte: Number(position) } }
      const options = { sort: [['first', -1]], limit: 1, fields: PLACE } as const
      for await (const [tile] of documents.find(AUDIT, filter, options))
        if (tile !== undefined) return number(tile['index'])
      return 0
    },
    endBefore,
    placeBefore: async (position) => {
      const index = await tree.indexOf(position)
      return index === 0 ? 0n : index === undefined ? undefined : tree.positionOf(index - 1)
    },
  }
}

const PLACE = ['index', 'first', 'last']

const tileOf = ({ index, first, last }: Document): Tile => ({
  index: number(index),
  first: BigInt(number(first)),
  last: BigInt(number(last)),
})

const number = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)

const missing = (): never => {
  throw new DocumentsUnavailable('the notes about the history are being made')
}
