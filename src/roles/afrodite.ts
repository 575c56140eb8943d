import { randomUUID } from 'node:crypto'
import { createAccounts, type Accounts } from '../commands/afrodite/accounts.ts'
import { createSessions, type Sessions } from '../commands/afrodite/sessions.ts'
import type { Engine } from '../commands/engine.ts'
import type { Config } from '../config.ts'
import type { Log } from '../http/log.ts'
import { startAfroditeDeletions } from '../jobs/afrodite/deletions.ts'
import { startEndingLostNodes } from '../jobs/afrodite/lost-nodes.ts'
import { AFRODITE_NODES, startNodeLease, type NodeLease } from '../live/node-lease.ts'
import type { Reader } from '../queries/reader.ts'
import type { Vault } from '../vault/port.ts'

/** What Afrodite needs beside its protocol: who may act, which nodes live, and the jobs. */
export type Afrodite = {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly nodes: NodeLease
  readonly close: () => Promise<void>
}

export const startAfrodite = (parts: {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Vault
  readonly settings: Config['afrodite']
  readonly isShared: boolean
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  readonly log: Log
  /** Destroys what can be read of a deleted account. */
  readonly erase: (aid: string) => Promise<void>
  readonly onFailure: (error: unknown) => void
}): Afrodite => {
  const { revokeOnMalformed, nodeLeaseSeconds } = parts.settings
  const leaseMs = nodeLeaseSeconds * 1000
  const accounts = createAccounts(parts)
  const sessions = createSessions({ ...parts, accounts, revokeOnMalformed })
  const nodes = startNodeLease({ ...parts, space: AFRODITE_NODES, node: randomUUID(), leaseMs })
  const jobs = [
    startEndingLostNodes({ ...parts, sessions, nodes, everyMs: Math.max(leaseMs / 2, LOST_NODES_MS_MIN) }),
    startAfroditeDeletions({ ...parts, accounts, sessions }),
  ]
  return {
    accounts,
    sessions,
    nodes,
    close: async () => {
      await Promise.all(jobs.map(({ stop }) => stop()))
      await nodes.close()
    },
  }
}

const LOST_NODES_MS_MIN = 1_000
