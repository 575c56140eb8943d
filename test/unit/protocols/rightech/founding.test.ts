/** The first start (rightech 4.4): it makes four entities once, after any crash and with any number of nodes. Crashes are an engine that breaks off at the n-th command. */
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { CLAIMS_SEALED } from '../../../../src/commands/claims.ts'
import { createEngine } from '../../../../src/commands/engine.ts'
import type { Engine } from '../../../../src/commands/engine.ts'
import { foundStores } from '../../../../src/commands/found-stores.ts'
import { createLease } from '../../../../src/commands/lease.ts'
import { createPasswords } from '../../../../src/commands/passwords.ts'
import { createSnapshots } from '../../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../../src/documents/memory/memory.ts'
import { rejection } from '../../../../src/domain/rejection.ts'
import { validPassword } from '../../../../src/domain/stores/validate.ts'
import { STORES_SEALED } from '../../../../src/domain/stores/events.ts'
import { memoryHistory } from '../../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../../src/history/sealing.ts'
import { objectIds } from '../../../../src/object-id.ts'
import { memoryKeyring } from '../../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../../src/vault/memory/vault.ts'

const setup = () => {
  const raw = memoryHistory()
  const keyring = memoryKeyring()
  const announced: string[] = []
  const clock = { now: Date.now() }
  const vault = memoryVault({ now: () => clock.now })
  const node = (password?: string) => {
    const engine = createEngine({
      history: sealedHistory(raw, keyring, { ...CLAIMS_SEALED, ...STORES_SEALED }),
      snapshots: createSnapshots(memoryDocuments(), keyring),
      keyring,
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    })
    return {
      ...{
        engine,
        vault,
        keyring,
        passwords: createPasswords(),
        now: () => clock.now,
        random: randomBytes,
        login: 'admin',
      },
      newId: objectIds(randomBytes(5)),
      announce: (_login: string, made: string) => void announced.push(made),
      ...(password === undefined ? {} : { password }),
    }
  }
  const events = async () => {
    const found: string[] = []
    for await (const page of raw.readAll({ after: 0n })) {
      for (const { type, stream } of page)
        if (!stream.startsWith('claim-')) found.push(`${stream.split('-')[0] ?? ''} ${type}`)
    }
    return found
  }
  return { node, events, announced, vault, clock }
}

const ALL = [
  'platform.job StoresFounded',
  'stores.groups EntityCreated',
  'stores.roles EntityCreated',
  'stores.roles EntityCreated',
  'stores.users EntityCreated',
  'stores.users PasswordSet',
]

test('once, with a password of its own that keeps the rules', async (t) => {
  const { node, events, announced } = setup()
  await foundStores(node())
  await foundStores(node())
  t.deepEqual(await events(), ALL)
  t.is(announced.length, 1)
  t.true(validPassword(announced[0]))
})

test('a given password is not announced', async (t) => {
  const { node, events, announced } = setup()
  await foundStores(node('Secret123'))
  t.deepEqual(await events(), ALL)
  t.deepEqual(announced, [])
})

test('nodes that start at once make one foundation', async (t) => {
  const { node, events, announced } = setup()
  await Promise.all([foundStores(node()), foundStores(node()), foundStores(node())])
  t.deepEqual(await events(), ALL)
  t.is(announced.length, 1)
})

test('waiting for another node that is at it ends when the server stops', async (t) => {
  const { node, vault } = setup()
  t.true(await createLease(vault, 'stores-foundation', 60_000).hold())
  const stopping = new AbortController()
  const waiting = foundStores({ ...node(), signal: stopping.signal })
  await pause(20)
  stopping.abort()
  await t.throwsAsync(waiting, { name: 'AbortError' })
})

/** Refuses from the n-th command on: before it, or after it was written. */
const breaking = (engine: Engine, nth: number, written: boolean): Engine => {
  let count = 0
  return {
    ...engine,
    execute: (request) => async () => {
      count += 1
      if (count < nth) return engine.execute(request)()
      if (written && count === nth) await engine.execute(request)()
      return E.left(rejection('Unavailable', 'crashed'))
    },
  }
}

test('it goes on where a crash stopped it', async (t) => {
  for (const written of [false, true]) {
    for (let nth = 1; nth <= 5; nth += 1) {
      const { node, events } = setup()
      const first = node()
      await t.throwsAsync(foundStores({ ...first, engine: breaking(first.engine, nth, written) }))
      await foundStores(node())
      t.deepEqual(await events(), ALL, `${nth} ${String(written)}`)
    }
  }
})

test('a login that breaks the rules of the store stops the start', async (t) => {
  const { node } = setup()
  await t.throwsAsync(foundStores({ ...node('Secret123'), login: 'a b' }), {
    message: /users.*Invalid.*login/,
  })
  await t.throwsAsync(foundStores(setup().node('weak')), { message: /users.*Invalid.*password/ })
})

test('a node that died with the lease is waited for, not forever', async (t) => {
  const { node, events, vault, clock } = setup()
  const dead = createLease(vault, 'stores-foundation', 30_000)
  t.true(await dead.hold())
  const founding = foundStores(node())
  await pause(300)
  t.deepEqual(await events(), ALL.slice(0, 1))
  clock.now += 30_000
  await founding
  t.deepEqual(await events(), ALL)
})
