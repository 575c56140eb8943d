import { isList, type Json } from '../../json.ts'
import type { Fact } from '../decider.ts'

/**
 * About how many bytes the event of a fact takes in the history, never less (decisions 16): its data as JSON, sealed where it may be sealed,
 * and what every event carries.
 */
export const bytesOf = ({ data }: Fact): number => EVENT_BYTES + jsonBytes(data, 1)

const EVENT_BYTES = 700

const jsonBytes = (value: Json | undefined, factor: number): number => {
  if (typeof value === 'string') return factor * textBytes(value)
  if (typeof value !== 'object' || value === null) return factor * NUMBER_BYTES
  let sum = 2
  if (isList(value)) for (const item of value) sum += factor + jsonBytes(item, factor)
  else
    for (const key in value)
      sum += factor * (textBytes(key) + 2) + jsonBytes(value[key], key === 'sealed' ? SEALED_FACTOR : factor)
  return sum
}

/** Base64 of the ciphertext. */
const SEALED_FACTOR = 4 / 3
const NUMBER_BYTES = 24

/** Exact for what is short in any case, and for what is long because it counts. */
const textBytes = (text: string): number =>
  text.length <= 64 ? 6 * text.length + 2 : Buffer.byteLength(JSON.stringify(text))
