/**
 * Proves what a family's events leave in documents beside what devices pull: who a token is, whose a mail address is, mails that wait, what jobs look
 * for; that handlers keep to the port's rules; and that an erased family leaves only its dead tokens.
 */
import test from 'ava'
import * as fc from 'fast-check'
import { timelimit } from '../../../projections/timelimit.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Documents } from '../../../src/documents/port.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { mailsStream } from '../../../src/domain/timelimit/names.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { FAMILY_ID, lifeOf, stored, steps, STREAM } from '../../support/timelimit-domain.ts'
import { DAD, FAMILY, GAMES, MUM, NOW, PHONE, SPARE, TABLET } from '../../support/timelimit-family.ts'
import { contentsOf, project, writesOf } from '../../support/timelimit-read.ts'

const after = async (...facts: readonly Fact[]) => {
  const documents = memoryDocuments()
  await project(documents, ...stored([...FAMILY, ...facts]))
  return documents
}

const valueOf = async (documents: Documents, collection: string, id: string) =>
  (await documents.get(collection, id))?.value

/** An event of another stream than the family's. */
const other = (stream: string, type: string, data: JsonObject): StoredEvent => {
  const [event] = stored([{ type, data }], 1_000)
  if (event === undefined) throw new Error('no event')
  return { ...event, stream, revision: 0n }
}

test('each event writes a document once, into declared collections that an erasure finds', (t) => {
  const personal = Object.entries(timelimit.collections).flatMap(([name, { indexes }]) =>
    indexes.some(({ keys }) => keys[0] === '_s') ? [name] : [],
  )
  fc.assert(
    fc.property(steps(10), (all) => {
      for (const event of lifeOf(all).events) {
        const writes = writesOf(event)
        const places = writes.map((write) => `${write.collection} ${'id' in write ? write.id : '?'}`)
        t.is(new Set(places).size, places.length, event.type)
        for (const write of writes) {
          t.true(write.collection in timelimit.collections, write.collection)
          if ('put' in write && personal.includes(write.collection)) t.deepEqual(write.put['_s'], [STREAM])
          else if ('put' in write) t.deepEqual(write.put, {})
        }
        const last = writes.at(-1)
        if (writes.length > 0) t.is(last?.collection, 'timelimit_families', event.type)
      }
    }),
    { numRuns: 20 },
  )
})

test('a token is known until it ends, and dead for ever after', async (t) => {
  const documents = await after(
    fact('DeviceRemoved', { deviceId: SPARE, requests: [], tokenHash: `hash of ${SPARE}` }),
    fact('DeviceUninstallReported', { deviceId: TABLET, tokenHash: `hash of ${TABLET}` }),
    fact('DeviceRemoved', { deviceId: TABLET, requests: [] }),
  )
  const token = (id: string) => valueOf(documents, 'timelimit_devices_by_token', `hash of ${id}`)
  const old = (id: string) => valueOf(documents, 'timelimit_old_tokens', `hash of ${id}`)
  t.deepEqual(await token(PHONE), {
    _id: `hash of ${PHONE}`,
    family: FAMILY_ID,
    device: PHONE,
    _s: [STREAM],
  })
  t.deepEqual([await token(SPARE), await token(TABLET), await old(PHONE)], [undefined, undefined, undefined])
  for (const id of [SPARE, TABLET]) t.deepEqual(await old(id), { _id: `hash of ${id}` })
})

test('a family is found by the mails of its parents, as long as they are there', async (t) => {
  const documents = await after(
    fact('ParentMailLinked', { userId: DAD, sealed: { mail: 'dad@example.org', locale: 'de' } }),
  )
  const has = (mail: string) => documents.count('timelimit_user_lists', { 'mails.mail': mail })
  t.deepEqual([await has('mum@example.org'), await has('dad@example.org'), await has('')], [1, 1, 0])
  await project(documents, ...stored([fact('UserRemoved', { userId: DAD })], 50))
  t.deepEqual([await has('mum@example.org'), await has('dad@example.org')], [1, 0])
})

test('no document has a second hash', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(8), async (all) => {
      const documents = memoryDocuments()
      const { events } = lifeOf(all)
      await project(documents, ...events)
      const text = JSON.stringify(await contentsOf(documents))
      for (const { data } of events) {
        const { sealed } = data as { sealed?: { secondHash?: string } }
        if (sealed?.secondHash !== undefined && sealed.secondHash !== '')
          t.false(text.includes(sealed.secondHash))
      }
    }),
    { numRuns: 20 },
  )
})

