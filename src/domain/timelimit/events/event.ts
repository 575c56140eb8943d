import * as t from 'io-ts'
import type { Scope } from '../scopes.ts'

/** A row of the event table: the shape of its data, the versions that it moves, and which devices are told. */
export type EventDef<C extends t.Mixed = t.Mixed> = {
  readonly codec: C
  /** The version bumps of timelimit 4 and 9.3. Called with the codec's data only. */
  scopes(data: t.TypeOf<C>): readonly Scope[]
  /** Who is told (timelimit 3.5, 7.3). Called with the codec's data only. */
  told(data: t.TypeOf<C>): Told
}

/** Nobody, unimportant, important. */
export type Level = 0 | 1 | 2
/** Alone: all devices of the family but the one that pushed. */
export type Told =
  | Level
  | {
      readonly level: Level
      /** Told with level 2, whatever the others are. */
      readonly devices?: readonly string[]
      /** Not told. */
      readonly except?: string
      /** SHA-256 of device tokens that end with this event: who is connected by them is told with level 2 for the last time. */
      readonly tokens?: readonly string[]
    }

export const event = <C extends t.Mixed>(
  codec: C,
  scopes: (data: t.TypeOf<C>) => readonly Scope[],
  told: Told | ((data: t.TypeOf<C>) => Told),
): EventDef<C> => ({ codec, scopes, told: typeof told === 'function' ? told : () => told })

/** Sealed with the family's key; null once that is destroyed (decisions 7). */
export const sealed = <P extends t.Props>(props: P) => t.union([t.type(props), t.null])

export const optional = <C extends t.Mixed>(codec: C) => t.union([codec, t.undefined])
