/**
 * Proves that no request shows or changes another family's data: every action and every end point with the ids of a stranger's users, devices, categories,
 * rules and tasks, with its proofs and its tokens. The two families choose different ids, so nothing can be meant by chance; then the same ids, so
 * nothing can be mixed up.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { appLogic, byU2f, removalOf, securityKey } from '../support/timelimit-crypto.ts'
import { NOTHING, statusOf } from '../support/timelimit-picture.ts'
import { CATEGORIES } from '../support/timelimit-rows-categories.ts'
import { CHILD, LEGACY } from '../support/timelimit-rows-child.ts'
import { CHILDREN } from '../support/timelimit-rows-children.ts'
import { DEVICES } from '../support/timelimit-rows-devices.ts'
import { CATEGORY_LIMITS } from '../support/timelimit-rows-limits.ts'
import { MAILBOXES } from '../support/timelimit-rows-mailboxes.ts'
import { RULES, TASKS } from '../support/timelimit-rows-rules.ts'
import { SAID, STATUS } from '../support/timelimit-rows-status.ts'
import { USED } from '../support/timelimit-rows-used.ts'
import { USERS } from '../support/timelimit-rows-users.ts'
import { listen, type Listener } from '../support/timelimit-sockets.ts'
import { createWorld, idsOf, WHO, type World } from '../support/timelimit-world.ts'
import { mailToken, newMail, ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}

const LOGIC = [...USED, ...MAILBOXES, ...STATUS, ...SAID, ...LEGACY]
const PARENTS = [...USERS, ...CHILDREN, ...DEVICES, ...CATEGORIES, ...CATEGORY_LIMITS, ...RULES, ...TASKS]

/** Everything that a family's devices can see. */
const seenBy = async (w: World): Promise<unknown> =>
  Promise.all(
    WHO.map(async (who) => {
      const { dh: _dh, ...answer } = ok(await w[who].ask(statusOf(NOTHING)))
      return answer
    }),
  )
const listeners = (w: World): Promise<readonly Listener[]> =>
  Promise.all(WHO.map((who) => listen(server().url(), w[who].token)))

/** What names a family's things; no answer to a stranger may hold any of it. */
const secretsOf = (w: World): readonly string[] => [
  ...Object.values(idsOf('2')),
  w.parent,
  w.phoneId,
  w.tabletId,
  w.spareId,
  w.family.mail,
  w.family.password.hash,
  w.phone.token,
]

test.serial('every action with the ids of a stranger', async (t) => {
  const [us, them] = [await createWorld(server(), '1'), await createWorld(server(), '2')]
  const theirs = await listeners(them)
  t.teardown(() => theirs.forEach(({ close }) => close()))
  const key = securityKey('theirs')
  const { keyHandle, publicKey } = key
  await them.phone.push(them.me({ type: 'ADD_PARENT_U2F', keyHandle, publicKey }))
  const request = {
    type: 'SEND_KEY_REQUEST',
    dsn: 1,
    dataType: 1,
    tempKey: Buffer.alloc(32).toString('base64'),
    signature: Buffer.alloc(64).toString('base64'),
  }
  await them.tablet.push(appLogic(request), appLogic({ type: 'MARK_TASK_PENDING', taskId: them.task }))
  // Each of the two requests tells the other devices once.
  const heardBy: readonly number[] = [1, 1, 2]
  for (const [index, { heard, until }] of theirs.entries())
    await until(() => heard.length >= (heardBy[index] ?? 0), 'should sync')
  await pause(50)
  const before = await seenBy(them)
  const lengths = theirs.map(({ heard }) => heard.length)
  /** Their things, said by our devices and our parents. */
  const mixed: World = {
    ...them,
    phone: us.phone,
    tablet: us.tablet,
    spare: us.spare,
    me: us.me,
    they: us.they,
    self: us.self,
    kid: us.kid,
  }
  for (const row of [...LOGIC, ...PARENTS, ...CHILD]) {
    if (row.type === 'REPORT_U2F_LOGIN') continue
    const act = await row.act(mixed)
    for (const who of WHO) await us[who].push(act)
  }
  for (const row of PARENTS) {
    if (row.type === 'REPORT_U2F_LOGIN') continue
    const { encoded } = await row.act(them)
    const acts = [them.me(encoded), them.they(encoded), them.self(encoded), them.kid(encoded)]
    for (const act of acts) t.true(await us.phone.push(act), `${row.type}, by their parent`)
  }
  const byKey = byU2f(us.parent, key, await us.phone.dh())({ type: 'REPORT_U2F_LOGIN' })
  t.true(await us.phone.push(byKey), 'their security key')
  const remove = {
    type: 'REMOVE_USER',
    userId: us.other,
    authentication: removalOf(us.other, them.family.password),
  }
  t.true(await us.phone.push(us.me(remove)))

  t.deepEqual(await seenBy(them), before, 'they have what they had')
  await pause(50)
  t.deepEqual(
    theirs.map(({ heard }) => heard.length),
    lengths,
    'and were told nothing',
  )
  const shown = JSON.stringify(await seenBy(us))
  // What our own actions made under such an id is ours.
  const { fresh } = idsOf('2')
  for (const secret of secretsOf(them).filter((id) => id !== fresh)) t.false(shown.includes(secret), secret)
})

