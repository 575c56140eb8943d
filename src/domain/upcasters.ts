import type { JsonObject } from '../json.ts'

/**
 * Of event types whose data changed its shape: the first step makes schema 2 out of schema 1, and so on; a type that is not named is at
 * schema 1. A step is pure. It gets sealed fields opened, and null in their place for an erased subject.
 */
export type Upcasters = { readonly [eventType: string]: readonly ((data: JsonObject) => JsonObject)[] }
