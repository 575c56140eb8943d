/**
 * Proves that nobody takes old data for new where rights, counts or the linked identity change at an awkward moment (afrodite 9.2): while the
 * sync list is being handled, and between two connections of a login.
 */
import test from 'ava'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { familyStream } from '../../../src/domain/timelimit/names.ts'
import { caller, hex, ROOT } from '../../support/stores-domain.ts'
import { FAMILY_ID } from '../../support/timelimit-domain.ts'
import { FAMILY, PHONE } from '../../support/timelimit-family.ts'
import { labelled, roleOf, silent, startRig, until, type Rig } from './afrodite-store-rig.ts'

const LABELS = 132
const OBJECTS = 129
const FAMILY_USERS = 65

test('more than can wait between two items of the list: the one before is told its newest count', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig, ['*'])
  const [client, witness] = [rig.connect(aid), rig.connect(aid)]
  await client.name(LABELS, 255)
  await witness.list([LABELS, 255])
  for (let i = 0; i < 3; i++) await rig.touchLabels(400)
  await until(() => witness.frames.length === 1201)
  await client.name(OBJECTS, 255)
  client.news()
  client.start()
  await silent()
  t.deepEqual(client.news(), [{ type: LABELS, version: 1200 % 255, count: 1200 }])
})

test('a right that is given between two items of the list: the one before is told', async (t) => {
  const rig = await startRig(t)
  const { user, aid } = await labelled(rig, ['GET /objects'])
  await rig.touchLabels(2)
  const client = rig.connect(aid)
  await client.list()
  const late = rig.connect(aid)
  await late.name(LABELS, 255)
  t.deepEqual(late.news(), [])
  await rig.patch('roles', roleOf(user), { credentials: ['*'] })
  await silent()
  await late.name(OBJECTS, 255)
  t.deepEqual(late.news(), [{ type: OBJECTS, version: 0, count: 0 }])
  late.start()
  await silent()
  t.deepEqual(late.news(), [{ type: LABELS, version: 2, count: 2 }])
})

/** Two families of which the same has happened. */
const twins = async (rig: Rig) => {
  const other = `${FAMILY_ID.slice(0, -1)}${FAMILY_ID.endsWith('x') ? 'y' : 'x'}`
  await rig.family(...FAMILY)
  const created = fact('FamilyCreated', { familyId: other, until: 1 })
  await rig.append(familyStream(other), created, ...FAMILY.filter(({ type }) => type !== 'FamilyCreated'))
  const aid = await rig.account({ timelimit: `${FAMILY_ID}-${PHONE}` })
  const relink = async (): Promise<void> => {
    await rig.accounts.run(aid, { type: 'Unlink', protocol: 'timelimit' })
    await rig.accounts.run(aid, { type: 'Link', protocol: 'timelimit', user: `${other}-${PHONE}` })
  }
  return { aid, relink }
}

test('another family with the same count is told to an open connection', async (t) => {
  const rig = await startRig(t)
  const { aid, relink } = await twins(rig)
  const client = rig.connect(aid)
  await client.list([FAMILY_USERS, 255])
  const [first] = client.news()
  await relink()
  await until(() => client.frames.length === 2)
  t.deepEqual(client.news(), [first])
})

test('another family with the same count is not in step with the byte of the one before', async (t) => {
  const rig = await startRig(t)
  const { aid, relink } = await twins(rig)
  const connect = async (byte: number) => {
    const client = rig.connect(aid, 'login')
    await client.list([FAMILY_USERS, byte])
    await client.close()
    return client.news()
  }
  const [first] = await connect(255)
  const byte = first?.version ?? 0
  t.deepEqual(await connect(byte), [])
  await relink()
  t.deepEqual(await connect(byte), [first])
  t.deepEqual(await connect(byte), [])
})

test('what was told while the list was handled is not told again by the start', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const client = rig.connect(aid)
  await client.list([LABELS, 255])
  await silent()
  t.is(client.frames.length, 1)
  await rig.create('labels', hex('3'), undefined, caller({ group: ROOT, branch: [ROOT] }))
  await until(() => client.frames.length === 2)
  await silent()
  t.is(client.frames.length, 2)
})

test('of a thousand changes that waited only the count is told, and as quickly as one', async (t) => {
  const rig = await startRig(t)
  const { aid } = await labelled(rig)
  const [client, witness] = [rig.connect(aid), rig.connect(aid)]
  await client.name(LABELS, 255)
  await witness.list([LABELS, 255])
  const scope = { store: 'labels', owner: 'x', group: ROOT, branch: [ROOT], access: [] }
  const facts = Array.from({ length: 1_000 }, (_, index) => ({
    type: 'EntityChanged',
    data: { store: 'labels', id: hex(index), set: {}, unset: [], at: 1 },
    scope,
  }))
  for (let from = 0; from < facts.length; from += 250)
    await rig.append('stores.labels-many', ...facts.slice(from, from + 250))
  await until(() => witness.frames.length === 1_001)
  client.news()
  const before = process.cpuUsage()
  client.start()
  t.true(process.cpuUsage(before).user < 60_000, 'microseconds in which nobody else gets a turn')
  t.deepEqual(client.news(), [{ type: LABELS, version: 1_000 % 255, count: 1_000 }])
})
