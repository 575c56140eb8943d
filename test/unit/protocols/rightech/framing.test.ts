/**
 * List bodies byte for byte (rightech 2.7): whole, streamed in whole units, and broken off rather than closed when reading fails. Pages come
 * from generators that count how far they were read.
 */
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { Document } from '../../../../src/documents/port.ts'
import { frame, frameStream } from '../../../../src/protocols/rightech/framing.ts'
import { until } from '../../../support/waiting.ts'

type Counted = { pages: AsyncIterable<readonly Document[]>; read: () => number; ended: () => boolean }

const counted = (sizes: readonly number[], failAt = Infinity): Counted => {
  let read = 0
  let ended = false
  async function* generate(): AsyncGenerator<readonly Document[]> {
    try {
      let n = 0
      for (const size of sizes) {
        await Promise.resolve()
        if (read === failAt) throw new Error('the store is gone')
        read += 1
        yield Array.from({ length: size }, () => ({ _id: `${n++}` }))
      }
    } finally {
      ended = true
    }
  }
  return { pages: generate(), read: () => read, ended: () => ended }
}

const encode = (document: Document): string => JSON.stringify(document)
const chunksOf = async (stream: Readable): Promise<readonly string[]> => {
  const chunks: string[] = []
  for await (const chunk of stream) chunks.push(String(chunk))
  return chunks
}

test('the layout of none, one and two', async (t) => {
  t.is(await frame(counted([]).pages, encode), '[\n]\n')
  t.is(await frame(counted([0]).pages, encode), '[\n]\n')
  t.is(await frame(counted([1]).pages, encode), '[\n{"_id":"0"}\n]\n')
  t.is(await frame(counted([1, 0, 1]).pages, encode), '[\n{"_id":"0"}\n,\n{"_id":"1"}\n]\n')
})

test('a stream hands over whole units', async (t) => {
  t.deepEqual(await chunksOf(await frameStream(counted([0, 2, 1]).pages, encode)), [
    '[\n{"_id":"0"}',
    '\n,\n{"_id":"1"}',
    '\n,\n{"_id":"2"}',
    '\n]\n',
  ])
  t.deepEqual(await chunksOf(await frameStream(counted([0]).pages, encode)), ['[\n]\n'])
})

test('a list that grows too long for memory goes on as a stream with the same bytes', async (t) => {
  const whole = await frame(counted([50, 50, 50]).pages, encode, Infinity)
  const streamed = await frame(counted([50, 50, 50]).pages, encode, 100)
  t.not(typeof streamed, 'string')
  t.deepEqual(typeof streamed === 'string' ? '' : (await chunksOf(streamed)).join(''), whole)
})

test('what fails at the first page is an ordinary failure, what fails later breaks the stream', async (t) => {
  await t.throwsAsync(frame(counted([1], 0).pages, encode), { message: 'the store is gone' })
  await t.throwsAsync(frameStream(counted([1], 0).pages, encode), { message: 'the store is gone' })
  await t.throwsAsync(async () => chunksOf(await frameStream(counted([1, 1], 1).pages, encode)), {
    message: 'the store is gone',
  })
})

test('an entity that cannot be written ends the reading', async (t) => {
  const list = counted([1, 1])
  await t.throwsAsync(
    frame(list.pages, () => {
      throw new Error('no JSON')
    }),
    { message: 'no JSON' },
  )
  t.true(list.ended())
})

test('pages are read as they are taken, and let go when the taker leaves', async (t) => {
  const list = counted(Array.from({ length: 1000 }, () => 1))
  const stream = await frameStream(list.pages, () => 'x'.repeat(10_000))
  stream.read(1)
  await pause(20)
  t.true(list.read() < 20, `${list.read()} pages were read for nobody`)
  stream.destroy()
  await once(stream, 'close')
  await until(list.ended)
  t.pass()
})

test('a stream that nobody began to read lets its pages go too', async (t) => {
  const list = counted([1, 1])
  const stream = await frameStream(list.pages, encode)
  stream.destroy()
  await once(stream, 'close')
  await until(list.ended)
  t.pass()
})

test('over HTTP every unit is a chunk of its own', async (t) => {
  const server = createServer((_req, res) => {
    void frameStream(counted([3]).pages, encode).then((stream) => pipeline(stream, res, () => undefined))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const chunks = await new Promise<string[]>((resolve) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      const seen: string[] = []
      response.on('data', (chunk: Buffer) => seen.push(chunk.toString()))
      response.on('end', () => resolve(seen))
    })
  })
  t.deepEqual(chunks, ['[\n{"_id":"0"}', '\n,\n{"_id":"1"}', '\n,\n{"_id":"2"}', '\n]\n'])
})
