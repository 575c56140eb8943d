import type { Channel, Device, Environment } from '../domain/cc/push-events.ts'
import type { Content } from './content.ts'

/** What one device is told. */
export type Notice = {
  /** A UUID, the same whenever the same notification is sent to the same device. */
  readonly id: string
  readonly channel: Channel
  readonly environment: Environment
  readonly device: Device
  readonly content: Content
}

/** Why a gateway does not take it, and never will. `detail` is the gateway's own word for it: letters, digits and `_`. */
export type Refused = {
  readonly refused: 'too-large' | 'refused' | 'late'
  readonly detail?: string
}

/** Not now. */
export type Later = {
  /** How long it wants to be left alone, 0 if it does not say. */
  readonly retryAfterMs: number
  /** For the log. */
  readonly cause: string
  /** Too much for this device; others may be told. */
  readonly isBusy: boolean
}

/** `gone`: nobody has that token any more. */
export type Outcome = 'sent' | 'gone' | Later | Refused

/** The way to devices of some channels. */
export type Gateway = {
  readonly send: (notice: Notice) => Promise<Outcome>
  /** Whoever answers for that device, or `ONE_PLACE`: when he is down, others need not be. */
  readonly placeOf: (device: Device) => string
  readonly close: () => void
}

/** One service answers for all. */
export const ONE_PLACE = ''

/** Those that are set up. */
export type Gateways = { readonly [channel in Channel]?: Gateway }

export const again = (cause: string, retryAfterMs = 0): Later => ({ retryAfterMs, cause, isBusy: false })

/** By the status of an answer; 429 is about the device. */
export const againAfter = (status: number, cause: string, retryAfterMs: number): Later => ({
  ...{ retryAfterMs, cause },
  isBusy: status === 429,
})

export const refused = (detail: string): Refused => ({
  refused: 'refused',
  ...(/^\w{1,64}$/.test(detail) ? { detail } : {}),
})

/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3); 0 if there is none, an hour at most. */
export const retryAfter = (value: string | undefined, now: number): number => {
  const text = value?.trim() ?? ''
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX) : 0
}

/** A system's word for what went wrong with a connection, never what was sent. */
export const codeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

const RETRY_AFTER_MS_MAX = 60 * 60_000
