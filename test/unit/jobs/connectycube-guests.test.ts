/** Proves that guests are deleted a day after they came (connectycube 3) and nobody else, with documents in memory. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { setTimeout as pause } from 'node:timers/promises'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { startDeletingGuests } from '../../../src/jobs/connectycube/guests.ts'
import { CONNECTYCUBE_GUEST_SESSION_MS } from '../../../src/limits.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

test('a guest lives for a day', async (t) => {
  const documents = memoryDocuments()
  const put = (id: number, more: { readonly isGuest?: true; readonly createdAt: number }) => ({
    ...{ collection: 'cc_users', id: `1-${id}`, at: BigInt(id) },
    put: { app: 1, id, ...more },
  })
  await documents.apply(
    [
      put(1, { isGuest: true, createdAt: 0 }),
      put(2, { createdAt: 0 }),
      put(3, { isGuest: true, createdAt: 1 }),
    ],
    [],
  )
  const deleted: string[] = []
  const now = (): number => CONNECTYCUBE_GUEST_SESSION_MS
  const job = startDeletingGuests({
    users: {
      delete: (app, user) => {
        deleted.push(`${app}-${user}`)
        return Promise.resolve(E.right(undefined))
      },
    },
    ...{ reader: documents, vault: memoryVault({ now }), now, onFailure: (error) => t.fail(String(error)) },
  })
  while (deleted.length === 0) await pause(1)
  await job.stop()
  t.deepEqual(deleted, ['1-1'])
})
