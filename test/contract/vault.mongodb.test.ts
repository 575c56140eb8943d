/**
 * Proves that the vault on MongoDB keeps the vault's contract, and what only it can be asked: that of several nodes one wins, that nothing
 * is left of an upload that was cut, and that it says so when the server is away and goes on when it is back.
 */
import test, { type ExecutionContext } from 'ava'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { VAULT_CHUNK_BYTES, VAULT_UPLOAD_SILENCE_MS } from '../../src/limits.ts'
import { openMongo, type Mongo } from '../../src/mongodb/connection.ts'
import { openMongoVault } from '../../src/vault/mongodb/vault.ts'
import { BlobTooLarge, VaultUnavailable, type Vault } from '../../src/vault/port.ts'
import { endMongo, freshMongoUrl, mongoTest, startFerret } from '../support/mongodb.ts'
import { mountVault } from './vault.ts'
import { listAll } from './vault-cases.ts'

test.after.always(endMongo)

/** The stand-in is slow: all tests at once would wait for connections longer than allowed. */
const slots = (() => {
  let free = 2
  const waiting: (() => void)[] = []
  return {
    take: async (): Promise<void> => {
      free -= 1
      if (free < 0) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    free: (): void => {
      free += 1
      waiting.shift()?.()
    },
  }
})()

const opened = async (t?: ExecutionContext) => {
  await slots.take()
  const url = await freshMongoUrl()
  let now = 1_000_000
  const mongos = [openMongo(url)]
  const node = (): Vault => {
    const mongo = openMongo(url)
    mongos.push(mongo)
    return openMongoVault(mongo, { now: () => now })
  }
  const dispose = async (): Promise<void> => {
    await mongos[0]?.db.dropDatabase()
    await Promise.all(mongos.map((mongo) => mongo.close()))
    slots.free()
  }
  t?.teardown(dispose)
  return { node, db: mongos[0]?.db as Mongo['db'], pass: (ms: number) => void (now += ms), dispose }
}

mountVault('mongodb', { keeping: 'durable', testing: mongoTest }, async () => {
  const { node, ...rest } = await opened()
  return { ...rest, vault: node(), reopen: () => Promise.resolve(node()) }
})

const S = 'stores.sessions'
const CHUNK = VAULT_CHUNK_BYTES
const MAX = 100_000_000
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const leftIn = async (db: Mongo['db']) => ({
  heads: await db.collection('vault.blobs').countDocuments(),
  chunks: await db.collection('vault.chunks').countDocuments(),
  uploads: await db.collection('vault.uploads').countDocuments(),
})

mongoTest('of several nodes one wins', async (t) => {
  const { node, pass } = await opened(t)
  const nodes = [node(), node(), node()]
  const racing = <A>(run: (vault: Vault, i: number) => Promise<A>) =>
    Promise.all(Array.from({ length: 24 }, (_, i) => run(nodes[i % 3] as Vault, i)))
  for (let round = 0; round < 5; round += 1) {
    const key = `k${round}`
    const set = (version: string) =>
      racing((vault, i) => vault.compareAndSet(S, key, version, { value: { i }, options: { ttlMs: 1_000 } }))
    const first = await set('absent')
    t.is(first.filter(Boolean).length, 1, 'absent')
    const entry = await nodes[0]?.get(S, key)
    t.deepEqual(entry?.value, { i: first.indexOf(true) })
    t.is((await set(entry?.version ?? '')).filter(Boolean).length, 1, 'version')
    pass(1_000)
    t.is((await set('absent')).filter(Boolean).length, 1, 'expired')
    t.is((await racing((vault) => vault.take(S, key))).filter(Boolean).length, 1, 'take')
    await nodes[0]?.put(S, key, {})
    t.is((await racing((vault) => vault.delete(S, key))).filter(Boolean).length, 1, 'delete')
  }
  const numbers = await racing((vault) => vault.next('c'))
  t.deepEqual(
    [...numbers].sort((a, b) => Number(a - b)),
    numbers.map((_, i) => BigInt(i + 1)),
  )
  await Promise.all(nodes.map((vault, i) => vault.raise('c', BigInt(100 + i))))
  t.is(await nodes[0]?.next('c'), 103n)
})

mongoTest('what was put anew while a sweep runs stays', async (t) => {
  const { node, pass } = await opened(t)
  const [one, other] = [node(), node()]
  const keys = Array.from({ length: 60 }, (_, i) => `k${i}`)
  await Promise.all(keys.map((key, i) => (i % 2 === 0 ? one : other).put(S, key, {}, { ttlMs: 10 })))
  pass(10)
  const renew = keys.map((key) => other.put(S, key, { again: true }, { ttlMs: 1_000 }))
  await Promise.all([one.sweep(), ...renew, one.sweep()])
  t.is((await listAll(one, S)).length, keys.length)
})

mongoTest('a prefix may end with the last character there is', async (t) => {
  const { node } = await opened(t)
  const vault = node()
  const keys = ['a', 'a\uD7FF', 'a\uD7FFb', 'a\uE000', 'a\u{10FFFF}', 'a\u{10FFFF}\u{10FFFF}b', 'b']
  for (const key of keys) await vault.put(S, key, {})
  t.deepEqual(await listAll(vault, S, 'a\uD7FF'), keys.slice(1, 3))
  t.deepEqual(await listAll(vault, S, 'a\u{10FFFF}'), keys.slice(4, 6))
  t.deepEqual(await listAll(vault, S), keys)
})

mongoTest('a blob is written as it comes, and nothing but it stays', async (t) => {
  const { node, db } = await opened(t)
  const vault = node()
  const parts = Array.from({ length: 24 }, () => randomBytes(CHUNK / 4 + 1))
  let ahead = 0
  const content = Readable.from(
    (async function* () {
      for (const [i, part] of parts.entries()) {
        yield part
        const stored = (await db.collection('vault.chunks').countDocuments()) * CHUNK
        ahead = Math.max(ahead, (i + 1) * part.length - stored)
      }
    })(),
    { highWaterMark: 1 },
  )
  const whole = Buffer.concat(parts)
  const { sha256: hash } = await vault.putBlob('s', content, MAX)
  t.true(ahead < 2 * CHUNK, `${ahead} bytes were taken before they were stored`)
  const stored = { heads: 1, chunks: Math.ceil(whole.length / CHUNK), uploads: 0 }
  t.deepEqual(await leftIn(db), stored)

  const range = { from: CHUNK - 2, to: 3 * CHUNK + 1 }
  const part = await vault.readBlob('s', hash, range)
  t.true(part && (await buffer(part)).equals(whole.subarray(range.from, range.to + 1)))

  const again = [vault, node()].map((each) => each.putBlob('s', Readable.from(parts), MAX))
  t.deepEqual(
    await Promise.all(again),
    [hash, hash].map((sha) => ({ sha256: sha, bytes: whole.length })),
  )
  t.deepEqual(await leftIn(db), stored)
  await t.throwsAsync(vault.putBlob('s', Readable.from(parts), whole.length - 1), {
    instanceOf: BlobTooLarge,
  })
  t.deepEqual(await leftIn(db), stored)
  const breaking = Readable.from(
    (function* () {
      yield* parts.slice(1)
      throw new Error('the client went away')
    })(),
  )
  await t.throwsAsync(vault.putBlob('s', breaking, MAX), { message: 'the client went away' })
  t.deepEqual(await leftIn(db), stored)
  await vault.deleteSubject('s')
  t.deepEqual(await leftIn(db), { heads: 0, chunks: 0, uploads: 0 })
})

mongoTest('who reads a blob that is deleted gets an error, not its beginning', async (t) => {
  const { node } = await opened(t)
  const vault = node()
  const { sha256: hash } = await vault.putBlob('s', Readable.from([randomBytes(8 * CHUNK)]), MAX)
  const stream = (await vault.readBlob('s', hash)) as Readable
  await t.throwsAsync(
    async () => {
      for await (const _ of stream) await node().deleteBlob('s', hash)
    },
    { instanceOf: VaultUnavailable },
  )
})

mongoTest(
  'an upload that is silent for an hour is dead, and a deletion that stopped half way goes on',
  async (t) => {
    const { node, db, pass } = await opened(t)
    const vault = node()
    let speak: (bytes: Buffer | undefined) => void = () => undefined
    let spoken: Promise<void> = Promise.resolve()
    const slow = Readable.from(
      (async function* () {
        for (;;) {
          const next = new Promise<Buffer | undefined>((resolve) => (speak = resolve))
          yield randomBytes(CHUNK + 1)
          const bytes = await next
          if (bytes === undefined) return
          yield bytes
        }
      })(),
      { highWaterMark: 1 },
    )
    const outcome = vault.putBlob('s', slow, MAX)
    outcome.catch(() => undefined)
    while ((await leftIn(db)).chunks === 0) await spoken
    spoken = Promise.resolve()
    pass(VAULT_UPLOAD_SILENCE_MS - 1)
    await vault.sweep()
    t.deepEqual(await leftIn(db), { heads: 0, chunks: 1, uploads: 1 })
    pass(1)
    await vault.sweep()
    t.deepEqual(await leftIn(db), { heads: 0, chunks: 0, uploads: 0 })
    speak(undefined)
    await t.throwsAsync(outcome, { instanceOf: VaultUnavailable })

    const kept = await vault.putBlob('s', Readable.from([randomBytes(CHUNK)]), MAX)
    const head = await db.collection<{ readonly upload: string }>('vault.blobs').findOne({})
    const mark = { _id: head?.upload, at: 1_000_000, head: head?._id, doomed: true } as never
    await db.collection('vault.uploads').insertOne(mark)
    await vault.rewrite()
    t.is(await vault.readBlob('s', kept.sha256), undefined)
    const left = await leftIn(db)
    t.is(left.heads + left.uploads, 0)
  },
)

mongoTest('a server that goes away in the middle of an upload leaves nothing that can be seen', async (t) => {
  const server = await startFerret()
  const url = `${server.url}cut`
  let now = 1_000_000
  const mongo = openMongo(url)
  t.teardown(() => mongo.close())
  const vault = openMongoVault(mongo, { now: () => now })
  await vault.put(S, 'k', { n: 1 })
  const parts = Array.from({ length: 6 }, () => randomBytes(CHUNK))
  const content = Readable.from(
    (async function* () {
      yield* parts.slice(0, 4)
      await server.stop('SIGKILL')
      yield* parts.slice(4)
    })(),
    { highWaterMark: 1 },
  )
  await t.throwsAsync(vault.putBlob('s', content, MAX), { instanceOf: VaultUnavailable })

  const began = performance.now()
  const asked = [
    ...Array.from({ length: 50 }, () => vault.take(S, 'k')),
    vault.get(S, 'k'),
    vault.put(S, 'l', {}),
    vault.next('c'),
    vault.next('c'),
    vault.putBlob('s', Readable.from(['x']), MAX),
    vault.readBlob('s', sha256(Buffer.from('x'))),
    vault.sweep(),
    listAll(vault, S),
  ]
  for (const outcome of await Promise.allSettled<unknown>(asked))
    t.true(outcome.status === 'rejected' && outcome.reason instanceof VaultUnavailable)
  t.true(performance.now() - began < 60_000)

  await server.start()
  t.deepEqual((await vault.get(S, 'k'))?.value, { n: 1 })
  t.true((await vault.next('c')) >= 1n)
  t.is(await vault.readBlob('s', sha256(Buffer.concat(parts))), undefined)
  t.true((await leftIn(mongo.db)).chunks >= 2, 'else this test proves nothing')
  now += VAULT_UPLOAD_SILENCE_MS
  await vault.sweep()
  t.deepEqual(await leftIn(mongo.db), { heads: 0, chunks: 0, uploads: 0 })
  const whole = await vault.putBlob('s', Readable.from(parts), MAX)
  t.is(whole.sha256, sha256(Buffer.concat(parts)))
})