test('a mail waits until it is settled', async (t) => {
  const sealed = { to: 'mum@example.org', locale: 'de', params: { deviceName: 'x' } }
  const documents = await after(fact('MailQueued', { kind: 'uninstall', at: 5, sealed }))
  const [event] = stored([fact('ForceSyncRequested', {})], FAMILY.length)
  const mail = event?.id ?? ''
  t.deepEqual(await valueOf(documents, 'timelimit_mails', mail), {
    _id: mail,
    family: FAMILY_ID,
    kind: 'uninstall',
    at: 5,
    ...sealed,
    _s: [STREAM],
  })
  await project(documents, other(mailsStream(FAMILY_ID), 'MailSettled', { mail, result: 'sent' }))
  t.is(await valueOf(documents, 'timelimit_mails', mail), undefined)
})

test("the operators' message is one document", async (t) => {
  const documents = memoryDocuments()
  await project(documents, other('timelimit.system-status', 'StatusMessageChanged', { message: 'Hello' }))
  t.deepEqual(await contentsOf(documents), {
    'timelimit_status message': { at: 2_001, value: { _id: 'message', message: 'Hello' } },
  })
})

test('a family is due when its premium runs out, and not twice', async (t) => {
  const documents = await after()
  const due = (until: number) => documents.count('timelimit_families', { 'premium.due': { $lt: until } })
  t.deepEqual([await due(NOW), await due(NOW + 1)], [0, 1])
  await project(documents, ...stored([fact('PremiumExpired', {})], 50))
  t.is(await due(NOW + 1), 0)
  const bought = { service: 's', type: 'month', at: 1, until: NOW + 9, debts: 0, isFull: true, sealed: null }
  await project(documents, ...stored([fact('PremiumExtended', bought)], 51))
  t.deepEqual([await due(NOW + 9), await due(NOW + 10)], [0, 1])
})

test('used times are found by when they were touched last, until nothing of then is left', async (t) => {
  const used = (day: number, touched: number) =>
    fact('UsedTimeAdded', {
      categoryId: GAMES,
      day,
      added: 1,
      counters: [{ start: 0, end: 1439, used: 1 }],
      sessions: [],
      touched: [touched, touched],
    })
  const documents = await after(used(1, 10), used(2, 20))
  const found = (before: number) =>
    documents.count('timelimit_used_times', { 'touched.counters': { $lt: before } })
  t.deepEqual([await found(10), await found(11)], [0, 1])
  const item = {
    categoryId: GAMES,
    counters: [{ day: 1, start: 0, end: 1439 }],
    sessions: [],
    touched: { counters: [20], sessions: [] },
  }
  await project(documents, ...stored([fact('UsedTimesPruned', { items: [item] })], 50))
  t.deepEqual([await found(20), await found(21)], [0, 1])
  t.is(await documents.count('timelimit_used_times', { 'touched.sessions': { $exists: true } }), 3)
})

test('the answers to a key request go with it', async (t) => {
  const request = (serverSeq: number, replaces: readonly number[]) =>
    fact('KeyRequested', {
      serverSeq,
      sender: PHONE,
      dsn: 1,
      dataType: 1,
      tempKey: '',
      signature: '',
      replaces,
    })
  const answered = fact('KeyRequestReplied', { serverSeq: 1, sender: TABLET, to: PHONE, replySeq: 1, dsn: 1 })
  const open = async (...facts: readonly Fact[]) =>
    Object.keys(
      ((await valueOf(await after(...facts), 'timelimit_key_requests', FAMILY_ID)) as JsonObject)[
        'requests'
      ] as JsonObject,
    )
  t.deepEqual(await open(request(1, []), answered), ['r1'])
  t.deepEqual(await open(request(1, []), answered, request(2, [1])), ['r2'])
  t.deepEqual(await open(request(1, []), fact('KeyRequestFinished', { serverSeqs: [1] })), [])
  t.deepEqual(await open(request(1, []), fact('CategoryDeleted', { categoryId: GAMES, requests: [1] })), [])
  t.deepEqual(await open(request(1, []), fact('DeviceRemoved', { deviceId: PHONE, requests: [1] })), [])
})

test('an event that is not as it should be stops its reader', (t) => {
  for (const [type, data] of [
    ['UserFlagsChanged', { userId: MUM }],
    ['DeviceRemoved', { deviceId: 1, requests: [] }],
    ['CategoryDeleted', {}],
  ] as const)
    t.throws(() => writesOf(other(STREAM, type, data)), { instanceOf: TypeError }, type)
  t.throws(() => writesOf(other(mailsStream(FAMILY_ID), 'MailSettled', {})), { instanceOf: TypeError })
  t.deepEqual(writesOf(other(STREAM, 'SomethingNew', {})), [])
})
