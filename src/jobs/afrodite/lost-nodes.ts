import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { Sessions } from '../../commands/afrodite/sessions.ts'
import { DocumentsUnavailable } from '../../documents/port.ts'
import type { NodeLease } from '../../live/node-lease.ts'
import { connectedNodes, connectionsOf, type OpenConnection } from '../../queries/afrodite/sessions.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Vault } from '../../vault/port.ts'
import { atOnce } from '../at-once.ts'
import { startJob, type Job } from '../job.ts'

export type LostNodes = {
  readonly reader: Pick<Reader, 'find'>
  readonly sessions: Pick<Sessions, 'end'>
  readonly nodes: Pick<NodeLease, 'alive'>
  readonly vault: Vault
  /** Between two looks. */
  readonly everyMs: number
  readonly onFailure: (error: unknown) => void
}

/** Records the end of the connections that a dead node has left open (afrodite 7.6), whoever it was, also before this start. */
export const startEndingLostNodes = (parts: LostNodes): Job => {
  let isBehind = true
  return startJob({ ...parts, name: 'afrodite-lost-nodes', leaseMs: 2 * parts.everyMs }, async (signal) => {
    try {
      const left = await endLostNodes(parts, signal)
      isBehind = false
      return left
    } catch (error) {
      // At the start the documents have to catch up first.
      if (!isBehind || !(error instanceof DocumentsUnavailable)) throw error
      await pause(Math.min(BEHIND_MS, parts.everyMs), undefined, { signal, ref: false })
      return 'more'
    }
  })
}

const BEHIND_MS = 250
const ENDED_AT_ONCE = 16

/** Ends them for half of the time between two looks: that is a quarter of the job's lease. Tells whether there may be more. */
export const endLostNodes = async (parts: LostNodes, signal: AbortSignal): Promise<'more' | undefined> => {
  const { reader, nodes } = parts
  let until: number | undefined
  const round: Round = {
    ...parts,
    failures: [],
    // From the first one on: however slow the stores are, each round ends some.
    goesOn: () => !signal.aborted && performance.now() < (until ??= performance.now() + parts.everyMs / 2),
  }
  const connected: string[] = []
  for await (const node of connectedNodes(reader)) connected.push(node)
  // Behind the documents: what they name has had its lease before it, so whoever has none now has lost it.
  const alive = await nodes.alive()
  for (const node of connected) if (!alive.has(node)) await endAll(round, node)
  const [failure] = round.failures
  if (failure !== undefined)
    throw new Error(`${round.failures.length} connections of lost nodes are not ended yet`, {
      cause: failure,
    })
  return signal.aborted || round.goesOn() ? undefined : 'more'
}

type Round = LostNodes & { readonly failures: unknown[]; readonly goesOn: () => boolean }

const endAll = async (round: Round, node: string): Promise<void> => {
  const { reader, nodes, goesOn } = round
  for await (const page of connectionsOf(reader, node)) {
    // Cut off for a while, it may have come back since.
    if ((await nodes.alive()).has(node)) return
    await atOnce(page, (connection) => end(round, connection), { atMost: ENDED_AT_ONCE, goesOn })
    if (!goesOn()) return
  }
}

/** Nothing happens if it is not the account's current one any more. One that fails stops no other. */
const end = async ({ sessions, failures }: Round, { aid, connectionId }: OpenConnection): Promise<void> => {
  try {
    const ended = await sessions.end(aid, connectionId, 'node-lost')
    if (E.isLeft(ended)) failures.push(new Error(`${aid}: ${ended.left.kind} ${ended.left.reason}`))
  } catch (error) {
    failures.push(error)
  }
}
