import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../commands/engine.ts'
import { PACKET_EXPIRY_STREAM, packetExpiryDecider } from '../domain/stores/packet-expiry.ts'
import { PACKETS_EXPIRED_AT_ONCE } from '../limits.ts'
import { lowestIdAt } from '../object-id.ts'
import type { Reader } from '../queries/reader.ts'
import { uuidV5 } from '../uuid.ts'
import type { Vault } from '../vault/port.ts'
import { startJob, type Job } from './job.ts'

export type ExpirePacketsParts = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** How long documents keep a packet after it came (`RIGHTECH_PACKET_DAYS`). */
  readonly days: number
  /** A round that failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
  /** Packets that are forgotten at once. */
  readonly atOnce?: number
}

/**
 * Lets the documents forget old packets, on one node at a time, in pieces that hold up others for some hundredths of a second only. When a
 * packet came, its `_id` says; its `time` is the device's word.
 */
export const startExpiringPackets = (parts: ExpirePacketsParts): Job =>
  startJob({ ...parts, name: JOB, everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS }, async (signal) => {
    const until = performance.now() + ROUND_MS_MAX
    const end = lowestIdAt(parts.now() - parts.days * DAY_MS)
    for (;;) {
      const before = await pieceBefore(parts, end)
      if (before === undefined || signal.aborted) return undefined
      await expire(parts, before)
      // So that the lease is renewed.
      if (performance.now() > until) return 'more'
    }
  })

const JOB = 'expire-packets'
const EVERY_MS = 60 * 60_000
const LEASE_MS = 60_000
const ROUND_MS_MAX = 20_000
const DAY_MS = 24 * 60 * 60_000
/** Namespace of the command ids. */
const NAMESPACE = 'b3a5d0a4-4f5e-4f0a-9d55-0f3c6f0e8f6d'

/** Where the oldest packets before `end` end that can go at once; `undefined` if there are none. */
const pieceBefore = async (
  { reader, atOnce = PACKETS_EXPIRED_AT_ONCE }: ExpirePacketsParts,
  end: string,
): Promise<string | undefined> => {
  const first = async (skip: number): Promise<string | undefined> => {
    const old = reader.find('stores_packets', { _id: { $lt: end } }, { skip, limit: 1, fields: ['_id'] })
    for await (const [packet] of old) return packet?._id
    return undefined
  }
  if ((await first(0)) === undefined) return undefined
  return (await first(atOnce)) ?? end
}

const expire = async ({ engine, now }: ExpirePacketsParts, before: string): Promise<void> => {
  const expired = await engine.execute({
    stream: PACKET_EXPIRY_STREAM,
    decider: packetExpiryDecider,
    command: { type: 'ExpirePackets', before },
    // Noticed twice, it is recorded once (decisions 19).
    commandId: uuidV5(before, NAMESPACE),
    actor: `platform:job:${JOB}`,
    at: now(),
  })()
  if (E.isLeft(expired))
    throw new Error(`packets before ${before}: ${expired.left.kind} ${expired.left.reason}`)
}
