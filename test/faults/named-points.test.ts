/**
 * Proves that a server may die anywhere between a command's steps, and between those of a take-over: it kills itself at a named point, at a
 * passage that a seeded generator chooses, while clients write and listen. After each death the next start has what was acknowledged exactly
 * once and the rest at most once, answers a repeated command as before, shows what a rebuild shows, and who listened gets what he missed.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { JsonObject } from '../../src/json.ts'
import { asText, clientOf } from '../support/client.ts'
import { deathPath, POINTS, type Death, type Fault } from '../support/faults/points.ts'
import { assertAcknowledged, startLoad } from '../support/loading.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { freshDirectory, runScript, startServer } from '../support/server.ts'
import { about, connectSocketIo, within, type LiveClient, type Push } from '../support/sockets.ts'
import { appLogic } from '../support/timelimit-crypto.ts'
import { listen } from '../support/timelimit-sockets.ts'
import { createWorld, type World } from '../support/timelimit-world.ts'
import { ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

const SOAK = process.env['SOAK'] !== undefined
const ROUNDS = SOAK ? 25 : 1
/** Passages are chosen among so many. */
const PASSAGES = { command: 25, 'take-over': 16 } as const
const CLIENTS = 4

let at: Timelimit
let fault: string
let member: Member
let world: World
/** By the tablet; all but the last of a round were answered. */
const pushed: Used[] = []
let seed = 20_261_208
/** The same numbers at each run. */
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}

/** The server whose process dies at named points, as `startServer` takes it. */
const MORTAL_SERVER = 'tests/support/faults/server'

test.before(async () => {
  fault = join(await freshDirectory(), 'fault.json')
  at = await startTimelimit({ bundle: MORTAL_SERVER, env: { FAULT: fault } })
  member = await newMember(await signInAdmin(at.url()))
  world = await createWorld(at)
})
test.after.always(() => at.close())

for (const point of POINTS) {
  test.serial(`dying ${point}`, async (t) => {
    t.timeout(60_000 + ROUNDS * 120_000)
    for (let round = 0; round < ROUNDS; round += 1) await dieAndGoOn(t, point)
    if (SOAK) await assertSound(t)
  })
}

test.serial('after all deaths the history is whole, and the documents show it', (t) => assertSound(t))

const assertSound = async (t: ExecutionContext): Promise<void> => {
  for (const [script, parameter] of [
    ['verify', '--json'],
    ['rebuild', '--check'],
  ] as const) {
    const exit = await runScript(script, [parameter], at.server().dataDir)
    t.is(exit.code, 0, exit.output)
  }
}

const dieAndGoOn = async (t: ExecutionContext, point: Fault['point']): Promise<void> => {
  const client = { ...member, ...clientOf(at.url(), member.headers) }
  const page = await connectSocketIo(t, client)
  const phone = await listen(at.url(), world.phone.token)
  t.teardown(phone.close)
  const load = startLoad(client, CLIENTS)
  const pushing = pushUntilCut()
  await Promise.all([page.next(isLabel), phone.until(() => phone.syncs().length > 0, 'a push')])
  const died = await dieAt(t, point)
  await Promise.all([load.ended, pushing, within(page.closed, 'the end of the page'), phone.closed])
  await restart()

  const again = { ...member, ...clientOf(at.url(), member.headers) }
  await assertAcknowledged(t, again, load)
  await assertAtMostOnce(t, died)
  await assertNothingAhead(t, page, died)
  await assertRepeated(t)
  await assertCaughtUp(t, again)
  if (SOAK) t.is((await runScript('rebuild', ['--check'], at.server().dataDir)).code, 0)
  t.log(
    `passage ${died.passage} ${died.step}: ${load.acknowledged.size} labels acknowledged, ${pushed.length} pushes`,
  )
}

const dieAt = async (t: ExecutionContext, point: Fault['point']): Promise<Death> => {
  const isTakeOver = point === 'during take-over'
  const passage = 1 + random(PASSAGES[isTakeOver ? 'take-over' : 'command'])
  await writeFile(fault, JSON.stringify({ point, passage }))
  const { dataDir, exited } = at.server()
  const rebuilding = isTakeOver ? runScript('rebuild', ['stores'], dataDir) : undefined
  const exit = await within(exited, `death ${point}, passage ${passage}`, 90_000)
  t.is(exit.signal, 'SIGKILL', exit.output)
  const rebuilt = await rebuilding
  if (rebuilt !== undefined) t.is(rebuilt.code, 2, rebuilt.output)
  return JSON.parse(await readFile(deathPath(fault), 'utf8')) as Death
}

