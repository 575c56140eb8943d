import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../json.ts'
import { LIVE_CLOSE_MS_MAX, MAILBOX_LETTER_MS, NODES_POLL_MS } from '../limits.ts'
import type { PutOptions, Vault } from '../vault/port.ts'
import type { HubLog } from './feed.ts'
import { repeat, within } from './repeating.ts'

/** What one node tells another at once and nobody needs later (decisions 18): each letter is received at most once. */
export type Mailbox = {
  /** A letter to this node itself is received before this resolves. Rejects when the vault does. */
  readonly send: (node: string, letter: JsonObject, options?: Pick<PutOptions, 'subject'>) => Promise<void>
  readonly close: () => Promise<void>
}

export type MailboxParts = {
  readonly vault: Pick<Vault, 'put' | 'take' | 'list'>
  /** Of the vault, for this mailbox alone. */
  readonly space: string
  /** This node's name among all, without `/`. */
  readonly node: string
  /** Whether there may be other nodes: else the vault is not asked. */
  readonly isShared: boolean
  /** Letters of one sender in the order in which they were sent. Must not throw. */
  readonly receive: (letter: JsonObject) => void
  readonly log: HubLog
  readonly pollMs?: number
}

export const startMailbox = (parts: MailboxParts): Mailbox => {
  const { vault, space, node, receive } = parts
  const own = `${node}/`
  let sent = 0

  const fetch = async (): Promise<void> => {
    for await (const page of vault.list(space, own)) {
      for (const { key } of page) {
        const letter = await vault.take(space, key)
        if (letter !== undefined) receive(letter.value)
      }
    }
  }
  const fetching = parts.isShared
    ? repeat({
        ms: parts.pollMs ?? NODES_POLL_MS,
        round: fetch,
        trouble: 'letters of other nodes could not be fetched',
        log: parts.log,
      })
    : undefined

  return {
    send: async (to, letter, options) => {
      if (to === node) return receive(letter)
      sent += 1
      const order = `${String(Date.now()).padStart(15, '0')}-${String(sent).padStart(12, '0')}`
      await vault.put(space, `${to}/${order}-${randomUUID()}`, letter, {
        ...options,
        ttlMs: MAILBOX_LETTER_MS,
      })
    },
    close: async () => {
      if (fetching !== undefined) await within(LIVE_CLOSE_MS_MAX, fetching.stop())
    },
  }
}
