/**
 * Proves, for random lists of actions of several devices, good and bad: however they are cut into requests, the same is pulled, with the same versions; a
 * repetition changes nothing; a pull with the last seen versions brings exactly what changed.
 */
import test from 'ava'
import * as fc from 'fast-check'
import type { Json, JsonObject } from '../../src/json.ts'
import { appLogic, type Act } from '../support/timelimit-crypto.ts'
import { changedScopes, versionsIn, type Picture } from '../support/timelimit-picture.ts'
import { contents } from '../support/timelimit-rows.ts'
import { createWorld, type Who, type World } from '../support/timelimit-world.ts'
import { ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

const RUNS = process.env['SOAK'] ? 100 : 8
const ACTIONS_MAX = 40

let at: Timelimit | undefined
test.before(async () => {
  at = await startTimelimit()
})
test.after.always(() => at?.close())
const server = (): Timelimit => {
  if (at === undefined) throw new Error('no server')
  return at
}

/** What a device does; the family's own ids come when it is known. */
type Step = { readonly who: Who; readonly act: (w: World) => Act }

const category = fc.constantFrom('games1', 'webbb1', 'hersc1', 'fresh1')
const user = fc.constantFrom('child1', 'siste1', 'paren1', 'nobod9')
const number = fc.constantFrom(0, 1, 1_000, 60_000)
const app = fc.constantFrom('org.chess', 'org.tiles', 'org.browser', 'org.new')
const deviceOf = (who: Who) => (w: World) => ({ phone: w.phoneId, tablet: w.tabletId, spare: w.spareId })[who]
const who: fc.Arbitrary<Who> = fc.constantFrom('phone', 'phone', 'tablet', 'spare')

const fixed = (members: {
  readonly [name: string]: fc.Arbitrary<Json>
}): fc.Arbitrary<(w: World) => JsonObject> => fc.record(members).map((action) => () => action)
const type = (name: string) => ({ type: fc.constant(name) })

const parental = fc.oneof(
  fixed({ ...type('UPDATE_CATEGORY_TITLE'), categoryId: category, newTitle: fc.constantFrom('a', 'b', '') }),
  fixed({ ...type('CREATE_CATEGORY'), categoryId: category, childId: user, title: fc.constant('c') }),
  fixed({ ...type('DELETE_CATEGORY'), categoryId: category }),
  fixed({
    ...type('SET_PARENT_CATEGORY'),
    categoryId: category,
    parentCategory: fc.oneof(category, fc.constant('')),
  }),
  fixed({ ...type('ADD_CATEGORY_APPS'), categoryId: category, packageNames: fc.uniqueArray(app) }),
  fixed({
    ...type('REMOVE_CATEGORY_APPS'),
    categoryId: category,
    packageNames: fc.uniqueArray(app, { maxLength: 1 }),
  }),
  fixed({ ...type('INCREMENT_CATEGORY_EXTRATIME'), categoryId: category, addedExtraTime: number }),
  fixed({ ...type('UPDATE_CATEGORY_SORTING'), categoryIds: fc.uniqueArray(category) }),
  fixed({ ...type('RENAME_CHILD'), childId: user, newName: fc.constantFrom('x', 'y') }),
  fixed({ ...type('SET_CATEGORY_FOR_UNASSIGNED_APPS'), childId: user, categoryId: category }),
  fixed({ ...type('DELETE_TIMELIMIT_RULE'), ruleId: fc.constantFrom('rulee1', 'fresh1') }),
  fixed({
    ...type('UPDATE_TIMELIMIT_RULE'),
    ruleId: fc.constant('rulee1'),
    time: number,
    days: fc.nat(130),
    extraTime: fc.boolean(),
  }),
  fixed({
    ...type('UPDATE_CHILD_TASK'),
    isNew: fc.boolean(),
    taskId: fc.constantFrom('taskk1', 'fresh1'),
    categoryId: category,
    taskTitle: fc.constant('t'),
    extraTimeDuration: number,
  }),
  fixed({
    ...type('REVIEW_CHILD_TASK'),
    taskId: fc.constant('taskk1'),
    ok: fc.boolean(),
    time: fc.constant(5),
  }),
  fixed({ ...type('REMOVE_USER'), userId: fc.constantFrom('siste1', 'nobod9', 'paren1') }),
  fixed({ ...type('SET_RELAX_PRIMARY_DEVICE'), userId: user, relax: fc.boolean() }),
  fc.tuple(who, user).map(([device, userId]) => (w: World): JsonObject => ({
    type: 'SET_DEVICE_USER',
    deviceId: deviceOf(device)(w),
    userId,
  })),
)
const logical = fc.oneof(
  fixed({
    ...type('ADD_USED_TIME_V2'),
    d: fc.constantFrom(1, 2),
    i: fc.uniqueArray(fc.record({ categoryId: category, tta: number, etts: number }), {
      minLength: 1,
      selector: ({ categoryId }) => categoryId,
    }),
  }),
  fixed({ ...type('MARK_TASK_PENDING'), taskId: fc.constant('taskk1') }),
  fixed({ ...type('FORCE_SYNC') }),
  fixed({ ...type('TRIED_DISABLING_DEVICE_ADMIN') }),
  fixed({ ...type('UPDATE_DEVICE_STATUS'), appVersion: fc.constantFrom(1, 2, 3), didReboot: fc.boolean() }),
  fixed({ ...type('UPDATE_INSTALLED_APPS'), b: fc.constantFrom('AAAA', 'AAAB'), w: fc.boolean() }),
  fixed({ ...type('NO_SUCH_ACTION') }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(who, parental, fc.boolean()).map(([device, action, mine]): Step => ({
    who: device,
    act: (w) => (mine ? w.me : w.they)(action(w)),
  })),
  fc.tuple(who, logical).map(([device, action]): Step => ({ who: device, act: (w) => appLogic(action(w)) })),
)

/** One device's steps in a row, cut where the coin says. */
const cut = (steps: readonly Step[], coins: readonly boolean[]): readonly (readonly Step[])[] => {
  const requests: Step[][] = []
  for (const [index, each] of steps.entries()) {
    const last = requests.at(-1)
    if (last?.[0]?.who === each.who && coins[index % coins.length] === true) last.push(each)
    else requests.push([each])
  }
  return requests
}

/** The picture with names for what the server chose, and without its clock. */
const comparable = (w: World, picture: Picture): string => {
  const { fullVersion: _until, ...rest } = picture
  let text = JSON.stringify(rest, (key, value: unknown) => (key === 'addedAt' ? 0 : sortedKeys(value)))
  const names = [w.parent, w.phoneId, w.tabletId, w.spareId]
  for (const [index, name] of names.entries()) text = text.replaceAll(name, `id-${index}`)
  for (const secret of [w.family.mail, w.family.password.hash, w.family.password.secondSalt])
    text = text.replaceAll(secret, 'hers')
  return text
}
const sortedKeys = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

const steps = fc.array(step, { minLength: 20, maxLength: ACTIONS_MAX })
const coins = fc.array(fc.boolean(), { minLength: 7, maxLength: 7 })

test('cut anywhere: the same data, the same versions; a repetition changes nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps, coins, async (all, coin) => {
      const [single, cutUp] = [await createWorld(server()), await createWorld(server())]
      for (const { who: device, act } of all) await single[device].push(act(single))
      const requests: (() => Promise<unknown>)[] = []
      for (const request of cut(all, coin)) {
        const [first] = request
        if (first === undefined) continue
        const device = cutUp[first.who]
        const actions = device.encode(...request.map(({ act }) => act(cutUp)))
        ok(await device.pushRaw(actions))
        requests.push(async () => ok(await device.pushRaw(actions)).shouldDoFullSync)
      }
      const pictures = [await single.phone.full(), await cutUp.phone.full()] as const
      const [one, other] = [sameShape(single, pictures[0]), sameShape(cutUp, pictures[1])]
      t.deepEqual(other, one)
      for (const again of requests) t.true(await again())
      t.deepEqual(await cutUp.phone.full(), pictures[1])
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
})

/** With the keys that hold such names in order too. */
const sameShape = (w: World, picture: Picture): unknown => JSON.parse(comparable(w, picture))

test('a pull with the last seen versions brings exactly what changed', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (all) => {
      const w = await createWorld(server())
      await w.spare.pull()
      let before = await w.phone.full()
      for (const { who: device, act } of all) {
        await w[device].push(act(w))
        const after = await w.phone.full()
        const answer = await w.spare.pull()
        const there = (scope: string): boolean => after.versions[scope] !== undefined
        t.deepEqual(Object.keys(versionsIn(answer)).sort(), changedScopes(before, after).filter(there))
        t.deepEqual(contents(w.spare.picture()), contents(after))
        before = after
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  )
})
