/** The socket between operators' scripts and a server: what each side sees when the other goes away, is not there, or sends what nobody asked for. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { askServer, startAdmin, type Job } from '../../../src/operating/admin.ts'

const directories: string[] = []
test.after.always(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))))

const socketPath = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-admin-'))
  directories.push(directory)
  return join(directory, 'admin.sock')
}

const forEver: Job = (_input, { tell, signal }) => {
  tell({ progress: 1 })
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('broken off'))),
  )
}

test('a job answers line by line, its result last', async (t) => {
  const path = await socketPath()
  const server = await startAdmin(path, {
    twice: ({ n }, { tell }) => {
      tell({ progress: n ?? null })
      return Promise.resolve({ n: Number(n) * 2 })
    },
  })
  const lines: unknown[] = []
  t.deepEqual(await askServer(path, 'twice', { n: 4 }, (line) => lines.push(line)), { n: 8 })
  t.deepEqual(lines, [{ progress: 4 }])
  await t.throwsAsync(
    askServer(path, 'thrice', {}, () => undefined),
    { message: /does not know how to thrice/ },
  )
  await server.close()
})

test('a server that goes away in the middle of a job ends the wait for it', async (t) => {
  const path = await socketPath()
  const server = await startAdmin(path, { forEver })
  const asking = askServer(path, 'forEver', {}, () => void server.close())
  await t.throwsAsync(asking, { message: /went away/ })
})

test('where nobody answers it says what that may mean', async (t) => {
  await t.throwsAsync(
    askServer(await socketPath(), 'rebuild', {}, () => undefined),
    { message: /starting or stopping/ },
  )
})

test('a job is broken off when its asker goes away, and the next one is served', async (t) => {
  const path = await socketPath()
  let ended = (): void => undefined
  const over = new Promise<void>((resolve) => (ended = resolve))
  const server = await startAdmin(path, {
    forEver: (input, context) => forEver(input, context).finally(ended),
    nothing: () => Promise.resolve({}),
  })
  const asking = request({ socketPath: path, path: '/forEver', method: 'POST' }).end('{}')
  asking.on('error', () => undefined)
  await once(asking, 'response')
  asking.destroy()
  await over
  t.deepEqual(await askServer(path, 'nothing', {}, () => undefined), {})
  await server.close()
})

test('what is no request, no JSON, no object or too long is refused, and half of one holds up no stop', async (t) => {
  const path = await socketPath()
  const server = await startAdmin(path, { nothing: () => Promise.resolve({}) })
  const answer = async (body: string): Promise<string> => {
    const asking = request({ socketPath: path, path: '/nothing', method: 'POST' }).end(body)
    const [response] = (await once(asking, 'response')) as [AsyncIterable<Buffer>]
    let text = ''
    for await (const part of response) text += part.toString()
    return text
  }
  for (const body of ['{', 'null', '[]', `{"a":"${'x'.repeat(100_000)}"}`])
    t.regex(await answer(body), /^\{"error":/)
  const half = createConnection(path)
  half.on('error', () => undefined)
  half.write('POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{')
  await once(half, 'connect')
  const closed = new Promise((resolve) => half.once('close', resolve))
  await server.close()
  await t.notThrowsAsync(closed)
})
