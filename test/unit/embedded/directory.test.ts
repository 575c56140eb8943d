/** Proves that a data directory has one holder at a time, whatever way the last one ended, and where things lie in it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import {
  adminSocketPath,
  DirectoryInUse,
  freeBytes,
  historyPath,
  openDirectory,
} from '../../../src/embedded/directory.ts'
import { freshDirectory } from '../../support/history-embedded.ts'

const holder = async (path: string) => {
  const child = spawn(process.execPath, ['dist/tests/support/holding.js', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

test('a directory is made for its owner alone, and can be opened again once it is closed', async (t) => {
  const path = join(await freshDirectory(t), 'deep', 'data')
  const first = await openDirectory(path)
  t.is((await stat(path)).mode & 0o777, 0o700)
  const error = await t.throwsAsync(openDirectory(path), { instanceOf: DirectoryInUse })
  t.is(error.pid, process.pid)
  await first.close()
  await first.close()
  const second = await openDirectory(path)
  await second.close()
})

test("another process is refused, with the holder's pid, until the holder is killed", async (t) => {
  const path = await freshDirectory(t)
  const child = await holder(path)
  const error = await t.throwsAsync(openDirectory(path), { instanceOf: DirectoryInUse })
  t.is(error.pid, child.pid)
  t.regex(error.message, new RegExp(`process ${child.pid}`))
  child.kill('SIGKILL')
  await once(child, 'exit')
  await t.notThrowsAsync(async () => (await openDirectory(path)).close())
})

test('a copy of a directory in use opens at once', async (t) => {
  const path = await freshDirectory(t)
  const copy = join(await freshDirectory(t), 'copy')
  const child = await holder(path)
  await cp(path, copy, { recursive: true })
  const opened = await openDirectory(copy)
  t.is(opened.path, copy)
  await opened.close()
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('the address of the admin socket always fits', async (t) => {
  const short = await freshDirectory(t)
  t.is(await adminSocketPath(short), join(short, 'admin.sock'))
  const long = join(short, 'x'.repeat(120))
  await mkdir(long)
  const address = await adminSocketPath(long)
  t.is(dirname(address), tmpdir())
  t.is(await adminSocketPath(`${long}/../${'x'.repeat(120)}/`), address)
  const server = createServer().listen(address)
  await once(server, 'listening')
  server.close()
  t.not(await adminSocketPath(short), address)
})

test('files lie in the directory, and its free space is known', async (t) => {
  const path = await freshDirectory(t)
  t.is(dirname(historyPath(path)), path)
  t.true((await freeBytes(path)) > 0)
})
