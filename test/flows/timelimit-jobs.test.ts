/**
 * Proves what time does (timelimit 8.4, 1.9): premium ends and what needs it is refused until it is bought again, old used times vanish quietly, unused
 * families are erased and their tokens remembered. The server's clock is moved and its jobs hurry.
 */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { clientOf } from '../support/client.ts'
import { onMachine } from '../support/on-machine.ts'
import { freshDirectory } from '../support/server.ts'
import { appLogic, byU2f, securityKey, type Act } from '../support/timelimit-crypto.ts'
import { listen } from '../support/timelimit-sockets.ts'
import { createWorld, type World } from '../support/timelimit-world.ts'
import { ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

const ADMIN_TOKEN = 'the-token-of-the-administrator'
const DAY = 86_400_000
const running: Timelimit[] = []
test.after.always(async () => {
  for (const each of running) await each.close()
})

type Hurried = { readonly at: Timelimit; readonly days: (days: number) => Promise<void> }

/** A server whose clock can be moved. */
const hurried = async (): Promise<Hurried> => {
  const file = join(await freshDirectory(), 'machine.json')
  // At once: the server reads it at every look at its clock.
  const days = async (count: number): Promise<void> => {
    await writeFile(`${file}.new`, JSON.stringify({ clockMs: count * DAY }))
    await rename(`${file}.new`, file)
  }
  await days(0)
  const machine = onMachine(file)
  const hurry = pathToFileURL('dist/tests/support/timelimit-hurry.js').href
  const NODE_OPTIONS = `${machine['NODE_OPTIONS'] ?? ''} --import=${hurry}`
  const at = await startTimelimit({ env: { ...machine, NODE_OPTIONS, ADMIN_TOKEN } })
  running.push(at)
  return { at, days }
}

const until = async (what: string, passes: () => Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + 60_000
  while (!(await passes())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen`)
    await pause(50)
  }
}

const key = securityKey('premium')
/** Each action that needs premium, and the same where it needs none. */
const needing = (w: World): readonly (readonly [who: 'phone' | 'tablet', needs: Act, free?: Act])[] => {
  const [games, child] = [{ categoryId: w.games }, { childId: w.child }]
  const limits = { type: 'UPDATE_CATEGORY_DISABLE_LIMITS', ...games }
  const user = { type: 'SET_USER_DISABLE_LIMITS_UNTIL', ...child }
  const block = { type: 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED', ...games }
  const review = { type: 'REVIEW_CHILD_TASK', taskId: w.task, time: 1 }
  return [
    ['tablet', appLogic({ type: 'SIGN_OUT_AT_DEVICE' })],
    ['tablet', w.kid({ type: 'CHILD_SIGN_IN' })],
    ['phone', w.me({ type: 'SET_CATEGORY_EXTRA_TIME', ...games, newExtraTime: 1 })],
    ['phone', w.me({ type: 'INCREMENT_CATEGORY_EXTRATIME', ...games, addedExtraTime: 1 })],
    ['phone', w.me({ ...user, time: 1 }), w.me({ ...user, time: 0 })],
    ['phone', w.me({ ...limits, endTime: 1 }), w.me({ ...limits, endTime: 0 })],
    ['phone', w.me({ ...block, blocked: true }), w.me({ ...block, blocked: false })],
    ['phone', w.me({ ...review, ok: true }), w.me({ ...review, ok: false })],
  ]
}

test('premium ends, and is bought again', async (t) => {
  const { at, days } = await hurried()
  const w = await createWorld(at)
  const listener = await listen(at.url(), w.tablet.token)
  t.teardown(listener.close)
  const { keyHandle, publicKey } = key
  const prepare = [
    w.me({ type: 'ADD_PARENT_U2F', keyHandle, publicKey }),
    w.me({ type: 'SET_DEVICE_DEFAULT_USER', deviceId: w.tabletId, defaultUserId: w.sister }),
    w.me({ type: 'SET_DEVICE_USER', deviceId: w.spareId, userId: w.child }),
  ]
  t.false(await w.phone.push(...prepare))
  t.false(await w.tablet.push(appLogic({ type: 'MARK_TASK_PENDING', taskId: w.task })))
  const before = await w.phone.full()
  t.true(before.fullVersion > Date.now())
  const heard = listener.syncs().length
  await days(13)
  await pause(1_500)
  t.is((await w.phone.full()).fullVersion, before.fullVersion, 'not yet')
  await days(15)
  await until('expiry', async () => (await w.phone.full()).fullVersion === 0)
  await listener.until(() => listener.syncs().length > heard, 'should sync')
  t.is(listener.syncs().at(-1), true)
  t.deepEqual((await w.phone.full()).versions, before.versions, 'no version')

  for (const [who, act] of needing(w)) t.true(await w[who].push(act), act.encoded)
  t.true(await w.phone.push(byU2f(w.parent, key, await w.phone.dh())({ type: 'REPORT_U2F_LOGIN' })))
  for (const action of ['set this device', 'unset this device']) {
    const body = { action, currentUserId: w.child, authToken: w.tablet.token }
    t.deepEqual(ok(await at.post('/child/update-primary-device', body)), { status: 'requires full version' })
  }
  t.deepEqual((await w.phone.full()).versions, before.versions, 'nothing changed')
  for (const [who, , free] of needing(w)) if (free !== undefined) t.false(await w[who].push(free))

  const headers = { 'Content-Type': 'application/json', Authorization: `Basic ${btoa(`x:${ADMIN_TOKEN}`)}` }
  const body = JSON.stringify({ mail: w.family.mail, duration: 'month' })
  t.is((await clientOf(at.url()).send('POST', '/admin/unlock-premium', { body, headers })).status, 200)
  const bought = (await w.phone.full()).fullVersion
  t.true(Math.abs(bought - Date.now() - (15 + 31) * DAY) < 60_000, 'from now on, not from the old end')
  t.false(await w.tablet.push(appLogic({ type: 'MARK_TASK_PENDING', taskId: w.task })))
  for (const [who, act] of needing(w)) t.false(await w[who].push(act), act.encoded)
})

test('used times and sessions vanish quietly, each in its time', async (t) => {
  const { at, days } = await hurried()
  const w = await createWorld(at)
  const usage = (categoryId: string): JsonObject => ({
    type: 'ADD_USED_TIME_V2',
    d: 1,
    t: 1_000_000,
    i: [{ categoryId, tta: 5, etts: 0, sdl: [[0, 1439, 60_000, 60_000]] }],
  })
  t.false(await w.tablet.push(appLogic(usage(w.games))))
  const listener = await listen(at.url(), w.phone.token)
  t.teardown(listener.close)
  const games = async () => (await w.phone.full()).categories[w.games]
  const before = await w.phone.full()
  await w.phone.pull()
  await days(2)
  await pause(1_500)
  t.deepEqual((await w.phone.full()).versions, before.versions)
  await days(4)
  await until('the end of sessions', async () => Object.keys((await games())?.sessions ?? {}).length === 0)
  t.deepEqual((await games())?.times, { '1/0/1439': { time: 5 } })
  const changed = await w.phone.full()
  const scope = `usedTime/${w.games}`
  t.not(changed.versions[scope], before.versions[scope])
  t.deepEqual({ ...changed.versions, [scope]: '' }, { ...before.versions, [scope]: '' })
  await days(13)
  await until('the end of counters', async () => Object.keys((await games())?.times ?? {}).length === 0)
  await w.phone.pull()
  t.deepEqual(w.phone.picture().categories, (await w.phone.full()).categories)
  t.deepEqual(listener.syncs(), [], 'nobody is told')
})

test('families that nobody uses are erased, and their tokens remembered', async (t) => {
  const { at, days } = await hurried()
  const [unused, used] = [await createWorld(at, '1'), await createWorld(at, '2')]
  await days(60)
  await used.spare.pull()
  await days(107)
  const removed = async (token: string) =>
    ok(await at.post('/sync/is-device-removed', { deviceAuthToken: token })).isDeviceRemoved
  await until('the end', () => removed(unused.phone.token).then((is) => is === true))
  t.true(await removed(unused.tablet.token))
  t.is((await unused.phone.pushRaw([])).status, 401)
  await pause(1_500)
  t.false(await removed(used.phone.token))
  t.is((await used.phone.full()).fullVersion, 0)
  const again = await createWorld(at, '1')
  t.is(Object.keys((await again.phone.full()).devices).length, 3)
})
