import type { Versioned } from '../../documents/port.ts'
import type { CategoryPart } from '../../domain/timelimit/scopes.ts'
import type { Map6 } from '../../domain/timelimit/state.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'

/** The documents that `projections/timelimit` writes, as their readers take them. */

export type FamilyDocument = {
  readonly premium: { readonly until: number; readonly isFull: boolean }
  readonly versions: { readonly users: string; readonly devices: string; readonly u2f: string }
  readonly categories: Map6<{ readonly [part in CategoryPart]: string }>
  readonly apps: Map6<{ readonly base?: string; readonly diff?: string }>
  /** It waits for its erasure, and has no premium any more. */
  readonly ended?: true
}

export type CategoryDocument = {
  readonly base: JsonObject
  readonly apps: { readonly version: string; readonly list: readonly string[] }
  readonly rules: { readonly version: string; readonly rules: JsonObject }
  readonly tasks: { readonly version: string; readonly tasks: JsonObject }
}

export type UsedTimesDocument = {
  readonly version: string
  /** By `day-start-end`. */
  readonly counters: Map6<number>
  /** By `start-end-max-pause`: duration and last usage. */
  readonly sessions: Map6<readonly [number, number]>
}

export type AppListDocument = { readonly base?: AppList; readonly diff?: AppList }
export type AppList = { readonly version: string; readonly sha256: string }

export type KeyRequestsDocument = {
  readonly requests: Map6<{ readonly request: KeyRequest; readonly replies: Map6<number> }>
}
export type KeyRequest = JsonObject & {
  readonly srvSeq: number
  readonly senId: string
  readonly senSeq: number
}

/** What the projection wrote has its shape: this is where that is believed. */
export const contentOf = <T>({ value }: Versioned): T => value as unknown as T

export const textAt = (value: Json | undefined, key: string): string | undefined => {
  const member = isObject(value) ? value[key] : undefined
  return typeof member === 'string' ? member : undefined
}
