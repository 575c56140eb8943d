/**
 * Proves what clients are told of our stores (afrodite 9): given accounts that are linked to users and devices, when they name types and things
 * happen, then they get exactly the counts that the history has, for what the linked identity may read at that moment and for nothing else.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { caller, hex, ROOT } from '../../support/stores-domain.ts'
import { FAMILY_ID } from '../../support/timelimit-domain.ts'
import { FAMILY, PHONE } from '../../support/timelimit-family.ts'
import { labelled, roleOf, silent, startRig, until } from './afrodite-store-rig.ts'

const LABELS = 132
const OBJECTS = 129
const CATEGORIES = 66
const SCOPE = `stores:${ROOT}`

const device = (id: string): string => `${FAMILY_ID}-${id}`

test('the message is the one of afrodite 9.3, member for member', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  await rig.touchLabels(272)
  const client = rig.connect(aid)
  await client.list([LABELS, 255])
  await rig.create('labels', hex('77'), undefined, caller({ group: ROOT, branch: [ROOT] }))
  await until(() => client.frames.length === 2)
  const before =
    '{"event":"StoreChanged","account_state":null,"capabilities":null,"visibility":null,"account_sync_version":null,"latest_viewed_message_changed":null,"content_processing_state_changed":null,"store_changed":'
  t.deepEqual(client.frames, [
    `${before}{"type":132,"version":17,"count":272}}`,
    `${before}{"type":132,"version":18,"count":273,"ids":["${hex('77')}"]}}`,
  ])
})

test('equal bytes are in step only while fewer than 255 changes happened since (afrodite 9.2)', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const login = 'login'
  const connect = async (byte: number) => {
    const client = rig.connect(aid, login)
    await client.list([LABELS, byte])
    const news = client.news().map(({ version, count, ids }) => [version, count, ids])
    await client.close()
    return news
  }
  t.deepEqual(await connect(0), [[0, 0, undefined]], 'nothing is remembered of a new login')
  t.deepEqual(await connect(0), [])
  await rig.touchLabels(254)
  t.deepEqual(await connect(0), [[254, 254, undefined]])
  t.deepEqual(await connect(254), [])
  await rig.touchLabels(1)
  t.deepEqual(await connect(255), [[0, 255, undefined]], '255 is "I have nothing", n = 255 is the byte 0')
  t.deepEqual(await connect(0), [])
  await rig.touchLabels(254)
  t.deepEqual(await connect(0), [[254, 509, undefined]])
  await rig.touchLabels(1)
  t.deepEqual(await connect(254), [[0, 510, undefined]])
  t.deepEqual(await connect(0), [])
  await rig.touchLabels(255)
  t.deepEqual(await connect(0), [[0, 765, undefined]], 'the same byte, 255 changes later')
  await rig.touchLabels(254)
  t.deepEqual(await connect(254), [], 'fewer than 255 changes: whoever has the byte has the data')
})

test('items are handled in order, repetitions too', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig, ['*'])
  await rig.touchLabels(3)
  const client = rig.connect(aid)
  await client.list([LABELS, 255], [OBJECTS, 9], [LABELS, 255], [LABELS, 3], [LABELS, 1])
  t.deepEqual(
    client.news().map(({ type, count }) => [type, count]),
    [
      [LABELS, 3],
      [OBJECTS, 0],
      [LABELS, 3],
      [LABELS, 3],
    ],
  )
})

test('live changes are counted without a read, only of types that were named', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig, ['*'])
  const client = rig.connect(aid)
  await client.list([LABELS, 255])
  client.news()
  const reads = rig.reads.length
  for (let i = 1; i <= 5; i++) {
    await rig.create('files', hex(10 + i), undefined, caller({ group: ROOT, branch: [ROOT] }))
    await rig.create('labels', hex(i), undefined, caller({ group: ROOT, branch: [ROOT] }))
  }
  await rig.patch('labels', hex(2), { name: 'new' })
  await rig.remove('labels', hex(1))
  await until(() => client.frames.length === 8)
  t.deepEqual(
    client.news().map(({ type, version, count, ids }) => [type, version, count, ...(ids ?? [])]),
    [1, 2, 3, 4, 5, 2, 1].map((id, index) => [LABELS, index + 1, index + 1, hex(id)]),
  )
  t.is(rig.reads.length, reads)
})

test('who is not linked, or names nothing of ours, gets nothing and costs nothing', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const nobody = rig.connect(await rig.account({}))
  const onlyUser = rig.connect(aid)
  const unnamed = rig.connect(aid)
  await nobody.list([LABELS, 255], [CATEGORIES, 255])
  await onlyUser.list([CATEGORIES, 255], [32, 255], [0, 255])
  unnamed.start()
  t.is(rig.listeners(), 0)
  await rig.touchLabels(1)
  await silent()
  for (const client of [nobody, onlyUser, unnamed]) t.deepEqual(client.frames, [])
})

test('more than 32 ids are left out', async (t) => {
  const rig = await startRig(t)
  await rig.family(...FAMILY)
  const client = rig.connect(await rig.account({ timelimit: device(PHONE) }))
  await client.list([CATEGORIES, 255])
  client.news()
  const sorted = (count: number) =>
    fact('CategoriesSorted', {
      items: Array.from({ length: count }, (_, sort) => ({ categoryId: `c${sort}`, sort })),
    })
  await rig.family(sorted(32), sorted(33))
  await until(() => client.frames.length === 3)
  t.deepEqual(
    client.news().map(({ ids }) => ids?.length),
    [32, undefined],
  )
})

test('what happens while the list is handled is told once, after it', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const client = rig.connect(aid)
  let times = 0
  // The change is heard of before the counts are read, which then contain it.
  rig.onRead.before = async (collection) => {
    if (collection !== 'afrodite_sync_counts' || times++ > 0) return
    await rig.touchLabels(2)
    await silent()
  }
  await client.name(LABELS, 255)
  t.deepEqual(client.news(), [{ type: LABELS, version: 2, count: 2 }])
  const at = caller({ group: ROOT, branch: [ROOT] })
  await rig.create('labels', hex('1'), undefined, at)
  await rig.create('labels', hex('2'), undefined, at)
  await silent()
  t.deepEqual(client.news(), [], 'not before the list is through')
  client.start()
  t.deepEqual(client.news(), [{ type: LABELS, version: 4, count: 4, ids: [hex('1'), hex('2')] }])
  await rig.create('labels', hex('3'), undefined, at)
  await until(() => client.frames.length === 3)
  t.deepEqual(client.news(), [{ type: LABELS, version: 5, count: 5, ids: [hex('3')] }])
})

test('more than can wait is told as the newest count', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const [client, witness] = [rig.connect(aid), rig.connect(aid)]
  await client.name(LABELS, 255)
  await witness.list([LABELS, 255])
  client.news()
  for (let i = 0; i < 6; i++) await rig.touchLabels(400)
  await until(() => witness.frames.length === 2401)
  client.start()
  await until(() => client.frames.length === 2)
  t.deepEqual(client.news(), [{ type: LABELS, version: 2400 % 255, count: 2400 }])
  await rig.touchLabels(1)
  await until(() => client.frames.length === 3)
  t.is(client.news()[0]?.count, 2401)
})

test('a store that does not answer in the sync step is the caller’s affair', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const client = rig.connect(aid)
  rig.onRead.before = () => Promise.reject(new Error('the store is away'))
  await t.throwsAsync(() => client.name(LABELS, 255))
  rig.onRead.before = () => undefined
  await client.list([LABELS, 255])
  t.is(client.frames.length, 1)
})

test('counts are remembered for the login: after the list, at the end, and anew before they expire', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const entry = async (login: string) => rig.vault.get('afrodite.remembered', login)
  const client = rig.connect(aid, 'l1')
  await client.list([LABELS, 255])
  await silent()
  t.deepEqual((await entry('l1'))?.value, { [SCOPE]: { [LABELS]: 0 } })
  await rig.touchLabels(7)
  await until(() => client.frames.length === 1 + 7)
  t.deepEqual((await entry('l1'))?.value, { [SCOPE]: { [LABELS]: 0 } }, 'not at every event')
  await client.close()
  await client.close()
  t.deepEqual((await entry('l1'))?.value, { [SCOPE]: { [LABELS]: 7 } })
  t.is(await entry('l2'), undefined)
  const { version, expiresAt } = (await entry('l1')) ?? {}
  t.is(expiresAt, rig.clock.now + 90 * 86_400_000)
  const again = async () => {
    const next = rig.connect(aid, 'l1')
    await next.list([LABELS, 7])
    await next.close()
    return (await entry('l1'))?.version
  }
  t.is(await again(), version, 'nothing new, nothing written')
  rig.clock.now += 46 * 86_400_000
  t.not(await again(), version)
  await rig.vault.deleteSubject(`afrodite.account-${aid}`)
  t.is(await entry('l1'), undefined)
})

test('nothing is sent after the end, and nobody listens any more', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const client = rig.connect(aid)
  const late = rig.connect(aid)
  await client.list([LABELS, 255])
  rig.onRead.before = async () => {
    await late.close()
    await client.close()
  }
  await late.name(LABELS, 255)
  await rig.patch('roles', roleOf(user), { credentials: ['*'] })
  await rig.touchLabels(1)
  await silent()
  t.is(client.frames.length, 1)
  t.is(late.frames.length, 0)
  t.is(rig.listeners(), 0)
})

test('whoever connects in the middle of a burst ends with the count of the history', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const clients = []
  const burst = (async () => {
    for (let i = 0; i < 60; i++) {
      await rig.touchLabels(1 + (i % 4))
      if (i % 10 === 5) await rig.patch('roles', roleOf(user), { credentials: ['GET /labels', `GET /x${i}`] })
    }
  })()
  for (let i = 0; i < 12; i++) {
    const client = rig.connect(aid)
    await client.list([LABELS, i], [LABELS, 255])
    clients.push(client)
    await pause(i % 3)
  }
  await burst
  await silent()
  for (const client of clients) {
    const counts = client.news().map(({ count }) => count)
    t.is(counts.at(-1), 150)
    t.deepEqual(
      [...counts].sort((a, b) => a - b),
      counts,
    )
    t.true(new Set(counts).size >= counts.length - 1, 'only the sync step may repeat a count')
  }
})
