import type { NewEvent } from '../history/port.ts'

/** About as many characters as its JSON has, at least one. */
export const charactersOf = (value: unknown): number => {
  if (typeof value === 'string') return value.length + CHARACTERS_A_VALUE
  if (typeof value !== 'object' || value === null) return CHARACTERS_A_VALUE
  let sum = CHARACTERS_A_VALUE
  for (const key in value)
    sum += key.length + charactersOf((value as { readonly [key: string]: unknown })[key])
  return sum
}

/**
 * What an event may change of a state. The least of it is there so that a state that shrinks, or grows by more than its events, is weighed
 * again in time too.
 */
export const charactersOfEvent = ({ data }: NewEvent): number => CHARACTERS_AN_EVENT + charactersOf(data)

const CHARACTERS_A_VALUE = 8
const CHARACTERS_AN_EVENT = 64
