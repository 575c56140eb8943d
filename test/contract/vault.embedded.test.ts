/**
 * Proves that the embedded vault keeps the vault's contract, and what only it can be asked: that nothing answered is lost by a kill, that
 * a rewrite leaves no deleted byte in the files, and that what a crash left aside is cleared away.
 */
import test from 'ava'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openEmbeddedVault } from '../../src/vault/embedded/vault.ts'
import { VaultUnavailable } from '../../src/vault/port.ts'
import { runUntilFull, runUntilKilled } from '../support/killing.ts'
import { mountVault } from './vault.ts'
import { listAll } from './vault-cases.ts'

const openIn = async (directory: string, now = () => Date.now()) =>
  openEmbeddedVault({ path: join(directory, 'vault'), blobsPath: join(directory, 'blobs'), now })

const temporary = async (): Promise<string> => mkdtemp(join(tmpdir(), 'headwater-vault-'))
const remove = (directory: string) => rm(directory, { recursive: true, force: true })

mountVault('embedded', 'durable', async () => {
  const directory = await temporary()
  let now = 1_000_000
  let vault = await openIn(directory, () => now)
  return {
    vault,
    pass: (ms: number) => void (now += ms),
    reopen: async () => {
      await vault.close()
      return (vault = await openIn(directory, () => now))
    },
    dispose: async () => {
      await vault.close()
      await remove(directory)
    },
  }
})

const contents = async (directory: string): Promise<string> => {
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'))
  return (await Promise.all(texts)).join('\n')
}

test('a rewrite leaves no deleted or replaced value in the files', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const vault = await openIn(directory)
  const secret = (i: number) => `secret-${i}-of-nobody`
  const padding = (i: number) => 'x'.repeat((i * 37) % 6_000)
  const all = Array.from({ length: 300 }, (_, i) => i)
  await Promise.all(
    all.map((i) => vault.put('s', `k${i}`, { text: padding(i) + secret(i) }, { subject: 'stores.user-1' })),
  )
  await Promise.all(all.map((i) => vault.put('s', `live${i}`, { text: padding(i) + `kept-${i}-` })))
  for (const i of all.slice(0, 150))
    await vault.put('s', `k${i}`, { text: 'short' }, { subject: 'stores.user-1' })
  await vault.deleteSubject('stores.user-1')
  const before = await contents(directory)
  t.true(
    all.some((i) => before.includes(secret(i))),
    'LMDB keeps deleted bytes; else this test proves nothing',
  )
  await vault.rewrite()
  const after = await contents(directory)
  t.deepEqual(
    all.filter((i) => after.includes(secret(i))),
    [],
  )
  t.true(all.every((i) => after.includes(`kept-${i}-`)))
  t.is((await listAll(vault, 's')).length, 300)
  await vault.close()
})

test('reads and writes go on while the files are rewritten again and again', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const vault = await openIn(directory)
  await Promise.all(Array.from({ length: 3_000 }, (_, i) => vault.put('s', `k${i}`, { i })))
  let done = false
  const readers = Array.from({ length: 4 }, async (_, r) => {
    for (let i = r; !done; i += 1) {
      t.deepEqual((await vault.get('s', `k${i % 3_000}`))?.value, { i: i % 3_000 })
      if (i % 50 === 0) t.is((await listAll(vault, 's')).length, 3_000)
      await new Promise(setImmediate)
    }
  })
  const numbers: bigint[] = []
  const writers = Array.from({ length: 8 }, async () => {
    while (!done) numbers.push(await vault.next('c'))
  })
  for (let i = 0; i < 10; i += 1) await vault.rewrite()
  done = true
  await Promise.all([...readers, ...writers])
  t.is(new Set(numbers).size, numbers.length)
  t.is(await vault.next('c'), BigInt(numbers.length) + 1n)
  await vault.close()
})

test('what a crash left aside is cleared away, and the complete file is the one that counts', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const first = await openIn(directory)
  await first.put('s', 'k', { n: 1 })
  await first.rewrite()
  await first.close()
  const files = join(directory, 'vault')
  await writeFile(join(files, '1.mdb'), 'an old file that was not removed')
  await writeFile(join(files, 'aside.mdb'), 'half a copy')
  await mkdir(join(directory, 'blobs', 'aside'), { recursive: true })
  await writeFile(join(directory, 'blobs', 'aside', 'upload'), 'half an upload')
  const again = await openIn(directory)
  t.deepEqual((await again.get('s', 'k'))?.value, { n: 1 })
  t.deepEqual((await readdir(files)).sort(), ['2.mdb', '2.mdb-lock'])
  t.deepEqual(await readdir(join(directory, 'blobs', 'aside')), [])
  await again.rewrite()
  t.deepEqual((await again.get('s', 'k'))?.value, { n: 1 })
  await again.close()
})

test('a refused upload leaves no file', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const vault = await openIn(directory)
  await t.throwsAsync(vault.putBlob('s', Readable.from([Buffer.alloc(2_000)]), 1_000))
  await t.throwsAsync(vault.putBlob('s', Readable.from([Buffer.alloc(10)]).destroy(), 1_000))
  const files = await readdir(join(directory, 'blobs'), { recursive: true })
  t.deepEqual(files, ['aside'])
  await vault.close()
})

test('closed, it answers nothing more', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const vault = await openIn(directory)
  const written = vault.put('s', 'k', { n: 1 })
  await Promise.all([vault.close(), vault.close()])
  await t.notThrowsAsync(written)
  for (const refused of [
    () => vault.get('s', 'k'),
    () => vault.put('s', 'k', {}),
    () => vault.take('s', 'k'),
    () => vault.next('c'),
    () => vault.rewrite(),
    () => listAll(vault, 's'),
  ]) {
    await t.throwsAsync(refused(), { instanceOf: VaultUnavailable })
  }
})

test('no number that was given is given again after a kill', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  let last = 0n
  for (const lines of [40, 400, 4_000]) {
    const given = (await runUntilKilled(['numbers', directory], lines)).map(BigInt)
    t.is(new Set(given).size, given.length)
    t.true(given.every((number) => number > last))
    const vault = await openIn(directory)
    const next = await vault.next('c')
    t.true(given.every((number) => number < next))
    last = next
    await vault.close()
  }
})

test('what was taken stays taken after a kill, and what was put is there', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const said = await runUntilKilled(['takes', directory], 3_000)
  const vault = await openIn(directory)
  const there = new Set(await listAll(vault, 'codes'))
  const taken = new Set(said.filter((line) => line.startsWith('took ')).map((line) => line.slice(5)))
  const put = said.filter((line) => line.startsWith('put ')).map((line) => line.slice(4))
  t.true(taken.size > 100)
  t.deepEqual(
    [...taken].filter((key) => there.has(key)),
    [],
  )
  // The answer of a take may have been lost with the process, but only of the 32 that were on their way.
  t.true(put.filter((key) => !taken.has(key) && !there.has(key)).length <= 32)
  await vault.close()
})

test('a full disk ends it, with everything that was answered and nothing that was not', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const { said, code } = await runUntilFull(['fill', directory], 2 * 1024 * 1024)
  t.is(code, 75)
  t.true(said.length > 100)
  const vault = await openIn(directory)
  t.deepEqual([...(await listAll(vault, 'full'))].sort(), [...said].sort())
  await vault.put('full', 'again', {})
  await vault.close()
})
