/**
 * Proves of the auditors' reading, against the real server, that every selector gives what a filter over the whole history gives, that pages cover
 * everything once while others write, that lines are streamed as they are taken, that what is sealed stays sealed, and that the tree proves what was read.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { eventOfJson } from '../../src/history/event-json.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { LINES, linesIn, PHONE, places, startAudited, type Audited } from '../support/auditing.ts'
import { asText } from '../support/client.ts'
import { create, newMember } from '../support/members.ts'
import { cleanUp, runScript } from '../support/server.ts'

let audited: Audited | undefined
const it = (): Audited => audited ?? assert.fail('no server')
test.before(async () => {
  audited = await startAudited(120)
})
test.after.always(() => cleanUp(audited?.server))

test('every selector gives what a filter over everything gives, as pages and as lines', async (t) => {
  const all = await it().lines('')
  const [first, last] = [all[0], all.at(-1)]
  const middle = all[Math.floor(all.length / 2)]
  if (first === undefined || last === undefined || middle === undefined) return t.fail()
  const sealed = all.findLast(({ meta }) => meta.subject !== undefined)
  const [{ meta }, subject] = [middle, sealed?.meta.subject ?? '']
  const selections: readonly (readonly [string, (event: StoredEvent) => boolean])[] = [
    ['', () => true],
    [`stream=${middle.stream}`, ({ stream }) => stream === middle.stream],
    ['type=EntityCreated', ({ type }) => type === 'EntityCreated'],
    [`actor=${meta.actor}`, (event) => event.meta.actor === meta.actor],
    [`subject=${subject}`, (event) => event.meta.subject === subject],
    [`command=${meta.commandId}`, (event) => event.meta.commandId === meta.commandId],
    [`since=${meta.at}`, (event) => event.meta.at >= meta.at],
    [`until=${new Date(meta.at).toISOString()}`, (event) => event.meta.at <= meta.at],
    [
      `type=EntityCreated&actor=${meta.actor}&since=${meta.at}`,
      (event) =>
        event.type === 'EntityCreated' && event.meta.actor === meta.actor && event.meta.at >= meta.at,
    ],
    [`stream=${middle.stream}&type=None`, () => false],
  ]
  for (const [query, holds] of selections) {
    const expected = places(all.filter(holds))
    t.is(expected.length > 0, !query.endsWith('None'), query)
    // Other tests write meanwhile.
    const asked = `${query}&before=${last.position + 1n}`
    t.deepEqual(places(await it().lines(`${asked}&direction=forwards`)), expected, query)
    t.deepEqual(places(await it().paged(`${asked}&direction=forwards&limit=47`, 'after')), expected, query)
    const backwards = await it().paged(`${query}&direction=backwards&limit=53`, 'before')
    const older = backwards.filter(({ position }) => position <= last.position)
    t.deepEqual(places(older), expected.toReversed(), query)
  }
  t.deepEqual(
    places((await it().page(`before=${middle.position}&limit=3`)).events),
    places(all.filter(({ position }) => position < middle.position).slice(-3)).toReversed(),
  )
  t.deepEqual(places((await it().page(`after=${first.position}&limit=2`)).events), places(all.slice(1, 3)))
  t.deepEqual(await it().page(`after=${last.position + 1_000_000n}`), { events: [], next: undefined })
  t.is((await it().lines('limit=7')).length, 7)
  t.deepEqual(eventOfJson((await it().read(`events/${middle.position}`)).json()), middle)
})

test('pages cover everything once while others write', async (t) => {
  const before = await it().head()
  const reading = { ended: false }
  const writing = (async () => {
    const member = await newMember(it().admin)
    while (!reading.ended) await create(member, 'labels')
  })()
  const [forwards, backwards] = await Promise.all([
    it().paged(`before=${before + 1n}&direction=forwards&limit=9`, 'after'),
    it().paged('direction=backwards&limit=9', 'before'),
  ])
  reading.ended = true
  await writing
  t.deepEqual(
    places(forwards),
    places(backwards)
      .toReversed()
      .filter((place) => place <= before),
  )
  t.is(new Set(places(backwards)).size, backwards.length)
})

/** Chunks as they come; the response does not flow by itself. */
const opened = (url: string, query: string, token: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { ...LINES, Authorization: `Bearer ${token}` }
    get(`${url}/history/events?${query}`, { headers, agent: false }, resolve).on('error', reject)
  })

