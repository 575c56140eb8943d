import * as E from 'fp-ts/lib/Either.js'
import type { Users } from '../../commands/cc/users.ts'
import { CONNECTYCUBE_GUEST_SESSION_MS } from '../../limits.ts'
import { usersWhere } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'

export type GuestJob = {
  readonly users: Pick<Users, 'delete'>
  readonly reader: Pick<Reader, 'find'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** Deletes guests a day after they came, when their session ends (connectycube 3). */
export const startDeletingGuests = (parts: GuestJob): Job =>
  startJob({ ...parts, name: 'connectycube-guests', everyMs: parts.everyMs ?? EVERY_MS }, async (signal) => {
    const { users, reader, now } = parts
    const due = { isGuest: true, createdAt: { $lte: now() - CONNECTYCUBE_GUEST_SESSION_MS } }
    const guests = await usersWhere(reader, due, { sort: [['createdAt', 1]], limit: GUESTS_A_ROUND })
    for (const { app, id } of guests) {
      if (signal.aborted) return undefined
      const done = await users.delete(Number(app), Number(id), 'platform:job:connectycube-guests')
      if (E.isLeft(done)) throw new Error(`a guest could not be deleted: ${done.left.reason}`)
    }
    return guests.length === GUESTS_A_ROUND ? 'more' : undefined
  })

const EVERY_MS = 60_000
const GUESTS_A_ROUND = 50
