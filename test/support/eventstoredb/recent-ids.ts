import * as E from 'fp-ts/lib/Either.js'
import { LRUCache } from 'lru-cache'
import type { Appended, AppendFailure, History, NewEvent } from '../../../src/history/port.ts'

/** Appends that expect nothing are recognised by the ids that this process has seen, so no longer after a restart. */
export const withRecentIds = (history: History): History => {
  const seen = new LRUCache<string, Seen>({ max: IDS_MAX })

  const known = (stream: string, events: readonly NewEvent[]): readonly Seen[] => {
    const found = events.map(({ id }) => seen.get(keyOf(stream, id)))
    return found[0] === undefined ? [] : found.filter((one) => one !== undefined)
  }

  return {
    ...history,
    append: (stream, expected, events) => () => {
      if (expected === 'any') {
        const found = known(stream, events)
        if (found.length > 0) return again(found, events.length)
      }
      const done = history.append(stream, expected, events)()
      for (const [index, { id }] of events.entries()) {
        const key = keyOf(stream, id)
        if (!seen.has(key)) seen.set(key, { done, behind: BigInt(events.length - 1 - index) })
      }
      return done.then((outcome) => {
        if (E.isLeft(outcome)) for (const { id } of events) forget(seen, keyOf(stream, id), done)
        return outcome
      })
    },
  }
}

type Done = Promise<E.Either<AppendFailure, Appended>>
/** Where an event went: so many places before the end of the append that it was in. */
type Seen = { readonly done: Done; readonly behind: bigint }

/** Ids that begin as earlier ones have to go on so. */
const again = async (found: readonly Seen[], wanted: number): Done => {
  const places: Appended[] = []
  for (const { done, behind } of found) {
    const outcome = await done
    if (E.isLeft(outcome)) return outcome
    places.push({ revision: outcome.right.revision - behind, position: outcome.right.position - behind })
  }
  const [first, last] = [places[0], places.at(-1)]
  const consecutive = places.every(
    ({ revision }, index) => revision === (first?.revision ?? 0n) + BigInt(index),
  )
  if (last !== undefined && places.length === wanted && consecutive) return E.right(last)
  return E.left({ _tag: 'WrongRevision', actual: last?.revision ?? 'none' })
}

const forget = (seen: LRUCache<string, Seen>, key: string, done: Done): void => {
  if (seen.peek(key)?.done === done) seen.delete(key)
}

const keyOf = (stream: string, id: string): string => `${id}@${stream}`

const IDS_MAX = 200_000
