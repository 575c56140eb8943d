/**
 * Proves what a pull brings to whom (timelimit 5): parts by the client's level and by its versions, mailboxes by what was seen, keys by their use; and that
 * every error is a page and no null is ever sent.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { appLogic, encrypted, passwordOf } from '../support/timelimit-crypto.ts'
import { NOTHING, statusOf } from '../support/timelimit-picture.ts'
import { createWorld, type World } from '../support/timelimit-world.ts'
import { familyOf, mailToken, newMail, ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}
const world = (): Promise<World> => createWorld(server())

const ALWAYS = ['apiLevel', 'fullVersion']
const LISTS = ['categoryApp', 'categoryBase', 'devices', 'rules', 'usedTimes', 'users']
const FROM: { readonly [part: string]: number } = { tasks: 3, devices2: 4, krq: 4, dh: 5, u2f: 6, pings: 7 }

const bytes = (count: number): string => Buffer.alloc(count, 9).toString('base64')
const bare = (clientLevel?: number): JsonObject => ({
  devices: '',
  users: '',
  apps: {},
  categories: {},
  ...(clientLevel === undefined ? {} : { clientLevel }),
})

test('each level has its parts', async (t) => {
  const w = await world()
  await w.phone.push(appLogic({ type: 'UPDATE_INSTALLED_APPS', b: 'AAAA', w: true }))
  const request = { type: 'SEND_KEY_REQUEST', dsn: 1, dataType: 1, tempKey: bytes(32), signature: bytes(64) }
  t.false(await w.phone.push(appLogic(request)), 'about nothing')
  const usage = { categoryId: w.games, tta: 1, etts: 0, as: [[5, 6]] }
  await w.phone.push(appLogic({ type: 'ADD_USED_TIME_V2', d: 1, i: [usage] }))
  for (const level of [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 8, 99]) {
    const answer = ok(await w.tablet.ask(bare(level)))
    const more = Object.keys(FROM).filter((part) => (FROM[part] ?? 0) <= (level ?? 0))
    t.deepEqual(Object.keys(answer).sort(), [...ALWAYS, ...LISTS, ...more].sort(), `level ${level ?? '–'}`)
    const counters = (answer.usedTimes as readonly JsonObject[]).flatMap(
      ({ times }) => times as readonly JsonObject[],
    )
    t.is(counters.length, (level ?? 0) < 2 ? 1 : 2)
    t.notRegex(JSON.stringify(answer), /null/)
    if ((level ?? 0) >= 4) {
      const [first] = answer.krq as readonly JsonObject[]
      t.deepEqual(Object.keys(first ?? {}).sort(), [
        'senId',
        'senSeq',
        'signature',
        'srvSeq',
        'tempKey',
        'type',
      ])
      const blobs = answer.devices2 as readonly JsonObject[]
      t.deepEqual(
        blobs.map(({ deviceId, appsDiff }) => [deviceId, appsDiff]),
        [[w.phone.id, undefined]],
      )
    }
  }
})

test('a new family at the lowest level: nothing of categories', async (t) => {
  const mail = newMail()
  const { clientLevel: _level, ...body } = familyOf(await mailToken(server(), mail), passwordOf(mail))
  const { data } = ok(await server().post('/parent/create-family', body))
  t.deepEqual(Object.keys(data as JsonObject).sort(), ['apiLevel', 'devices', 'fullVersion', 'users'])
})

test('each part by its own version', async (t) => {
  const w = await world()
  await w.tablet.pull()
  const { versions } = w.tablet.picture()
  const known = statusOf(w.tablet.picture())
  const parts: { readonly [scope: string]: string } = {
    base: 'categoryBase',
    apps: 'categoryApp',
    rules: 'rules',
    usedTime: 'usedTimes',
    tasks: 'tasks',
  }
  const quiet = [...ALWAYS, 'pings']
  const keysOf = async (status: JsonObject): Promise<readonly string[]> => {
    const { dh: _dh, ...answer } = ok(await w.tablet.ask(status))
    return Object.keys(answer).sort()
  }
  t.deepEqual(await keysOf(known), quiet.toSorted())
  for (const [scope, part] of Object.entries(parts)) {
    for (const version of ['', 'zzzz', '0']) {
      const categories = known.categories as { readonly [id: string]: JsonObject }
      const changed = { ...categories, [w.games]: { ...categories[w.games], [scope]: version } }
      const answer = ok(await w.tablet.ask({ ...known, categories: changed }))
      const list = answer[part] as readonly JsonObject[]
      t.deepEqual(
        list.map(({ categoryId, version }) => [categoryId, version]),
        [[w.games, versions[`${scope}/${w.games}`]]],
      )
      t.deepEqual(
        Object.keys(answer)
          .filter((key) => key !== 'dh')
          .sort(),
        [...quiet, part].sort(),
      )
    }
  }
  for (const [member, part] of [
    ['users', 'users'],
    ['devices', 'devices'],
    ['u2f', 'u2f'],
  ] as const) {
    t.deepEqual(await keysOf({ ...known, [member]: 'other' }), [...quiet, part].sort())
    t.deepEqual(await keysOf({ ...known, [member]: '' }), [...quiet, part].sort())
  }
  const { u2f: _u2f, ...without } = known
  t.true((await keysOf(without)).includes('u2f'), 'absent is none')
  const unknown = { base: 'a', apps: 'b', rules: 'c', usedTime: 'd' }
  const strange = {
    ...(known.categories as JsonObject),
    gone01: unknown,
    'no id': unknown,
    __proto_: unknown,
  }
  const answer = ok(await w.tablet.ask({ ...known, categories: strange }))
  t.deepEqual((answer.rmCategories as readonly string[]).toSorted(), ['__proto_', 'gone01', 'no id'])
  const { [w.web]: forgotten, ...others } = known.categories as { readonly [id: string]: JsonObject }
  t.truthy(forgotten)
  const news = ok(await w.tablet.ask({ ...known, categories: others }))
  for (const part of Object.values(parts)) {
    t.deepEqual(
      (news[part] as readonly JsonObject[]).map(({ categoryId }) => categoryId),
      [w.web],
    )
  }
})

test('at most 32 requests and replies, the lowest first', async (t) => {
  const w = await world()
  const ask = (dsn: number, more: JsonObject) =>
    appLogic({
      type: 'SEND_KEY_REQUEST',
      dsn,
      dataType: 1,
      tempKey: bytes(32),
      signature: bytes(64),
      ...more,
    })
  const made = Array.from({ length: 40 }, (_, n) =>
    w.me({ type: 'CREATE_CATEGORY', childId: w.child, categoryId: `cat${100 + n}`, title: 'x' }),
  )
  t.false(await w.phone.push(...made))
  t.false(await w.tablet.push(...made.map((_, n) => ask(n, { categoryId: `cat${100 + n}` }))))
  const seen = async (status: JsonObject) =>
    ((ok(await w.phone.ask({ ...bare(8), ...status })).krq ?? []) as readonly JsonObject[]).map(
      ({ srvSeq }) => srvSeq,
    )
  const from = (first: number, count: number) => Array.from({ length: count }, (_, n) => first + n)
  t.deepEqual(await seen({}), from(1, 32))
  t.deepEqual(await seen({ kri: 5 }), from(6, 32))
  t.deepEqual(await seen({ kri: 32 }), from(33, 8))
  t.deepEqual(await seen({ kri: 40 }), [])

  const reply = (rsn: number) =>
    appLogic({
      type: 'REPLY_TO_KEY_REQUEST',
      rsn,
      tempKey: bytes(32),
      encryptedKey: bytes(16),
      signature: bytes(64),
    })
  t.false(await w.phone.push(...from(1, 40).map(reply)))
  const got = async (status: JsonObject) =>
    ((ok(await w.tablet.ask({ ...bare(8), ...status })).kr ?? []) as readonly JsonObject[]).map(
      ({ srvSeq }) => srvSeq,
    )
  t.deepEqual(await got({}), from(1, 32))
  t.deepEqual(await got({ kr: 32 }), from(33, 8))
  t.deepEqual(await got({}), from(33, 8))
  t.deepEqual(await got({ kr: 40 }), [])
  t.false(await w.phone.push(w.me({ type: 'DELETE_CATEGORY', categoryId: 'cat100' })))
  t.deepEqual((await seen({}))[0], 2, 'the request that names a deleted category is gone')
})

test('the server’s keys: one for a device until it is used', async (t) => {
  const w = await world()
  const dh = await w.tablet.dh()
  t.notDeepEqual(dh, await w.phone.dh())
  const known = { ...bare(5), dh: dh.v }
  t.false('dh' in ok(await w.tablet.ask(known)))
  t.true('dh' in ok(await w.tablet.ask({ ...known, dh: '' })))
  t.true('dh' in ok(await w.tablet.ask({ ...known, dh: 'zzzz' })))
  const set = (childId: string, newPassword: JsonObject) =>
    w.me({ type: 'SET_CHILD_PASSWORD', childId, newPassword })
  t.false(await w.tablet.push(set(w.sister, encrypted(passwordOf('a'), dh))))
  const { dh: next } = ok(await w.tablet.ask(known))
  t.is(typeof next, 'object')
  t.notDeepEqual<unknown, unknown>(next, dh)
  t.false(
    await w.tablet.push(set(w.sister, encrypted(passwordOf('b'), dh))),
    'a used one is good for a while',
  )
  const [sealed, client, version] = asText(encrypted(passwordOf('c'), dh).secondHash).split('.')
  const broken = [
    `${sealed}.${client}`,
    `${sealed}.${client}.${version}.x`,
    `.${client}.${version}`,
    `${sealed}.AAAA.${version}`,
    `${sealed}.${client}.${version}x`,
  ]
  for (const secondHash of broken) {
    t.true(
      await w.tablet.push(set(w.sister, { ...passwordOf('c'), secondHash, encrypted: true })),
      secondHash,
    )
  }
  const mixed = { ...encrypted(passwordOf('c'), dh), hash: passwordOf('d').hash }
  t.true(await w.tablet.push(set(w.sister, mixed)), 'sealed for another hash')
})

test('nothing of a device is left when it is removed', async (t) => {
  const w = await world()
  const request = { type: 'SEND_KEY_REQUEST', dsn: 1, dataType: 1, tempKey: bytes(32), signature: bytes(64) }
  await w.tablet.push(
    appLogic(request),
    appLogic({ type: 'UPDATE_INSTALLED_APPS', b: 'AAAA', d: 'AAAA', w: true }),
    appLogic({ type: 'PING', deviceId: w.phoneId, event: 'ping', token: 'aaaaaa' }),
  )
  await w.spare.push(appLogic({ ...request, deviceId: w.tabletId }))
  const before = ok(await w.phone.ask(statusOf(NOTHING)))
  t.deepEqual(
    [(before.krq as readonly unknown[]).length, (before.pings as readonly unknown[]).length],
    [2, 1],
  )
  const proof = { deviceAuthToken: w.phone.token, parentUserId: '', parentPasswordSecondHash: 'device' }
  ok(await server().post('/parent/remove-device', { ...proof, deviceId: w.tabletId }))
  const after = ok(await w.phone.ask(statusOf(NOTHING)))
  t.deepEqual([after.krq, after.pings, after.devices2], [undefined, [], undefined])
  t.true(await w.phone.push(appLogic({ type: 'PING', deviceId: w.tabletId, event: 'ping', token: 'bbbbbb' })))
})
