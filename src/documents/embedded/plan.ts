import { conjunctionOf, type Conjunction } from './conditions.ts'
import type { Filter, FindOptions } from '../port.ts'
import { accessById, accessByIndex, wantedOf, type Access, type Range, type Wanted } from './access.ts'
import type { Collection } from './catalogue.ts'
import { countUpTo } from './cursor.ts'
import type { Store } from './store.ts'

/**
 * Chooses how to find. In this order: an access in the order asked for whose every entry matches costs what is asked for and no more;
 * one with few entries is read whole and sorted; else one in the right order is read until enough is found; else the smallest is read
 * whole. `$or` becomes one access if an index answers each branch.
 */
export const planFor = (
  store: Store,
  collection: Collection,
  filter: Filter,
  options: FindOptions = {},
): Access => {
  const wanted = wantedOf(options.sort)
  const all = conjunctionOf(filter)
  const candidates = candidatesFor(store, collection, all, wanted)
  const sure = candidates.find(({ exact, ordered }) => exact && ordered)
  if (sure) return sure
  const bounded = candidates.filter((access) => access.bounded)
  const open = candidates.find((access) => access.ordered && !access.bounded)
  const best = smallest(store, bounded)
  if (!best) return open ?? everything(collection, all, wanted)
  if (best.size <= FEW || !options.limit) return best.access
  const isLarge = (): boolean => sizeOf(store, best.access.ranges, MANY) >= MANY
  return inOrder(store, bounded, best) ?? (open && isLarge() ? open : best.access)
}

/** An access in order that is not much larger than the smallest. */
const inOrder = (store: Store, bounded: readonly Access[], best: Sized): Access | undefined => {
  const ordered = bounded.filter((access) => access.ordered)
  const found = smallest(store, ordered)
  if (!found) return undefined
  const most = best.size * WORTH_ORDER
  const size = found.size < ALIKE ? found.size : sizeOf(store, found.access.ranges, most + 1)
  return size <= most ? found.access : undefined
}

/** Entries that are read and sorted rather than searched in order. */
const FEW = 200
/** Entries up to which candidates are compared at first: counting takes time too. */
const ALIKE = 1_000
/** Entries beyond which they count as alike, and that are rather not read whole when a page is wanted that an index has in order. */
const MANY = 5_000
/** So many times more entries are worth it if they come in order. */
const WORTH_ORDER = 4

type Sized = { readonly access: Access; readonly size: number }

/** Without a choice there is nothing to count. */
const fewest = (store: Store, candidates: readonly Access[]): Access | undefined =>
  candidates.length === 1 ? candidates[0] : smallest(store, candidates)?.access

const smallest = (store: Store, candidates: readonly Access[]): Sized | undefined => {
  const [only, other] = candidates
  if (only && !other) return { access: only, size: sizeOf(store, only.ranges, ALIKE) }
  const least = smallestUpTo(store, candidates, ALIKE)
  return least && least.size >= ALIKE ? smallestUpTo(store, candidates, MANY) : least
}

const smallestUpTo = (store: Store, candidates: readonly Access[], limit: number): Sized | undefined =>
  candidates
    .map((access) => ({ access, size: sizeOf(store, access.ranges, limit) }))
    .reduce<Sized | undefined>((best, sized) => (best && !isBetter(sized, best) ? best : sized), undefined)

const isBetter = (a: Sized, b: Sized): boolean =>
  a.size < b.size || (a.size === b.size && Number(a.access.ordered) > Number(b.access.ordered))

const sizeOf = (store: Store, ranges: readonly Range[], limit: number): number => {
  let size = 0
  for (const range of ranges) {
    size += countUpTo(store, range, limit - size)
    if (size >= limit) break
  }
  return size
}

const everything = (collection: Collection, all: Conjunction, wanted: Wanted): Access =>
  accessById(collection, { ...all, conditions: [], rest: true }, wanted)

const candidatesFor = (
  store: Store,
  collection: Collection,
  all: Conjunction,
  wanted: Wanted,
): readonly Access[] => {
  const unions = all.ors.flatMap((branches) => unionOf(store, collection, { all, branches, wanted }) ?? [])
  return [...accesses(collection, all, wanted), ...unions]
}

const accesses = (collection: Collection, all: Conjunction, wanted: Wanted): readonly Access[] =>
  [
    accessById(collection, all, wanted),
    ...collection.indexes.flatMap((index) => (index.ready && accessByIndex(index, all, wanted)) || []),
  ].filter(({ bounded, ordered }) => bounded || ordered)

type Union = { readonly all: Conjunction; readonly branches: readonly Filter[]; readonly wanted: Wanted }

/** One access for each branch together with what holds besides; none if a branch has none. */
const unionOf = (
  store: Store,
  collection: Collection,
  { all, branches, wanted }: Union,
): Access | undefined => {
  if (branches.length === 0) return undefined
  const others = all.ors.filter((group) => group !== branches)
  const parts = branches.map((branch) => {
    const own = conjunctionOf(branch)
    const joined: Conjunction = {
      conditions: [...own.conditions, ...all.conditions],
      ors: [...own.ors, ...others],
      rest: own.rest || all.rest,
    }
    return accesses(collection, joined, wanted).filter(({ bounded }) => bounded)
  })
  // Merging compares whole sort keys; a branch whose condition fixes one of them has it left out.
  const isWhole = ({ ordered, ranges }: Access): boolean =>
    ordered && ranges.every(({ values }) => values === wanted?.paths.length)
  const inOrder = parts.map((part) => smallest(store, part.filter(isWhole))?.access)
  const any = inOrder.every((access) => access !== undefined)
    ? inOrder
    : parts.map((part) => fewest(store, part))
  const chosen = any.filter((access) => access !== undefined)
  if (chosen.length < branches.length) return undefined
  return {
    ranges: chosen.flatMap(({ ranges }) => ranges),
    exact: chosen.every(({ exact }) => exact),
    distinct: chosen.length === 1 && (chosen[0]?.distinct ?? false),
    ordered: chosen.every(isWhole),
    bounded: true,
    sequential: false,
  }
}
