/** Proves the mailboxes that nodes have for each other in a vault (decisions 18): order, at most once, only theirs, and troubles. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { JsonObject } from '../../../src/json.ts'
import { startMailbox, type Mailbox, type MailboxParts } from '../../../src/live/mailbox.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { VaultUnavailable } from '../../../src/vault/port.ts'
import { settled } from './rig.ts'

const start = (
  t: ExecutionContext,
  node: string,
  vault: MailboxParts['vault'],
  isShared = true,
): Mailbox & { readonly got: JsonObject[] } => {
  const got: JsonObject[] = []
  const mailbox = startMailbox({
    vault,
    space: 'test.mailbox',
    node,
    isShared,
    receive: (letter) => void got.push(letter),
    log: { warn: () => undefined },
    pollMs: 5,
  })
  t.teardown(() => mailbox.close())
  return { ...mailbox, got }
}

test('letters arrive in order, once, and only where they are addressed to', async (t) => {
  const vault = memoryVault({ now: Date.now })
  const [a, b, c] = [start(t, 'a', vault), start(t, 'b', vault), start(t, 'ab', vault)]
  for (let n = 0; n < 50; n++) await a.send('b', { n })
  await settled(() => b.got.length === 50)
  await pause(30)
  t.deepEqual(
    b.got.map(({ n }) => n),
    Array.from({ length: 50 }, (_, n) => n),
  )
  t.deepEqual([a.got, c.got], [[], []])
})

test('a letter to oneself goes past the vault', async (t) => {
  const nobody = (): never => {
    throw new Error('asked')
  }
  const a = start(t, 'a', { put: nobody, take: nobody, list: nobody }, false)
  await a.send('a', { n: 1 })
  t.deepEqual(a.got, [{ n: 1 }])
})

test('a letter that nobody fetches is gone after a while, and with its subject', async (t) => {
  let now = 0
  const vault = memoryVault({ now: () => now })
  const a = start(t, 'a', vault)
  await a.send('b', { n: 1 })
  await a.send('b', { n: 2 }, { subject: 's' })
  await vault.deleteSubject('s')
  now = 29_000
  const b = start(t, 'b', vault)
  await settled(() => b.got.length === 1)
  t.deepEqual(b.got, [{ n: 1 }])
  await a.send('c', { n: 3 })
  now = 60_000
  const c = start(t, 'c', vault)
  await pause(30)
  t.deepEqual(c.got, [])
})

test('who cannot send is told; who cannot fetch goes on trying', async (t) => {
  const vault = memoryVault({ now: Date.now })
  let isDown = true
  const fragile: MailboxParts['vault'] = {
    ...vault,
    put: (...args) => (isDown ? Promise.reject(new VaultUnavailable('down')) : vault.put(...args)),
    list: async function* (...args) {
      if (isDown) throw new VaultUnavailable('down')
      yield* vault.list(...args)
    },
  }
  const a = start(t, 'a', fragile)
  await t.throwsAsync(a.send('b', {}), { instanceOf: VaultUnavailable })
  await start(t, 'b', vault).send('a', { n: 1 })
  await pause(20)
  t.deepEqual(a.got, [])
  isDown = false
  await settled(() => a.got.length === 1)
  t.deepEqual(a.got, [{ n: 1 }])
})
