/**
 * Proves what a linked account is told of our stores (afrodite 9; decisions 21), over real sockets and real REST: given bots that are linked by
 * live credentials, when entities and families change, then each gets the message of 9.3 byte for byte, for what the linked identity may read.
 */
import test, { type ExecutionContext } from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { call, newAccount, type Pair } from '../support/afrodite.ts'
import { assertSilent, connect, leave, type Connected } from '../support/afrodite-sockets.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { until } from '../support/steady-load.ts'
import { addDevice, createFamily, startTimelimit, type Timelimit } from '../support/timelimit.ts'

/** Plain `/headwater_api/link` (decisions 21). */
const LINK = '/ZO8ITaid1_2-LDnSvqWobknPkoo'
const [OBJECTS, LABELS, DEVICES, USERS] = [0x81, 0x84, 0x40, 0x41]
const NOTHING = 0xff

let at: Timelimit | undefined
let admin: Member
test.before(async () => {
  at = await startTimelimit({ env: { AFRODITE_BOT_LOGIN: 'true', AFRODITE_INTERNAL_PORT: '0' } })
  admin = await signInAdmin(at.url())
})
test.after.always(() => at?.close())
const running = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}

type Bot = Connected & { readonly link: (method: 'POST' | 'DELETE', body: JsonObject) => Promise<number> }

/** Connects; with a list, by a handshake of its own. */
const open = async (t: ExecutionContext, pair: Pair, list: readonly number[] = []): Promise<Bot> => {
  const url = running().url()
  const connected = await connect(t, url, pair, { list })
  const link: Bot['link'] = async (method, body) => {
    const { status, text } = await call(url, method, LINK, { token: connected.pair.access, body })
    t.is(text, '')
    return status
  }
  return { ...connected, link }
}
const newBot = async (t: ExecutionContext): Promise<Bot> =>
  open(t, (await newAccount(running().server())).pair)
const again = async (t: ExecutionContext, bot: Connected, list: readonly number[]): Promise<Bot> => {
  await leave(bot)
  return open(t, bot.pair, list)
}
/** A bot that was linked, and has come again with that list. */
const linked = async (t: ExecutionContext, credential: JsonObject, list: readonly number[]): Promise<Bot> => {
  const bot = await newBot(t)
  t.is(await bot.link('POST', credential), 200)
  return again(t, bot, list)
}
const ofStores = (token: string) => ({ protocol: 'rightech', token }) as const
const ofDevice = (token: string) => ({ protocol: 'timelimit', token }) as const

const BEFORE =
  '{"event":"StoreChanged","account_state":null,"capabilities":null,"visibility":null,"account_sync_version":null,"latest_viewed_message_changed":null,"content_processing_state_changed":null,"store_changed":'
const changed = (type: number, count: number, ...ids: readonly string[]): string =>
  `${BEFORE}{"type":${type},"version":${count % 255},"count":${count}${ids.length === 0 ? '' : `,"ids":${JSON.stringify(ids)}`}}}`

test('the count in the sync step, each change with its id, and silence for who has the byte', async (t) => {
  const member = await newMember(admin)
  const bot = await linked(t, ofStores(member.token), [OBJECTS, NOTHING])
  t.deepEqual(await bot.until(1), [changed(129, 0)])
  const { entity } = await create(member, 'objects')
  await create(member, 'labels')
  await member.patch(`/objects/${entity._id}`, { name: 'renamed' })
  t.deepEqual(await bot.until(3), [changed(129, 0), changed(129, 1, entity._id), changed(129, 2, entity._id)])
  await assertSilent(t, bot.socket)

  const second = await again(t, bot, [OBJECTS, 2])
  await assertSilent(t, second.socket)
  t.deepEqual(second.events(), [])
  await leave(second)
  await member.delete(`/objects/${entity._id}`)
  const third = await open(t, second.pair, [OBJECTS, 2])
  t.deepEqual(await third.until(1), [changed(129, 3)])
  const fourth = await again(t, third, [OBJECTS, NOTHING])
  t.deepEqual(await fourth.until(1), [changed(129, 3)])
})

