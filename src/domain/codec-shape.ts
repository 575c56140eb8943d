import type * as t from 'io-ts'
import type { JsonObject } from '../json.ts'

/** What a codec of our own takes, as JSON Schema (draft 2020-12); those of io-ts say it themselves. Out of the schemas of its parts, if it has any. */
export type Shape = JsonObject | ((schemaOf: (codec: t.Mixed) => JsonObject) => JsonObject)

/** The same codec, for which `shapeOf` has an answer. */
export const shaped = <C extends t.Mixed>(codec: C, shape: Shape): C => {
  SHAPES.set(codec, shape)
  return codec
}

export const shapeOf = (codec: t.Mixed): Shape | undefined => SHAPES.get(codec)

/** Beside the codecs: io-ts has no place for more. */
const SHAPES = new WeakMap<t.Mixed, Shape>()
