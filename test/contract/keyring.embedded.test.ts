/**
 * Proves that the embedded keyring keeps the keyring's contract, and what only it can be asked: that a destroyed key is nowhere in the
 * file after a rewrite, and that another process can read beside it and follows its rewrites.
 */
import test from 'ava'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openEmbeddedKeyring } from '../../src/vault/embedded/keyring.ts'
import { VaultUnavailable } from '../../src/vault/port.ts'
import { mountKeyring } from './keyring.ts'

const temporary = async (): Promise<string> => mkdtemp(join(tmpdir(), 'headwater-keyring-'))
const remove = (directory: string) => rm(directory, { recursive: true, force: true })

mountKeyring('embedded', 'durable', async () => {
  const directory = await temporary()
  let keyring = await openEmbeddedKeyring({ path: join(directory, 'keyring') })
  return {
    keyring,
    reopen: async () => {
      await keyring.close()
      return (keyring = await openEmbeddedKeyring({ path: join(directory, 'keyring') }))
    },
    dispose: async () => {
      await keyring.close()
      await remove(directory)
    },
  }
})

const contents = async (directory: string): Promise<Buffer> =>
  Buffer.concat(await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name)))))

test('a destroyed key is nowhere in the files after a rewrite', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const keyring = await openEmbeddedKeyring({ path: directory })
  const subjects = Array.from({ length: 200 }, (_, i) => `stores.user-${i}`)
  const keys = new Map<string, Buffer>()
  for (const subject of subjects)
    keys.set(subject, Buffer.from((await keyring.obtain(subject)) as Uint8Array))
  const erased = subjects.filter((_, i) => i % 3 === 0)
  for (const subject of erased) await keyring.destroy(subject)
  const there = async () => {
    const bytes = await contents(directory)
    return (subject: string) => bytes.includes(keys.get(subject) ?? '')
  }
  t.true(erased.some(await there()), 'LMDB keeps deleted bytes; else this test proves nothing')
  await keyring.rewrite()
  const after = await there()
  t.deepEqual(erased.filter(after), [])
  t.true(subjects.filter((subject) => !erased.includes(subject)).every(after))
  await keyring.close()
})

test('find answers at once, cached or not', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const first = await openEmbeddedKeyring({ path: directory })
  const key = await first.obtain('stores.user-1')
  await first.close()
  const keyring = await openEmbeddedKeyring({ path: directory })
  t.deepEqual(keyring.find('stores.user-1'), key as Uint8Array)
  t.is(keyring.find('stores.user-1'), keyring.find('stores.user-1'))
  t.is(keyring.find('stores.user-2'), undefined)
  await keyring.close()
  t.throws(() => keyring.find('stores.user-1'), { instanceOf: VaultUnavailable })
})

const READER = 'dist/tests/support/keyring-reader.js'

test('a process beside the server reads, follows a rewrite, and makes nothing', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  const path = join(directory, 'keyring')
  const keyring = await openEmbeddedKeyring({ path })
  const first = Buffer.from((await keyring.obtain('stores.user-1')) as Uint8Array).toString('hex')
  const reader = promisify(execFile)(process.execPath, [READER, path])
  reader.child.stdout?.once('data', () => {
    void (async () => {
      await keyring.destroy('stores.user-1')
      await keyring.rewrite()
      await keyring.obtain('stores.user-2')
      reader.child.stdin?.end('go\n')
    })()
  })
  const { stdout } = await reader
  const second = Buffer.from((await keyring.obtain('stores.user-2')) as Uint8Array).toString('hex')
  t.deepEqual(stdout.trim().split('\n'), [
    `user-1 ${first}`,
    `user-2 ${second}`,
    'user-1 none',
    'obtain user-1 destroyed',
    'obtain user-3 refused',
    'destroy refused',
  ])
  await keyring.close()
})

test('nothing to read beside is told', async (t) => {
  const directory = await temporary()
  t.teardown(() => remove(directory))
  await t.throwsAsync(openEmbeddedKeyring({ path: join(directory, 'keyring'), readOnly: true }), {
    instanceOf: VaultUnavailable,
  })
  t.deepEqual(await readdir(directory), [])
})
