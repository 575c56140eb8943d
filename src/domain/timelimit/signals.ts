import type { Json, JsonObject } from '../../json.ts'
import { familyEvent } from './events.ts'
import type { Level, Told } from './events/event.ts'

/** Which devices of a family are told to sync about one event (timelimit 3.5, 7.3): a pure function of the event. */
export type Signal = {
  /** For every device: not at all, unimportant, important. */
  readonly level: 0 | 1 | 2
  /** Told important, whatever the level. */
  readonly devices?: { readonly [deviceId: string]: 2 }
  /** The device that is not told. */
  readonly except?: string
  /** Hashes of tokens that the event ended: whoever is connected by them is told important, for the last time. */
  readonly tokens?: readonly string[]
}

/** What of a stored event says who is told. */
export type Signalled = {
  readonly type: string
  readonly data: Json
  readonly meta: { readonly via?: JsonObject }
}

/** `undefined`: nobody is told, as with what is no event of a family. The device that an event came from (`via.device`) knows it. */
export const signalOf = ({ type, data, meta }: Signalled): Signal | undefined => {
  const row = familyEvent(type)
  if (row === undefined || !row.codec.is(data)) return undefined
  const { level, devices = [], except = deviceOf(meta.via), tokens = [] } = rowOf(row.told(data))
  const others = devices.filter((device) => device !== except)
  const isTold = level > 0 || others.length > 0 || tokens.length > 0
  return isTold ? signal({ level, except, others, tokens }) : undefined
}

const signal = ({ level, except, others, tokens }: Addressed): Signal => ({
  level,
  ...(others.length === 0 ? {} : { devices: importantTo(others) }),
  ...(except === undefined ? {} : { except }),
  ...(tokens.length === 0 ? {} : { tokens }),
})

type Addressed = {
  readonly level: Level
  readonly except: string | undefined
  readonly others: readonly string[]
  readonly tokens: readonly string[]
}

const rowOf = (told: Told): Exclude<Told, number> => (typeof told === 'number' ? { level: told } : told)

const deviceOf = (via: JsonObject | undefined): string | undefined => {
  const device = via?.['device']
  return typeof device === 'string' ? device : undefined
}

const importantTo = (devices: readonly string[]): { readonly [deviceId: string]: 2 } =>
  Object.fromEntries(devices.map((device) => [device, 2] as const))
