/**
 * Proves what holds for every push (timelimit 3): numbers are spent before anything is checked, a repetition changes nothing and is flagged, each way of
 * proof is checked, one action's failure is its own, and what is told is told once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import {
  appLogic,
  byDevice,
  byHmac,
  bySelf,
  bySha,
  byText,
  byU2f,
  messageOf,
  passwordChange,
  passwordOf,
  securityKey,
  type Act,
} from '../support/timelimit-crypto.ts'
import { CATEGORIES } from '../support/timelimit-rows-categories.ts'
import { CHILDREN } from '../support/timelimit-rows-children.ts'
import { DEVICES } from '../support/timelimit-rows-devices.ts'
import { CATEGORY_LIMITS } from '../support/timelimit-rows-limits.ts'
import { RULES, TASKS } from '../support/timelimit-rows-rules.ts'
import { SELF } from '../support/timelimit-rows-self.ts'
import { USERS } from '../support/timelimit-rows-users.ts'
import { listen } from '../support/timelimit-sockets.ts'
import { createWorld, KID, type World } from '../support/timelimit-world.ts'
import { ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const world = (): Promise<World> => {
  if (at === undefined) throw new Error('no server')
  return createWorld(at)
}

const title = (w: World, newTitle: string) => ({
  type: 'UPDATE_CATEGORY_TITLE',
  categoryId: w.games,
  newTitle,
})
const titleOf = async (w: World): Promise<unknown> =>
  ((await w.phone.full()).categories[w.games]?.base as JsonObject).title
/** An envelope of the tablet with any number. */
const envelope = (w: World, sequenceNumber: number, { prove, encoded }: Act): JsonObject => ({
  encodedAction: encoded,
  sequenceNumber,
  ...prove(w.tablet.id, sequenceNumber, encoded),
})
const flag = async (w: World, ...actions: readonly JsonObject[]): Promise<unknown> =>
  ok(await w.tablet.pushRaw(actions)).shouldDoFullSync

test('numbers: gaps are taken, what is behind is a repetition, and a failure spends its number', async (t) => {
  const w = await world()
  t.false(await flag(w))
  t.false(await flag(w, envelope(w, 5, w.me(title(w, 'five')))), 'a gap')
  t.true(await flag(w, envelope(w, 3, w.me(title(w, 'three')))), 'in the gap')
  t.true(await flag(w, envelope(w, 5, w.me(title(w, 'five again')))))
  t.is(await titleOf(w), 'five')
  t.true(await flag(w, envelope(w, 6, w.me({ type: 'NO_SUCH' }))))
  t.true(await flag(w, envelope(w, 6, w.me(title(w, 'six')))), 'corrected, with the number that is spent')
  t.true(await flag(w, envelope(w, 7, byText(w.parent, 'x')(title(w, 'seven')))))
  t.true(await flag(w, envelope(w, 7, w.me(title(w, 'seven')))))
  t.is(await titleOf(w), 'five')
  const mixed = [8, 8, 7, 9].map((n) => envelope(w, n, w.me(title(w, `at ${n}`))))
  t.true(await flag(w, ...mixed), 'the good ones of a request take effect')
  t.is(await titleOf(w), 'at 9')
  t.false(await flag(w, envelope(w, 10, w.me(title(w, 'ten')))))
  t.is(await titleOf(w), 'ten')
})

test('a request repeated as it was changes nothing, and nobody is told', async (t) => {
  const w = await world()
  const hears = await listen(w.phone.at.url(), w.spare.token)
  t.teardown(hears.close)
  const actions = w.tablet.encode(
    ...[1, 2, 3].map((n) =>
      appLogic({ type: 'ADD_USED_TIME_V2', d: 1, i: [{ categoryId: w.games, tta: n, etts: 0 }] }),
    ),
  )
  t.false(await flag(w, ...actions))
  await hears.until(() => hears.syncs().length === 1, 'should sync')
  const before = await w.phone.full()
  for (let n = 0; n < 3; n += 1) t.true(await flag(w, ...actions))
  t.deepEqual(await w.phone.full(), before)
  await pause(50)
  t.deepEqual(hears.syncs(), [false], 'once a request')
})

test('each way of proof', async (t) => {
  const w = await world()
  const { phone, tablet, parent, family } = w
  const wrong = passwordOf('wrong')
  const shift = ({ prove, encoded }: Act): Act => ({
    encoded,
    prove: (id, number, text) => prove(id, number + 1, text),
  })
  const upper = ({ prove, encoded }: Act): Act => ({
    encoded,
    prove: (...about) => ({ ...prove(...about), integrity: prove(...about).integrity.toUpperCase() }),
  })
  const elsewhere = ({ prove, encoded }: Act): Act => ({
    encoded,
    prove: (_id, number, text) => prove(tablet.id, number, text),
  })
  const action = title(w, 'Zoë 🦊')
  for (const good of [byDevice(parent), bySha(parent, family.password), byHmac(parent, family.password)])
    t.false(await phone.push(good(action)))
  t.false(await tablet.push(w.they(action)), 'from any device')
  const bad: { readonly [why: string]: Act } = {
    'sha of another number': shift(bySha(parent, family.password)(action)),
    'sha of another device': elsewhere(bySha(parent, family.password)(action)),
    'sha in capitals': upper(bySha(parent, family.password)(action)),
    'sha with the wrong password': bySha(parent, wrong)(action),
    'sha of a child': bySha(w.child, KID)(action),
    'sha of nobody': bySha('nobod9', KID)(action),
    'mac of another number': shift(byHmac(parent, family.password)(action)),
    'mac of another device': elsewhere(byHmac(parent, family.password)(action)),
    'mac with the wrong password': byHmac(parent, wrong)(action),
    'a short mac': byText(parent, 'password:AAAA')(action),
    'no mac': byText(parent, 'password:')(action),
    'no proof': byText(parent, '')(action),
    'device, as another parent': byDevice(w.other)(action),
    'device, as nobody': byDevice('')(action),
    'childDevice at a parent’s': bySelf(parent)(action),
    'u2f without its parts': byText(parent, 'u2f:a.b.c')(action),
    'u2f of nothing': byText(parent, 'u2f:....')(action),
  }
  const before = await phone.full()
  for (const [why, act] of Object.entries(bad)) t.true(await phone.push(act), why)
  t.true(await tablet.push(byDevice(w.child)(action)), 'device, as a child')
  t.true(await tablet.push(byDevice(parent)(action)), 'device, where she is not')
  t.deepEqual(await phone.full(), before)
  t.false(await phone.push({ ...appLogic({ type: 'FORCE_SYNC' }), prove: () => ODD }), 'app logic needs none')
})

