import { LRUCache } from 'lru-cache'
import { HOT_DOCUMENTS_CHARACTERS_MAX, HOT_DOCUMENTS_MAX } from '../../limits.ts'
import type { Document } from '../port.ts'

/** Documents that were updated lately, read already: such a one is updated again and read by many, and reading its JSON is what that costs. */
export type Hot = {
  readonly get: (key: string) => Parsed | undefined
  /** After the commit. `characters`: of its JSON. */
  readonly set: (key: string, parsed: Parsed, characters: number) => void
  readonly forget: (key: string) => void
  readonly clear: () => void
}

/** Never changed in place. */
export type Parsed = { readonly at: bigint; readonly value: Document }

export const createHot = (): Hot => {
  const cache = new LRUCache<string, Parsed>({
    max: HOT_DOCUMENTS_MAX,
    maxSize: HOT_DOCUMENTS_CHARACTERS_MAX,
  })
  return {
    get: (key) => cache.get(key),
    set: (key, parsed, characters) => void cache.set(key, parsed, { size: Math.max(characters, 1) }),
    forget: (key) => void cache.delete(key),
    clear: () => cache.clear(),
  }
}