test('several at once are told, or named together, and nothing is told twice', async (t) => {
  const member = await newMember(admin)
  const bot = await linked(t, ofStores(member.token), [OBJECTS, NOTHING, LABELS, NOTHING])
  t.deepEqual(await bot.until(2), [changed(129, 0), changed(132, 0)])
  const made = await Promise.all(Array.from({ length: 20 }, () => create(member, 'labels')))
  const told = (): readonly string[] => bot.events().slice(2).map(String)
  const countIn = (event = ''): number => Number(/"count":(\d+)/.exec(event)?.[1] ?? 0)
  await until(() => countIn(told().at(-1)) === made.length, 'the last of them', 30_000)
  await assertSilent(t, bot.socket)
  const idsIn = (event: string): readonly string[] => event.match(/(?<=")[\da-f]{24}(?=")/g) ?? []
  const before = (index: number): number =>
    told()
      .slice(0, index + 1)
      .flatMap(idsIn).length
  t.deepEqual(
    told(),
    told().map((event, index) => changed(132, before(index), ...idsIn(event))),
  )
  t.deepEqual(told().flatMap(idsIn).toSorted(), made.map(({ entity }) => entity._id).toSorted())
})

test('who may not read a store hears nothing of it, until the role allows it', async (t) => {
  const member = await newMember(admin)
  const reader = await newMember(member, { credentials: ['GET /labels'], group: member.group })
  const stranger = await newMember(admin)
  const list = [OBJECTS, NOTHING, LABELS, NOTHING]
  const bot = await linked(t, ofStores(reader.token), list)
  const other = await linked(t, ofStores(stranger.token), list)
  t.deepEqual(await bot.until(1), [changed(132, 0)])
  t.deepEqual(await other.until(2), [changed(129, 0), changed(132, 0)])
  await create(member, 'objects')
  await assertSilent(t, bot.socket, other.socket)
  const { entity } = await create(member, 'labels')
  t.is((await bot.until(2))[1], changed(132, 1, entity._id))
  await member.patch(`/roles/${reader.role}`, { credentials: ['GET /objects'] })
  t.is((await bot.until(3))[2], changed(129, 1))
  await create(member, 'labels')
  await member.patch(`/users/${reader.user}`, { disabled: true })
  await create(member, 'objects')
  await assertSilent(t, bot.socket, other.socket)
})

test('who is not linked is told nothing; an end of the link is the end of it; what is no whole credential links nobody', async (t) => {
  const member = await newMember(admin)
  const list = [OBJECTS, NOTHING]
  const bot = await linked(t, ofStores(member.token), list)
  const nobody = await again(t, await newBot(t), [...list, DEVICES, NOTHING])
  t.deepEqual(await bot.until(1), [changed(129, 0)])
  const narrow = await newToken(member, ['GET /objects'])
  t.is(await nobody.link('POST', ofStores(narrow.token)), 406)
  t.is(await nobody.link('POST', ofStores('nonsense')), 406)
  t.is(await nobody.link('POST', ofStores(member.token)), 406, 'somebody has that link')
  await create(member, 'objects')
  t.is((await bot.until(2)).length, 2)
  t.is(await bot.link('DELETE', { protocol: 'rightech' }), 200)
  await create(member, 'objects')
  await assertSilent(t, bot.socket, nobody.socket)
  t.is(bot.events().length, 2)
  t.deepEqual(nobody.events(), [])
  const later = await again(t, bot, list)
  await assertSilent(t, later.socket)
  t.deepEqual(later.events(), [])
  t.is(await nobody.link('POST', ofStores(member.token)), 200, 'free again')
})

test('a device is told of its family, beside a user of the stores', async (t) => {
  const member = await newMember(admin)
  const { phone } = await createFamily(running())
  const other = await createFamily(running())
  const bot = await newBot(t)
  t.is(await bot.link('POST', ofStores(member.token)), 200)
  t.is(await bot.link('POST', ofDevice('nonsense')), 406)
  t.is(await bot.link('POST', ofDevice(phone.token)), 200)
  const both = await again(t, bot, [DEVICES, NOTHING, OBJECTS, NOTHING, USERS, NOTHING])
  const [devices = '', objects, users = ''] = (await both.until(3)).map(String)
  t.is(objects, changed(129, 0))
  const countIn = (event: string): number => Number(/"count":(\d+)\}\}$/.exec(event)?.[1])
  t.deepEqual([devices, users], [changed(64, countIn(devices)), changed(65, countIn(users))])
  t.true(countIn(devices) > 0 && countIn(users) > 0)
  const tablet = await addDevice(phone, 'Tablet')
  t.is((await both.until(4))[3], changed(64, countIn(devices) + 1, tablet.id))
  await addDevice(other.phone, 'Tablet')
  await assertSilent(t, both.socket)
  const { entity } = await create(member, 'objects')
  t.is((await both.until(5))[4], changed(129, 1, entity._id))
})
