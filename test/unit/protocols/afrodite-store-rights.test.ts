/**
 * Proves whose data clients are told of (decisions 21): given accounts that are linked to users and devices, when their rights change while they
 * are connected, then nothing is told that they may not know at that moment, and nothing that they may is lost.
 */
import test from 'ava'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { caller, hex, ROOT } from '../../support/stores-domain.ts'
import { FAMILY_ID } from '../../support/timelimit-domain.ts'
import { FAMILY, GAMES, KID, PHONE, TABLET } from '../../support/timelimit-family.ts'
import { labelled, roleOf, silent, startRig, until } from './afrodite-store-rig.ts'

const LABELS = 132
const OBJECTS = 129
const USERS = 139
const ROLES = 138
const TOKENS = 141
const CATEGORIES = 66
const FAMILY_USERS = 65

const device = (id: string): string => `${FAMILY_ID}-${id}`

test('each is told what it may read, as its own group counts it', async (t) => {
  const rig = await startRig(t)
  const group = hex('99')
  await rig.create('groups', group, undefined, caller({ group: ROOT, branch: [ROOT] }))
  const low = await rig.user('lower', ['GET /labels/*'], group)
  const other = await rig.user('other', ['GET /objects'], group)
  const high = await rig.user('upper', ['GET /*'])
  const clients = []
  for (const user of [low, other, high]) {
    const client = rig.connect(await rig.account({ rightech: user }))
    await client.list([LABELS, 255], [OBJECTS, 255])
    client.news()
    clients.push(client)
  }
  await rig.touchLabels(1)
  await rig.touchLabels(2, [ROOT, group])
  await rig.create('objects', hex('55'), undefined, caller({ group, branch: [ROOT, group] }))
  const [a, b, c] = clients
  await until(() => c?.frames.length === 2 + 4)
  const brief = (client: typeof a) => client?.news().map(({ type, count }) => `${type} ${count}`)
  t.deepEqual(brief(a), ['132 1', '132 2'])
  t.deepEqual(brief(b), ['129 1'])
  t.deepEqual(brief(c), ['132 1', '132 2', '132 3', '129 1'])
})

test('a role that loses a right and gets it back: silence, then the newest count at once', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const client = rig.connect(aid)
  await client.list([LABELS, 255], [OBJECTS, 255])
  t.deepEqual(
    client.news().map(({ type }) => type),
    [LABELS],
    'no right to the other',
  )
  await rig.patch('roles', roleOf(user), { credentials: ['GET /objects'] })
  await rig.touchLabels(3)
  await until(() => client.frames.length === 2)
  t.deepEqual(client.news(), [{ type: OBJECTS, version: 0, count: 0 }], 'what it gained it is told')
  await rig.patch('roles', roleOf(user), { credentials: ['GET /labels'] })
  await rig.touchLabels(1)
  await until(() => client.frames.length >= 4)
  t.deepEqual(client.news().at(-1)?.count, 4)
})

test('a disabled user is told nothing, also of events that were on their way; enabled again, what he missed', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const client = rig.connect(aid)
  await client.list([LABELS, 255], [USERS, 255])
  client.news()
  await rig.patch('users', user, { disabled: true })
  await rig.touchLabels(2)
  await silent()
  t.deepEqual(client.news(), [])
  await rig.patch('users', user, { disabled: false })
  await until(() => client.frames.length === 2)
  t.deepEqual(client.news(), [{ type: LABELS, version: 2, count: 2 }])
  await rig.remove('users', user)
  await rig.touchLabels(1)
  await silent()
  t.deepEqual(client.news(), [])
})

test('a user who is disabled when he connects is ignored until he is not', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  await rig.patch('users', user, { disabled: true })
  await rig.touchLabels(2)
  const client = rig.connect(aid)
  await client.list([LABELS, 255])
  t.deepEqual(client.frames, [])
  await rig.patch('users', user, { disabled: false })
  await until(() => client.frames.length === 1)
  await rig.touchLabels(1)
  await until(() => client.frames.length === 2)
  t.deepEqual(
    client.news().map(({ count }) => count),
    [2, 3],
  )
})

