/**
 * Proves that clients of the served history cannot hurt the process: who reads slowly, or not at all, costs a page and not the history, too
 * many are refused, and appends that never end are not kept. Nor can messages that are none.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonEvent } from '@eventstore/db-client'
import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { status, type ClientReadableStream } from '@grpc/grpc-js'
import test from 'ava'
import { SERVED_READS_MAX } from '../../src/limits.ts'
import { PATHS } from '../support/eventstoredb/client.ts'
import { clientOf, filteredIds, openReads, startListening } from '../support/listen.ts'
import { cleanUp, type RunningServer } from '../support/server.ts'
import { until } from '../support/waiting.ts'

let server: RunningServer
test.before(async () => {
  server = await startListening()
})
test.after.always(() => cleanUp(server))

const MIB = 1024 * 1024
const LARGE_EVENTS = 32
const READERS = 20

const memoryOf = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
}

test.serial(
  'more reads than there is room for are refused, and there is room when they have ended',
  async (t) => {
    const reads = openReads(server)
    t.teardown(reads.close)
    const codes: unknown[] = []
    // Subscriptions, because they do not end by themselves.
    const calls = Array.from({ length: SERVED_READS_MAX + 8 }, () => reads.subscribe())
    for (const call of calls) {
      call.on('data', () => undefined)
      call.on('error', (error) => codes.push('code' in error ? error.code : error))
    }
    await until(() => codes.length >= 8)
    t.deepEqual(
      codes,
      Array.from({ length: 8 }, () => status.RESOURCE_EXHAUSTED),
    )
    for (const call of calls) call.cancel()
    let found: readonly string[] = []
    for (let tries = 0; found.length === 0 && tries < 1_500; tries += 1) {
      await sleep(20)
      found = await filteredIds(server, { on: 'stream', regex: '.', count: 3 }).catch(() => [])
    }
    t.is(found.length, 3)
  },
)

test.serial(
  'readers that take nothing cost a page each, forwards and backwards, and then read all',
  async (t) => {
    const client = clientOf(server)
    t.teardown(() => client.dispose())
    const large = () => jsonEvent({ type: 'large', data: 'x'.repeat(900_000) })
    for (let n = 0; n < LARGE_EVENTS; n += 1) await client.appendToStream('large-1', large(), PATHS.unary)
    const before = await memoryOf(server.pid)
    const reads = openReads(server)
    t.teardown(reads.close)
    const calls = Array.from({ length: READERS }, (_, n) =>
      reads.read({ on: 'stream', prefixes: ['large-'], ...(n % 2 === 0 ? { backwards: true } : {}) }),
    )
    for (const call of calls) {
      call.on('error', () => undefined)
      call.pause()
    }
    await sleep(1_500)
    const grown = (await memoryOf(server.pid)) - before
    t.log(`${Math.round(grown / MIB)} MiB`)
    // All of it for each of them would be 550 MiB.
    t.true(grown < 350 * MIB)
    const [down, up] = calls
    t.is(await countOf(down), LARGE_EVENTS)
    t.is(await countOf(up), LARGE_EVENTS)
    for (const call of calls) call.cancel()
  },
)

test.serial('messages that are none end their call, and hold up nobody', async (t) => {
  const session = connect(server.urlOf('eventstore').replace('esdb:', 'http:'))
  t.teardown(() => session.close())
  const codeOf = async (method: string, message: string): Promise<unknown> => {
    const call = session.request({
      ':method': 'POST',
      ':path': `/event_store.client.${method}`,
      ...{ 'content-type': 'application/grpc', te: 'trailers' },
    })
    const told: { [name: string]: unknown } = {}
    for (const headers of ['response', 'trailers'])
      call.on(headers, (more: object) => void Object.assign(told, more))
    const bytes = Buffer.from(message, 'hex')
    const length = Buffer.alloc(5)
    length.writeUInt32BE(bytes.length, 1)
    call.resume().end(Buffer.concat([length, bytes]))
    await once(call, 'close')
    return Number(told['grpc-status'])
  }
  for (const method of ['Read', 'Append', 'BatchAppend'])
    for (const message of ['0affffffff0f', '08ffffffff0f', '0a7f', 'ffffffffffff'])
      t.is(await codeOf(`streams.Streams/${method}`, message), status.INTERNAL, `${method} ${message}`)
  t.is(await codeOf('gossip.Gossip/Read', '0affffffff0f'), status.OK)
  t.is(await codeOf('server_features.ServerFeatures/GetSupportedMethods', 'ffff'), status.OK)
  t.is(await codeOf('streams.Streams/Delete', 'ffff'), status.UNIMPLEMENTED)
  t.is((await fetch(`${server.url}/ready`)).status, 200)
})

const countOf = async (call: ClientReadableStream<ReadResp> | undefined): Promise<number> => {
  let count = 0
  for await (const _ of (call ?? []) as AsyncIterable<ReadResp>) count += 1
  return count
}