const ODD = { integrity: 'anything', type: 'appLogic', userId: 'anybody' } as const

test('security keys: one exchange, bound to the action, usable again until it expires', async (t) => {
  const w = await world()
  const key = securityKey('mine')
  const { keyHandle, publicKey } = key
  t.false(await w.phone.push(w.me({ type: 'ADD_PARENT_U2F', keyHandle, publicKey })))
  const dh = await w.phone.dh()
  t.deepEqual(await w.phone.dh(), dh, 'the same until it is used')
  t.false(await w.phone.push(byU2f(w.parent, key, dh)(title(w, 'By key'))))
  t.is(await titleOf(w), 'By key')
  const next = await w.phone.dh()
  t.not(next.v, dh.v, 'a used key is replaced')
  t.false(await w.phone.push(byU2f(w.parent, key, dh)(title(w, 'By the old one'))), 'but still good')
  const action = title(w, 'Never')
  const other = messageOf(w.phone.id, w.phone.number() + 1, JSON.stringify(action))
  t.true(await w.phone.push(byText(w.parent, key.answer(next, other))(action)), 'the mac of another number')
  t.true(await w.phone.push(byU2f(w.parent, key, { ...next, v: 'zzzz' })(action)), 'a key that is none')
  t.true(await w.phone.push(byU2f(w.parent, key, { ...next, v: 'a.b' })(action)))
  t.true(await w.tablet.push(byU2f(w.parent, key, next)(action)), 'the key of another device')
  t.deepEqual(await w.phone.dh(), next, 'what is refused uses nothing up')
  t.is(await titleOf(w), 'By the old one')
})

test('a password changed in a request holds for the rest of it', async (t) => {
  const w = await world()
  const next = passwordOf('next')
  const change = passwordChange(w.parent, w.family.password, next)
  const [old, fresh] = [w.me, byHmac(w.parent, next)]
  t.true(await w.phone.push(old(change), old(title(w, 'with the old one'))))
  t.not(await titleOf(w), 'with the old one')
  t.false(await w.phone.push(fresh(title(w, 'with the new one'))))
  t.is(await titleOf(w), 'with the new one')
})

test('a child renamed in a request is still there for the rest of it', async (t) => {
  const w = await world()
  const rename = w.me({ type: 'RENAME_CHILD', childId: w.child, newName: 'Benno' })
  const use = w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.child })
  t.false(await w.phone.push(rename, use))
  t.is((await w.phone.full()).devices[w.spareId]?.currentUserId, w.child)
})

test('used time of a category that is gone is left out, the rest is counted, and the flag says so', async (t) => {
  const w = await world()
  const item = (categoryId: string) => ({ categoryId, tta: 7, etts: 0 })
  t.true(
    await w.tablet.push(
      appLogic({ type: 'ADD_USED_TIME_V2', d: 1, i: [item(w.games), item('nobod9'), item(w.web)] }),
    ),
  )
  const { categories } = await w.phone.full()
  for (const id of [w.games, w.web]) t.deepEqual(categories[id]?.times, { '1/0/1439': { time: 7 } })
})

test('what a child may not do for itself: every action but nine', async (t) => {
  const w = await world()
  t.false(await w.phone.push(w.me({ type: 'UPDATE_USER_FLAGS', userId: w.child, modified: 2, values: 2 })))
  const allowed = new Set(SELF.map(({ type }) => type))
  const rows = [...USERS, ...CHILDREN, ...DEVICES, ...CATEGORIES, ...CATEGORY_LIMITS, ...RULES, ...TASKS]
  const before = await w.phone.full()
  const tried = new Set<string>()
  for (const row of rows.filter(({ type }) => !allowed.has(type) && type !== 'REPORT_U2F_LOGIN')) {
    if (row.name !== undefined && tried.has(row.type)) continue
    tried.add(row.type)
    const { encoded } = await row.act(w)
    t.true(await w.tablet.push(w.self(encoded)), row.type)
  }
  t.is(tried.size + allowed.size + 1, 50)
  t.deepEqual(await w.phone.full(), before)
})

test('50 actions and no more', async (t) => {
  const w = await world()
  const acts = Array.from({ length: 51 }, (_, n) => w.me(title(w, `title ${n}`)))
  const actions = w.tablet.encode(...acts)
  t.is((await w.tablet.pushRaw(actions)).status, 400)
  t.is(
    (await w.phone.at.post('/sync/push-actions', { deviceAuthToken: 'nobody', actions })).status,
    400,
    'before the token is looked at',
  )
  t.false(await flag(w, ...actions.slice(0, 50)))
  t.is(await titleOf(w), 'title 49')
})