test('an erased user is told nothing more', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const client = rig.connect(aid)
  await client.list([LABELS, 255])
  const subject = `stores.user-${user}`
  await rig.append(`platform.erasure-${subject}`, { type: 'SubjectErased', data: { subject } })
  await rig.touchLabels(1)
  await silent()
  t.is(client.frames.length, 1)
})

test('whose tokens others have is not told: the count is, the ids are not', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig, ['GET /*'])
  const all = await labelled(rig, ['*'])
  const [mine, admin] = [rig.connect(aid), rig.connect(all.aid)]
  for (const client of [mine, admin]) {
    await client.list([TOKENS, 255])
    client.news()
  }
  const at = { group: ROOT, branch: [ROOT] }
  await rig.create('tokens', hex('1'), { name: 'of another' }, caller(at))
  await rig.create('tokens', hex('2'), { name: 'mine' }, caller({ ...at, user }))
  await until(() => admin.frames.length === 3 && mine.frames.length === 3)
  t.deepEqual(
    admin.news().map(({ ids }) => ids),
    [[hex('1')], [hex('2')]],
  )
  t.deepEqual(
    mine.news().map(({ ids }) => ids),
    [undefined, [hex('2')]],
  )
})

test('a device is told of its family, until it is removed, uninstalled, or the family ends', async (t) => {
  const rig = await startRig(t)
  await rig.family(...FAMILY)
  const connect = async (id: string) => {
    const client = rig.connect(await rig.account({ timelimit: device(id) }))
    await client.list([CATEGORIES, 255], [FAMILY_USERS, 255])
    return client
  }
  const [phone, tablet, gone] = [await connect(PHONE), await connect(TABLET), await connect('nobody')]
  t.deepEqual(
    phone.news().map(({ type }) => type),
    [CATEGORIES, FAMILY_USERS],
  )
  t.deepEqual(gone.news(), [])
  const renamed = fact('CategoryRenamed', { categoryId: GAMES, sealed: { title: 'x' } })
  await rig.family(renamed, fact('UserRemoved', { userId: KID }))
  await until(() => phone.frames.length === 4)
  t.deepEqual(
    phone.news().map(({ type, ids }) => [type, ids]),
    [
      [CATEGORIES, [GAMES]],
      [FAMILY_USERS, [KID]],
    ],
  )
  await rig.family(fact('DeviceUninstallReported', { deviceId: TABLET, tokenHash: 'x' }), renamed)
  await until(() => phone.frames.length === 5)
  t.is(tablet.frames.length, 4)
  await rig.family(fact('DeviceRemoved', { deviceId: TABLET, requests: [] }), renamed)
  await until(() => phone.frames.length === 7)
  await rig.family(fact('FamilyDeleted', { reason: 'account', tokenHashes: [] }), renamed)
  await silent()
  t.is(phone.frames.length, 7)
  t.is(tablet.frames.length, 4)
})

test('a link that is taken away ends it at once; another account is not concerned', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig)
  const other = await labelled(rig)
  const [client, witness] = [rig.connect(aid), rig.connect(other.aid)]
  for (const one of [client, witness]) await one.list([LABELS, 255])
  await rig.accounts.run(aid, { type: 'Unlink', protocol: 'rightech' })
  await rig.touchLabels(1)
  await until(() => witness.frames.length === 2)
  await silent()
  t.is(client.frames.length, 1)
  await rig.accounts.run(aid, { type: 'Link', protocol: 'rightech', user })
  await until(() => client.frames.length === 2)
  t.is(client.news().at(-1)?.count, 1)
})

test('rights that cannot be read hold everything up until they can; then nothing is lost or wrong', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig, ['GET /labels', 'GET /roles'])
  const client = rig.connect(aid)
  await client.list([LABELS, 255], [ROLES, 255])
  client.news()
  let failures = 0
  rig.onRead.before = () => {
    failures++
    throw new Error('the store is away')
  }
  await rig.patch('roles', roleOf(user), { credentials: ['GET /labels'] })
  await rig.touchLabels(2)
  await until(() => failures > 3)
  t.deepEqual(client.news(), [])
  rig.onRead.before = () => undefined
  await until(() => client.frames.length === 3)
  t.deepEqual(
    client.news().map(({ type, count }) => [type, count]),
    [[LABELS, 2]],
  )
  t.is(rig.warnings.length, 1)
})
