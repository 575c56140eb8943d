import type { PlatformEvent } from '../../domain/stores/platform-events.ts'
import { isObject, type Json } from '../../json.ts'
import { eventFrame } from './engineio.ts'

/** The Socket.IO name and the texts of an event, each made once for all who get it. */
export type Push = {
  readonly event: PlatformEvent
  /** Path of the list that has the entity: `labels`, `tables/6a…/rows`. */
  readonly store: string
  readonly id: string
  /** `42["<name>",{…}]` */
  readonly socketIo: () => Buffer
  /** The event by itself. */
  readonly bare: () => Buffer
}

export const pushOf = (event: PlatformEvent, store: string, id: string): Push => {
  const json = once(() => JSON.stringify(event satisfies Json))
  return {
    event,
    store,
    id,
    socketIo: once(() =>
      Buffer.from(eventFrame(event.event, isFlattened(event) ? flattened(event) : json())),
    ),
    bare: once(() => Buffer.from(json())),
  }
}

/** Published listeners look for a packet's members at the top (rightech 6.3). */
const isFlattened = ({ event }: PlatformEvent): boolean => event === 'object-packet'
const flattened = (event: PlatformEvent): string =>
  JSON.stringify(isObject(event['data']) ? { ...event['data'], ...event } : event)

const once = <A>(make: () => A): (() => A) => {
  let made: A | undefined
  return () => (made ??= make())
}
