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

/** Ids of events are names in the namespace of their command: deciding it again gives the same ids, so a retry never doubles. */
export const eventOf = (cause: Cause, name: string, fact: Fact, schema = 1): NewEvent => ({
  id: uuidV5(name, cause.commandId),
  type: fact.type,
  data: fact.data,
  meta: {
    at: cause.at,
    actor: cause.actor,
    commandId: cause.commandId,
    correlationId: cause.correlationId ?? cause.commandId,
    schema,
    ...(cause.via === undefined ? {} : { via: cause.via }),
    ...(fact.scope === undefined ? {} : { scope: fact.scope }),
  },
})
