/** Proves the order in which a due account is deleted, and that a cancelled, a broken or a half-deleted one comes out right; with commands that are noted. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { AccountCause, Accounts } from '../../../src/commands/afrodite/accounts.ts'
import type { Sessions } from '../../../src/commands/afrodite/sessions.ts'
import type { FindOptions } from '../../../src/documents/port.ts'
import type { AccountCommand } from '../../../src/domain/afrodite/account.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { deleteDue, eraseEnded, type AfroditeDeletions } from '../../../src/jobs/afrodite/deletions.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const NOW = 1_800_000_000_000
const { signal } = new AbortController()

type Account = { readonly deleteAt: number | null; ended?: true }

const setup = (accounts: Readonly<Record<string, Account>>) => {
  const done: string[] = []
  const ids: string[] = []
  const failures: string[] = []
  const load = (aid: string) => {
    const deleteAt = aid === 'cancelled' ? null : accounts[aid]?.deleteAt
    return Promise.resolve({ deletion: typeof deleteAt === 'number' ? { deleteAt } : null })
  }
  const run = (aid: string, command: AccountCommand, { commandId = '', actor = '' }: AccountCause) => {
    done.push(`${command.type} ${aid}`)
    ids.push(`${commandId} ${actor}`)
    return Promise.resolve(aid === 'early' ? E.left(rejection('NotAcceptable', 'too_early')) : E.right({}))
  }
  const endForGood = (aid: string) => {
    done.push(`end ${aid}`)
    return Promise.resolve(aid === 'late' ? E.left(rejection('Unavailable', 'documents_late')) : E.right({}))
  }
  const parts: AfroditeDeletions = {
    reader: {
      find: async function* (collection, filter, { limit }: FindOptions = {}) {
        const isEnded = filter['ended'] === true
        const due = filter['deleteAt']
        const before = due instanceof Object && '$lte' in due ? Number(due['$lte']) : -Infinity
        const found = Object.entries(accounts).filter(([, { deleteAt, ended }]) =>
          isEnded ? ended : ended !== true && deleteAt !== null && deleteAt <= before,
        )
        if (collection === 'afrodite_accounts')
          yield await Promise.resolve(found.slice(0, limit).map(([_id]) => ({ _id })))
      },
    },
    accounts: { load, run } as unknown as Accounts,
    sessions: { endForGood } as unknown as Sessions,
    vault: memoryVault({ now: () => NOW }),
    erase: (aid) => {
      done.push(`erase ${aid}`)
      return aid === 'broken' ? Promise.reject(new Error('broken')) : Promise.resolve()
    },
    now: () => NOW,
    onFailure: (error) => void failures.push(String(error)),
  }
  return { parts, done, ids, failures }
}

test('the account, then its session, then what can be read; not before its time', async (t) => {
  const { parts, done, ids, failures } = setup({
    a: { deleteAt: NOW },
    later: { deleteAt: NOW + 1 },
    never: { deleteAt: null },
  })
  await deleteDue(parts, signal)
  t.deepEqual(done, ['Delete a', 'end a', 'erase a'])
  await deleteDue({ ...parts, now: () => NOW + 1 }, signal)
  const [first = '', again = '', other = ''] = ids
  t.is(first, again, 'the same deletion is the same command, whenever it runs')
  t.not(first, other)
  t.regex(first, /^[\da-f-]{36} platform:job:afrodite-deletions$/)
  t.deepEqual(failures, [])
})

test('one that was cancelled meanwhile is left alone', async (t) => {
  const { parts, done, failures } = setup({ cancelled: { deleteAt: 1 } })
  await deleteDue(parts, signal)
  t.deepEqual([done, failures], [[], []])
})

test('one that fails is reported, goes no further, and stops no other', async (t) => {
  const due = { deleteAt: 1 }
  const { parts, done, failures } = setup({ early: due, late: due, broken: due, other: due })
  await deleteDue(parts, signal)
  t.deepEqual(
    done.filter((line) => / (early|late)$/.test(line)),
    ['Delete early', 'Delete late', 'end late'],
  )
  t.true(done.includes('erase other'))
  t.deepEqual(failures.sort(), [
    'Error: an account is not deleted: NotAcceptable too_early',
    'Error: an account is not deleted: Unavailable documents_late',
    'Error: broken',
  ])
})

test('what a crash left half-deleted is gone on with', async (t) => {
  const { parts, done } = setup({ a: { deleteAt: null, ended: true }, b: { deleteAt: null } })
  await eraseEnded(parts, signal)
  t.deepEqual(done, ['end a', 'erase a'])
})

test('nothing is begun any more when it stops', async (t) => {
  const { parts, done } = setup({ a: { deleteAt: 1 } })
  await deleteDue(parts, AbortSignal.abort())
  t.deepEqual(done, [])
})

test('an erasure that is broken off because all stops is not reported as a failure', async (t) => {
  const { parts, failures } = setup({ a: { deleteAt: 1 } })
  const stopping = new AbortController()
  const erase = () => {
    stopping.abort()
    return Promise.reject(new Error('the documents do not show it yet'))
  }
  await deleteDue({ ...parts, erase }, stopping.signal)
  t.deepEqual(failures, [])
})