const restart = async (): Promise<void> => {
  await rm(fault)
  await rm(deathPath(fault))
  const { dataDir } = at.server()
  at.replace(await startServer({ dataDir, bundle: MORTAL_SERVER, env: { FAULT: fault, MAIL_URL: 'log:' } }))
}

/** A device's request, which it repeats until it is answered. */
type Used = { readonly ms: number; readonly actions: readonly JsonObject[] }

const DAY = 100

/** Used time of the child: every amount once. */
const pushUntilCut = async (): Promise<void> => {
  for (;;) {
    const ms = pushed.length + 1
    const usage = { type: 'ADD_USED_TIME_V2', d: DAY, i: [{ categoryId: world.games, tta: ms, etts: 0 }] }
    const push = { ms, actions: world.tablet.encode(appLogic(usage)) }
    pushed.push(push)
    const reply = await world.tablet.pushRaw(push.actions).catch(() => undefined)
    if (reply === undefined) return
    ok(reply)
  }
}

/** What was cut was done or not, and is done once when it is repeated; what was done before is answered as the repetition that it is. */
const assertRepeated = async (t: ExecutionContext): Promise<void> => {
  const usedMs = async (): Promise<number> => {
    const { categories } = await world.tablet.full()
    const times = categories[world.games]?.times as { readonly [key: string]: JsonObject } | undefined
    return Number(times?.[`${DAY}/0/1439`]?.time ?? 0)
  }
  const repeat = async ({ actions }: Used): Promise<JsonObject> => ok(await world.tablet.pushRaw(actions))
  const total = pushed.reduce((sum, { ms }) => sum + ms, 0)
  const [cut] = pushed.slice(-1)
  if (cut === undefined) return t.fail('nothing was pushed')
  const before = await usedMs()
  t.true([total, total - cut.ms].includes(before), `${before} of ${total}`)
  t.deepEqual(await repeat(cut), { shouldDoFullSync: before === total })
  for (const push of pushed.slice(-3)) t.deepEqual(await repeat(push), { shouldDoFullSync: true })
  t.is(await usedMs(), total)
}

/** No event is there twice; what was not to be appended is not there, what was appended is. */
const assertAtMostOnce = async (t: ExecutionContext, { point, ids }: Death): Promise<void> => {
  const history = openEmbeddedHistory({ path: historyPath(at.server().dataDir), readOnly: true })
  const there = new Map<string, number>()
  for await (const page of history.readAll({ after: 0n }))
    for (const { id } of page) there.set(id, (there.get(id) ?? 0) + 1)
  await history.close()
  t.deepEqual(
    [...there].filter(([, times]) => times > 1),
    [],
  )
  const expected = point === 'before append' ? undefined : 1
  for (const id of ids) t.is(there.get(id), expected)
}

const isLabel = ({ name }: Push): boolean => name === 'label-insert'

/** Nobody heard of what is not there, or of what the documents did not show yet. */
const assertNothingAhead = async (
  t: ExecutionContext,
  page: LiveClient,
  { positions }: Death,
): Promise<void> => {
  const list = (await clientOf(at.url(), member.headers).get('/labels?nolimit=true')).list()
  const there = new Set(list.map(({ _id }) => _id))
  for (const { payload } of page.pushes.filter(isLabel)) {
    t.true(there.has(asText((payload.data as JsonObject).id)))
    for (const position of positions) t.true(BigInt(Number(payload._v)) < BigInt(position))
  }
}

/** Who listens again is told of the next change, and one question brings everything that came meanwhile. */
const assertCaughtUp = async (t: ExecutionContext, again: Member): Promise<void> => {
  const page = await connectSocketIo(t, again)
  const { entity } = await create(again, 'labels')
  await page.next(about(entity._id, 'label-insert'))
  const phone = await listen(at.url(), world.phone.token)
  t.teardown(phone.close)
  await world.phone.pull()
  t.deepEqual(world.phone.picture(), await world.phone.full())
}
