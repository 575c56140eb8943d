import type { JsonObject } from '../json.ts'
import type { Delivery, History, NewEvent, Page, StoredEvent } from './port.ts'

/** Of a type: the first step makes schema 2 out of schema 1, and so on. A type that is not named is at schema 1. */
export type UpcastTable = { readonly [eventType: string]: readonly Upcast[] }
type Upcast = (data: JsonObject) => JsonObject

export type Upcasting = {
  readonly steps: UpcastTable
  /** Others' events stay as they are: their numbers mean nothing to us. */
  readonly isOurs: (stream: string) => boolean
}

/** The event has a schema to which no steps lead from here: a newer version wrote it, or it is none of ours at all. */
export class UnknownSchema extends Error {
  override readonly name = 'UnknownSchema'
}

/** A step could not bring the data of an event up. */
export class UpcastFailed extends Error {
  override readonly name = 'UpcastFailed'
}

/**
 * A history in which every event has the current schema of its type: older ones are brought up when they are read, step by step, and new
 * ones get the current number. What is stored stays as it was written. To be put around the opened history (`sealedHistory`), because steps
 * need open values; so the seal table keeps every path that was ever sealed.
 *
 * An event that cannot be brought up is handed out all the same, and reading its `data` throws `UnknownSchema` or `UpcastFailed`: so it stops
 * who needs it, as any poison event does, and nobody else. Pages with nothing to bring up are handed on as they are.
 */
export const upcastingHistory = (history: History, { steps, isOurs }: Upcasting): History => {
  const table = new Map(Object.entries(steps))
  const currentOf = (type: string): number => (table.get(type)?.length ?? 0) + 1
  const isCurrent = ({ type, meta }: NewEvent): boolean => meta.schema === currentOf(type)
  const stamped = (event: NewEvent): NewEvent =>
    isCurrent(event) ? event : { ...event, meta: { ...event.meta, schema: currentOf(event.type) } }
  const broughtUp = (event: StoredEvent): StoredEvent =>
    isCurrent(event) || !isOurs(event.stream) ? event : bringUp(event, table.get(event.type) ?? [])
  const bringing = (page: Page): Page => (page.every(isCurrent) ? page : page.map(broughtUp))
  return {
    append: (stream, expected, events) =>
      history.append(stream, expected, events.every(isCurrent) ? events : events.map(stamped)),
    read: (stream, options) => eachPage(history.read(stream, options), bringing),
    readAll: (options) => eachPage(history.readAll(options), bringing),
    subscribe: (options) => eachDelivery(history.subscribe(options), bringing),
    head: () => history.head(),
    close: () => history.close(),
  }
}

const bringUp = (event: StoredEvent, steps: readonly Upcast[]): StoredEvent => {
  const { schema } = event.meta
  const meta = { ...event.meta, schema: steps.length + 1 }
  if (!Number.isInteger(schema) || schema < 1 || schema > steps.length)
    return unreadable(
      event,
      new UnknownSchema(`no steps lead from schema ${schema} of ${placeOf(event)} to ${meta.schema}`),
    )
  try {
    const data = steps.slice(schema - 1).reduce((before, step) => step(before), event.data)
    return { ...event, meta, data }
  } catch (cause) {
    return unreadable(
      event,
      new UpcastFailed(`${placeOf(event)} cannot be brought up from schema ${schema}`, { cause }),
    )
  }
}

const placeOf = ({ type, position, stream, revision }: StoredEvent): string =>
  `${type} at position ${position} (${stream}, revision ${revision})`

const unreadable = ({ data: _data, ...event }: StoredEvent, error: Error): StoredEvent => ({
  ...event,
  get data(): never {
    throw error
  },
})

async function* eachPage(source: AsyncIterable<Page>, bringing: (page: Page) => Page): AsyncIterable<Page> {
  for await (const page of source) yield bringing(page)
}

async function* eachDelivery(
  source: AsyncIterable<Delivery>,
  bringing: (page: Page) => Page,
): AsyncIterable<Delivery> {
  for await (const delivery of source) {
    const events = bringing(delivery.events)
    yield events === delivery.events ? delivery : { ...delivery, events }
  }
}