test.serial('every end point with a stranger’s ids and tokens', async (t) => {
  const [us, them] = [await createWorld(server(), '1'), await createWorld(server(), '2')]
  const theirs = await listeners(them)
  t.teardown(() => theirs.forEach(({ close }) => close()))
  const before = await seenBy(them)
  const { post } = server()
  const answers: string[] = []
  const ask = async (path: string, body: JsonObject): Promise<number> => {
    const reply = await post(path, body)
    answers.push(reply.text)
    return reply.status
  }
  const [deviceAuthToken, second] = [us.phone.token, them.family.password.secondHash]
  for (const parentPasswordSecondHash of [second, us.family.password.secondHash]) {
    const proof = { deviceAuthToken, parentUserId: them.parent, parentPasswordSecondHash }
    const { parentUserId: parentId, ...rest } = proof
    t.is(await ask('/parent/create-add-device-token', { ...rest, parentId }), 401)
    t.is(await ask('/parent/remove-device', { ...proof, deviceId: them.tabletId }), 401)
    t.is(await ask('/parent/create-identity-token', { ...proof, purpose: 'purchase' }), 401)
    const mailAuthToken = await mailToken(server(), newMail())
    t.is(await ask('/parent/link-mail-address', { ...proof, mailAuthToken }), 409)
  }
  const ours = { deviceAuthToken, parentUserId: us.parent, parentPasswordSecondHash: 'device' }
  t.is(await ask('/parent/remove-device', { ...ours, deviceId: them.tabletId }), 409)
  const primary = (authToken: string, currentUserId: string) =>
    ask('/child/update-primary-device', { action: 'set this device', currentUserId, authToken })
  t.is(await primary(us.tablet.token, them.child), 409)
  t.is(await primary(us.phone.token, them.parent), 409)
  const stranger = await mailToken(server(), newMail())
  const mine = await mailToken(server(), us.family.mail)
  const account = (...mailAuthTokens: readonly string[]) =>
    ask('/parent/delete-account', { deviceAuthToken: them.phone.token, mailAuthTokens })
  t.is(await account(mine), 401)
  t.is(await account(stranger), 401)
  t.is(await account(), 401)

  const { categories, ...known } = statusOf(await them.phone.full())
  const status = { ...known, categories: categories ?? {}, kri: 0, kr: 1_000 }
  const pulled = ok(await us.phone.ask({ ...status, devicesDetail: { [them.phoneId]: { appsB: 'x' } } }))
  answers.push(JSON.stringify({ ...pulled, rmCategories: [] }))
  t.deepEqual((pulled.rmCategories as readonly string[]).toSorted(), [them.games, them.hers, them.web].sort())
  for (const secret of secretsOf(them)) {
    const leak = answers.find((text) => text.includes(secret))
    t.is(leak, undefined, secret)
  }
  t.deepEqual(await seenBy(them), before)
  await pause(50)
  t.deepEqual(
    theirs.map(({ heard }) => heard),
    [[], [], []],
  )
})

test.serial('the same ids in two families are two things', async (t) => {
  const [us, them] = [await createWorld(server(), '1'), await createWorld(server(), '1')]
  const before = await seenBy(them)
  const theirs = await listeners(them)
  t.teardown(() => theirs.forEach(({ close }) => close()))
  for (const row of [...LOGIC, ...PARENTS, ...CHILD]) {
    if (row.type === 'REPORT_U2F_LOGIN') continue
    await us[row.from ?? 'phone'].push(await row.act(us))
  }
  t.deepEqual(await seenBy(them), before)
  t.deepEqual(
    theirs.map(({ heard }) => heard),
    [[], [], []],
  )
  await them.phone.push(them.me({ type: 'REMOVE_USER', userId: them.child }))
  const after = await us.phone.full()
  await them.phone.push(
    them.me({ type: 'ADD_USER', name: 'x', userType: 'child', userId: them.child, timeZone: 'Z' }),
  )
  t.deepEqual(await us.phone.full(), after)
})