test('lines go to a slow reader whole, and one who leaves leaves nothing behind', async (t) => {
  const head = await it().head()
  const query = `before=${head + 1n}&direction=forwards`
  const expected = places(await it().lines(query))
  const slow = await opened(it().admin.url, query, it().auditor.token)
  t.is(slow.headers['content-type'], 'application/x-ndjson')
  t.is(slow.headers['transfer-encoding'], 'chunked')
  let text = ''
  for await (const chunk of slow) {
    text += String(chunk)
    await pause(20)
  }
  t.deepEqual(places(linesIn(text)), expected)
  for (let n = 0; n < 20; n += 1) {
    const leaving = await opened(it().admin.url, query, it().auditor.token)
    leaving.destroy()
  }
  t.deepEqual(places(await it().lines(query)), expected)
  t.false(it().server.output().includes('"level":50'), it().server.output())
})

test('sealed fields stay sealed, and every event says who, when, which command and what caused it', async (t) => {
  const all = await it().read('events', it().auditor, LINES)
  t.false(all.text.includes(PHONE))
  t.true(linesIn(all.text).some(({ meta }) => meta.subject !== undefined))
  for (const { meta } of linesIn(all.text)) {
    t.true(meta.at > 0)
    for (const text of [meta.actor, meta.commandId, meta.correlationId]) t.regex(text, /./)
  }
})

const node = (one: Buffer, other: Buffer): Buffer =>
  createHash('sha256')
    .update(Buffer.from([1]))
    .update(one)
    .update(other)
    .digest()

/** RFC 9162, 2.1.3.2. */
const rootBy = (leaf: Buffer, index: number, size: number, hashes: readonly Buffer[]): Buffer => {
  let [at, end, root] = [index, size - 1, leaf]
  for (const hash of hashes) {
    if (at % 2 === 1 || at === end) {
      root = node(hash, root)
      while (at % 2 === 0 && at !== 0) [at, end] = [at >> 1, end >> 1]
    } else root = node(root, hash)
    ;[at, end] = [at >> 1, end >> 1]
  }
  return root
}

const buffers = (values: Json | undefined): readonly Buffer[] =>
  (values as readonly string[]).map((value) => Buffer.from(value, 'base64'))

const treeOf = async (t: ExecutionContext, sizeMin: number): Promise<JsonObject> => {
  for (let tries = 0; tries < 600; tries += 1) {
    const tree = (await it().read('tree')).object()
    if (Number(tree['size']) >= sizeMin) return tree
    await pause(50)
  }
  return t.fail()
}

test('the tree proves any event that was read', async (t) => {
  const all = await it().lines('')
  const { size, root } = await treeOf(t, all.length)
  for (const index of [0, 1, 100, all.length - 1]) {
    const event = all[index]
    if (event === undefined) return t.fail()
    const proof = (
      await it().read(`proofs/inclusion?position=${event.position}&size=${asText(size ?? null)}`)
    ).object()
    t.like(proof, { index, size, root, leaf: leafHash(event).toString('base64') })
    const computed = rootBy(leafHash(event), index, Number(size), buffers(proof['hashes']))
    t.is(computed.toString('base64'), asText(root ?? null))
  }
  const consistency = (await it().read(`proofs/consistency?from=3&to=${asText(size ?? null)}`)).object()
  t.like(consistency, { from: 3, to: size })
  t.is(asText((consistency['roots'] as readonly Json[])[1] ?? null), asText(root ?? null))
})

test('the script prints the same, with the same selectors', async (t) => {
  const head = await it().head()
  const dataDir = it().server.dataDir
  const options = ['--type', 'EntityCreated', '--backwards', '--before', String(head + 1n), '--json']
  const printed = await runScript('history', options, dataDir)
  t.is(printed.code, 0, printed.output)
  const expected = await it().lines(`type=EntityCreated&before=${head + 1n}`)
  t.deepEqual(linesIn(printed.output), expected)
  const text = await runScript('history', ['--limit', '3', '--since', '2020-01-01'], dataDir)
  t.is(text.output.match(/ {4}by .+, command .+/g)?.length, 3, text.output)
  t.is((await runScript('history', ['--type', 'None'], dataDir)).code, 1)
  t.is((await runScript('history', ['--from', '1'], dataDir)).code, 2)
})
