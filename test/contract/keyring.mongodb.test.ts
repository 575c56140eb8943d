/**
 * Proves that the keyring on MongoDB keeps the keyring's contract, and what only several nodes can ask of it: that they make one key, and
 * that a key destroyed on one is soon of no use on the others, also when the server is away.
 */
import test from 'ava'
import { setTimeout as pause } from 'node:timers/promises'
import { KEYRING_CHECK_MS } from '../../src/limits.ts'
import { openMongo, type Mongo } from '../../src/mongodb/connection.ts'
import { openMongoKeyring } from '../../src/vault/mongodb/keyring.ts'
import { VaultUnavailable, type Keyring } from '../../src/vault/port.ts'
import { endMongo, freshMongoUrl, mongoTest, startFerret } from '../support/mongodb.ts'
import { mountKeyring } from './keyring.ts'

test.after.always(endMongo)

mountKeyring('mongodb', { keeping: 'durable', testing: mongoTest }, async () => {
  const url = await freshMongoUrl()
  let mongo = openMongo(url)
  return {
    keyring: openMongoKeyring(mongo),
    reopen: async () => {
      await mongo.close()
      mongo = openMongo(url)
      return openMongoKeyring(mongo)
    },
    dispose: async () => {
      await mongo.db.dropDatabase()
      await mongo.close()
    },
  }
})

const dispose = async (nodes: readonly Mongo[]): Promise<void> => {
  await nodes[0]?.db.dropDatabase()
  await Promise.all(nodes.map((mongo) => mongo.close()))
}

/** As it is found without asking anybody: at once. */
const inMemory = async (
  keyring: Pick<Keyring, 'find' | 'obtain'>,
  subject: string,
): Promise<Uint8Array | undefined> => {
  for (;;) {
    await keyring.obtain(subject)
    const found = keyring.find(subject)
    if (!(found instanceof Promise)) return found
    await found
  }
}

mongoTest('nodes that need a key at once get the same one', async (t) => {
  const url = await freshMongoUrl()
  const nodes = [openMongo(url), openMongo(url), openMongo(url)]
  t.teardown(() => dispose(nodes))
  const keyrings = nodes.map(openMongoKeyring)
  for (let i = 0; i < 20; i += 1) {
    const keys = await Promise.all(keyrings.map((keyring) => keyring.obtain(`stores.user-${i}`)))
    t.is(new Set(keys.map((key) => Buffer.from(key as Uint8Array).toString('hex'))).size, 1)
  }
  const claims = await Promise.all(keyrings.map((keyring) => keyring.installation('claim')))
  t.is(new Set(claims.map((key) => Buffer.from(key).toString('hex'))).size, 1)
})

mongoTest(
  'a key is in memory after its first use, and of no use once another node destroyed it',
  async (t) => {
    const url = await freshMongoUrl()
    const nodes = [openMongo(url), openMongo(url)] as const
    t.teardown(() => dispose(nodes))
    const [one, other] = [openMongoKeyring(nodes[0]), openMongoKeyring(nodes[1])]
    const key = await one.obtain('stores.user-1')
    t.is(await inMemory(one, 'stores.user-1'), key as Uint8Array)
    await one.obtain('stores.user-2')
    t.deepEqual(await other.find('stores.user-1'), key as Uint8Array)
    t.deepEqual(await inMemory(other, 'stores.user-1'), key as Uint8Array)
    await other.destroy('stores.user-1')
    t.is(await other.find('stores.user-1'), undefined)
    await pause(KEYRING_CHECK_MS)
    t.is(await one.find('stores.user-1'), undefined)
    t.is(await one.obtain('stores.user-1'), 'destroyed')
    t.true((await one.find('stores.user-2')) instanceof Uint8Array)
    const left = await nodes[0].db.collection('vault.keys').findOne({ _id: 'subject:stores.user-1' as never })
    t.deepEqual(left, { _id: 'subject:stores.user-1', destroyed: true } as never)
  },
)

mongoTest(
  'without the server a key in memory is used for seconds only, and is there again with it',
  async (t) => {
    const server = await startFerret()
    const mongo = openMongo(`${server.url}keys`)
    t.teardown(mongo.close)
    const keyring = openMongoKeyring(mongo)
    const key = await keyring.obtain('stores.user-1')
    for (;;) {
      await inMemory(keyring, 'stores.user-1')
      const since = performance.now()
      await server.stop('SIGKILL')
      if (performance.now() - since < KEYRING_CHECK_MS / 4) break
      // Whoever took so long to end has to do it again.
      await server.start()
    }
    t.is(keyring.find('stores.user-1'), key as Uint8Array)
    await pause(KEYRING_CHECK_MS)
    await t.throwsAsync(async () => keyring.find('stores.user-1'), { instanceOf: VaultUnavailable })
    await t.throwsAsync(keyring.obtain('stores.user-2'), { instanceOf: VaultUnavailable })
    await server.start()
    t.deepEqual(await keyring.find('stores.user-1'), key as Uint8Array)
  },
)
