/**
 * Proves that what a dead node left open is ended, once and wholly, and nothing of a living one, with sessions in an array: whoever comes and
 * goes meanwhile, whatever fails, and however many they are.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Sessions } from '../../../src/commands/afrodite/sessions.ts'
import { DocumentsUnavailable, type Document, type FindOptions } from '../../../src/documents/port.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { endLostNodes, startEndingLostNodes, type LostNodes } from '../../../src/jobs/afrodite/lost-nodes.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { settled } from '../live/rig.ts'

const { signal } = new AbortController()

type Open = { readonly aid: string; node: string | null }

/** Documents that show at once what was ended. */
const setup = (sessions: readonly Open[], changes: Partial<LostNodes> = {}) => {
  const ended: string[] = []
  const failures: unknown[] = []
  let [atOnce, atOnceMost] = [0, 0]
  const document = ({ aid, node }: Open): Document => ({
    _id: aid,
    loginId: 'l',
    connection: node === null ? null : { id: `c-${aid}`, ip: '::1', node },
  })
  const end = (async (aid: string, connectionId: string, cause: string) => {
    atOnceMost = Math.max(atOnceMost, ++atOnce)
    await pause(1)
    atOnce -= 1
    const session = sessions.find((one) => one.aid === aid)
    if (aid.startsWith('throws')) throw new Error(aid)
    if (aid.startsWith('refused')) return E.left(rejection('Unavailable', 'documents_late'))
    if (session !== undefined) session.node = null
    ended.push(`${aid} ${connectionId} ${cause}`)
    return E.right({})
  }) as unknown as Sessions['end']
  const parts: LostNodes = {
    reader: {
      find: async function* (_collection, filter, options: FindOptions = {}) {
        const wanted = filter['connection.node']
        const behind = wanted instanceof Object && '$gt' in wanted ? wanted['$gt'] : undefined
        const open = sessions.filter(({ node }) =>
          typeof behind === 'string' ? node !== null && node > behind : node === wanted,
        )
        if (options.sort !== undefined) open.sort((a, b) => (String(a.node) < String(b.node) ? -1 : 1))
        const found = open.slice(0, options.limit).map(document)
        for (let from = 0; from < found.length; from += 50)
          yield await Promise.resolve(found.slice(from, from + 50))
      },
    },
    sessions: { end },
    nodes: { alive: () => Promise.resolve(new Set(['own', 'other'])) },
    vault: memoryVault({ now: Date.now }),
    everyMs: 60_000,
    onFailure: (error) => void failures.push(error),
    ...changes,
  }
  return { parts, ended, failures, most: () => atOnceMost }
}
const of = (node: string, number: number, name = node): Open[] =>
  Array.from({ length: number }, (_, index) => ({ aid: `${name}-${index}`, node }))

test('all of dead nodes, none of living ones, so many at once', async (t) => {
  const sessions = [...of('own', 3), ...of('dead', 120), ...of('other', 2), ...of('a dead one', 70)]
  const { parts, ended, most } = setup(sessions)
  t.is(await endLostNodes(parts, signal), undefined)
  t.is(ended.length, 190)
  t.true(ended.includes('dead-119 c-dead-119 node-lost'))
  t.deepEqual(
    sessions.filter(({ node }) => node !== null).map(({ aid }) => aid),
    ['own-0', 'own-1', 'own-2', 'other-0', 'other-1'],
  )
  t.is(most(), 16)
  t.is(await endLostNodes(parts, signal), undefined)
  t.is(ended.length, 190)
})

test('a node that began while it was looked is not taken for dead', async (t) => {
  const alive = new Set(['own'])
  const { parts, ended } = setup(of('new', 3), { nodes: { alive: () => Promise.resolve(alive) } })
  const { find } = parts.reader
  const reader: LostNodes['reader'] = {
    find: async function* (...args) {
      // Its lease stands before anything can name it.
      alive.add('new')
      yield* find(...args)
    },
  }
  await endLostNodes({ ...parts, reader }, signal)
  t.deepEqual(ended, [])
})

test('a node that comes back keeps what it opens', async (t) => {
  const answers = [['own'], ['own'], ['own', 'cut off']]
  const alive = (): Promise<ReadonlySet<string>> =>
    Promise.resolve(new Set(answers.length > 1 ? answers.shift() : answers[0]))
  const { parts, ended } = setup(of('cut off', 120), { nodes: { alive } })
  await endLostNodes(parts, signal)
  t.is(ended.length, 50, 'the page that was read before it came back')
})

test('what fails stops nothing else, and is reported once', async (t) => {
  const { parts, ended } = setup([...of('dead', 1, 'throws'), ...of('dead', 2, 'refused'), ...of('dead', 80)])
  const error = await t.throwsAsync(endLostNodes(parts, signal), { message: /^3 connections/ })
  t.true(error.cause instanceof Error)
  t.is(ended.length, 80)
})

test('a vault that cannot say who is alive ends nothing', async (t) => {
  const alive = () => Promise.reject(new Error('down'))
  const { parts, ended } = setup(of('dead', 3), { nodes: { alive } })
  await t.throwsAsync(endLostNodes(parts, signal), { message: 'down' })
  t.deepEqual(ended, [])
})

test('a round ends in time with more to do, and the next one begins at once', async (t) => {
  const { parts, ended, failures } = setup(of('dead', 2_000))
  const short = { ...parts, everyMs: 2 }
  t.is(await endLostNodes(short, signal), 'more')
  t.true(ended.length > 0 && ended.length < 2_000, String(ended.length))
  let rounds = 0
  const alive = (): Promise<ReadonlySet<string>> => {
    rounds += 1
    return parts.nodes.alive()
  }
  // Between two looks it would be a minute.
  const job = startEndingLostNodes({ ...parts, everyMs: 200, nodes: { alive } })
  t.teardown(job.stop)
  await settled(() => ended.length === 2_000)
  t.is(ended.length, 2_000)
  t.true(rounds > 1)
  t.deepEqual(failures, [])
})

test('at the start it waits until the documents have caught up, and says nothing', async (t) => {
  const { parts, ended, failures } = setup(of('dead', 3))
  const { find } = parts.reader
  let looks = 0
  const reader: LostNodes['reader'] = {
    find: (...args) => {
      if (looks++ < 2) throw new DocumentsUnavailable('not caught up')
      return find(...args)
    },
  }
  const job = startEndingLostNodes({ ...parts, reader })
  t.teardown(job.stop)
  await settled(() => ended.length === 3)
  t.is(ended.length, 3)
  t.deepEqual(failures, [])
})

test('stopping ends a round where it is', async (t) => {
  const { parts, ended } = setup(of('dead', 2_000))
  const job = startEndingLostNodes(parts)
  await settled(() => ended.length > 20)
  await job.stop()
  const before = ended.length
  t.true(before < 2_000)
  await pause(20)
  t.is(ended.length, before)
})
