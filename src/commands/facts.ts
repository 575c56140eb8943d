import { uuidV5 } from '../uuid.ts'
import type { Fact } from '../domain/decider.ts'
import type { NewEvent } from '../history/port.ts'
import type { JsonObject } from '../json.ts'

/** What of a command every one of its events carries. */
export type Cause = {
  readonly commandId: string
  readonly actor: string
  readonly at: number
  readonly via?: JsonObject
  readonly correlationId?: string
}

/** The id of a command's n-th event, from 0. */
export const eventIdOf = (commandId: string, n: number): string => uuidV5(String(n), commandId)

/** Ids of events are names in the namespace of their command: deciding it again gives the same ids, so a retry never doubles. */
export const eventOf = (cause: Cause, name: string, fact: Fact): NewEvent => {
  const via = viaOf(cause, fact)
  return {
    id: uuidV5(name, cause.commandId),
    type: fact.type,
    data: fact.data,
    meta: {
      at: cause.at,
      actor: cause.actor,
      commandId: cause.commandId,
      correlationId: cause.correlationId ?? cause.commandId,
      schema: FIRST_SCHEMA,
      ...(via === undefined ? {} : { via }),
      ...(fact.scope === undefined ? {} : { scope: fact.scope }),
    },
  }
}

/** Whoever appends puts the current number of the type in its place (`upcastingHistory`). */
const FIRST_SCHEMA = 1

/** An event as `evolve` takes it, whether it was just made or read. */
export const factOf = ({ type, data, meta: { via } }: NewEvent): Fact =>
  via === undefined ? { type, data } : { type, data, via }

const viaOf = ({ via }: Cause, fact: Fact): JsonObject | undefined =>
  via === undefined || fact.via === undefined ? (fact.via ?? via) : { ...via, ...fact.via }
