import type { Server, Socket } from 'socket.io'
import { FAMILY_PREFIX, familyOf } from '../../domain/timelimit/names.ts'
import type { Signal } from '../../domain/timelimit/signals.ts'
import type { StoredEvent } from '../../history/port.ts'
import { isObject } from '../../json.ts'
import type { Feed } from '../../live/feed.ts'
import type { Hub } from '../../live/hub.ts'
import type { Presence } from '../../live/presence.ts'
import type { LookUp } from './live-lookups.ts'
import { createRequests } from './live-requests.ts'
import { createVisible } from './live-visible.ts'

/** A connection that has logged in with the token of a device. */
export type Seat = {
  readonly socket: Socket
  readonly family: string
  readonly device: string
  /** Of the token. */
  readonly hash: string
}

/** The families whose devices are connected here: one listener each, whatever the number of connections (timelimit 7.3, 7.4). */
export type Families = {
  /** From now on the connection gets what its device is told, until what this returns is called or its token has ended. */
  readonly take: (seat: Seat) => () => void
  /** Connections that have taken a seat. */
  readonly members: () => number
  /** Tells the device's connections here. */
  readonly signOut: (family: string, device: string) => void
  readonly close: () => void
}

export type FamiliesParts = {
  readonly io: Server
  readonly hub: Hub
  readonly presence: Presence
  readonly lookUp: LookUp
  readonly signalOf: (event: StoredEvent) => Signal | undefined
  readonly mergeMs?: number
}

export const createFamilies = (parts: FamiliesParts): Families => {
  const feed = familyFeed(parts.signalOf)
  const rooms = new Map<string, Room>()
  let members = 0

  const roomOf = (family: string): Room => {
    const room = rooms.get(family) ?? openRoom(parts, feed, family)
    rooms.set(family, room)
    return room
  }
  return {
    take: (seat) => {
      const room = roomOf(seat.family)
      members++
      return room.take(seat, () => {
        members--
        if (!room.isEmpty()) return
        room.close()
        if (rooms.get(seat.family) === room) rooms.delete(seat.family)
      })
    },
    members: () => members,
    signOut: (family, device) => rooms.get(family)?.signOut(device),
    close: () => rooms.forEach((room) => room.close()),
  }
}

/** What a room hears of an event. */
type Told = {
  readonly request: string
  readonly signal: Signal | undefined
  /** Hash of a token that ended without a word to its device (timelimit 6.1). */
  readonly silenced: string | undefined
  readonly changesView: boolean
}

const VIEW_CHANGES = new Set(['DeviceConnectionSharingChanged', 'DeviceRemoved', 'DeviceUninstallReported'])

const familyFeed = (signalOf: FamiliesParts['signalOf']): Feed<Told> => ({
  prefixes: [FAMILY_PREFIX],
  topics: ({ stream }) => [familyOf(stream)],
  render: (event) => {
    const { type, data, meta } = event
    const { tokenHash } = data
    const told: Told = {
      request: meta.correlationId,
      signal: signalOf(event),
      silenced: type === 'DeviceUninstallReported' && typeof tokenHash === 'string' ? tokenHash : undefined,
      changesView: VIEW_CHANGES.has(type),
    }
    return told.signal === undefined && !told.changesView ? [] : [told]
  },
})

type Room = {
  readonly take: (seat: Seat, onLeave: () => void) => () => void
  readonly isEmpty: () => boolean
  readonly signOut: (device: string) => void
  readonly close: () => void
}

const openRoom = (parts: FamiliesParts, feed: Feed<Told>, family: string): Room => {
  const { io, hub, presence, lookUp } = parts
  /** With how each leaves. */
  const seats = new Map<Seat, () => void>()
  /** Encoded once for all. */
  const emit = (to: readonly Seat[], name: string, ...values: readonly unknown[]): void => {
    if (to.length > 0) io.to(to.map(({ socket }) => socket.id)).emit(name, ...values)
  }
  const unseat = (ended: ReadonlySet<string>): void => {
    if (ended.size > 0) for (const [{ hash }, leave] of [...seats]) if (ended.has(hash)) leave()
  }
  let isClosed = false

  const visible = createVisible<Seat>({
    sharing: async () => {
      const found = await lookUp('timelimit_device_lists', family, () => !isClosed)
      return found === 'unwanted' ? undefined : sharersIn(found?.value)
    },
    connected: () => presence.members(family),
    tell: (devices, to = [...seats.keys()]) => {
      if (!isClosed) emit(to, 'connected devices', devices)
    },
  })
  const requests = createRequests<Seat>({
    ...(parts.mergeMs === undefined ? {} : { mergeMs: parts.mergeMs }),
    recipients: () => seats.keys(),
    tell: (important, unimportant, ended) => {
      emit(important, 'should sync', { isImportant: true })
      emit(unimportant, 'should sync', { isImportant: false })
      unseat(ended)
    },
  })
  const hear = ({ request, signal, silenced, changesView }: Told): void => {
    if (silenced !== undefined) unseat(new Set([silenced]))
    if (signal !== undefined) requests.add(request, signal)
    if (changesView) visible.lookAnew()
  }
  const listening = hub.listen(feed, { topics: [family], deliver: hear })
  const unwatch = presence.watch(family, visible.look)

  return {
    take: (seat, onLeave) => {
      let depart = (): void => undefined
      const leave = (): void => {
        if (!seats.delete(seat)) return
        visible.ungreet(seat)
        depart()
        onLeave()
      }
      seats.set(seat, leave)
      visible.greet(seat)
      depart = presence.enter(family, seat.device)
      visible.look()
      return leave
    },
    isEmpty: () => seats.size === 0,
    signOut: (device) =>
      emit(
        [...seats.keys()].filter((seat) => seat.device === device),
        'sign out',
      ),
    close: () => {
      isClosed = true
      listening.stop()
      unwatch()
      requests.stop()
    },
  }
}

const sharersIn = (list: unknown): ReadonlySet<string> => {
  const devices = isObject(list) && isObject(list.devices) ? list.devices : {}
  return new Set(
    Object.entries(devices).flatMap(([id, device]) =>
      isObject(device) && device.showDeviceConnected === true ? [id] : [],
    ),
  )
}
