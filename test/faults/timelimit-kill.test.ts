/**
 * Proves that used time is neither lost nor counted twice: devices push unique amounts while the server is killed again and again, each repeats its request
 * until it is answered, as the real client does, and the sums are exact afterwards.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { runScript, startServer } from '../support/server.ts'
import { appLogic } from '../support/timelimit-crypto.ts'
import { createWorld, WHO, type World } from '../support/timelimit-world.ts'
import { ok, startTimelimit, type Device, type Timelimit } from '../support/timelimit.ts'

const SOAK = process.env['SOAK'] !== undefined
const KILLS = 10
const FAMILIES = 4
const PUSHES = SOAK ? 4_000 : 60

let at: Timelimit | undefined
test.after.always(() => at?.close())

test(`${FAMILIES * WHO.length * PUSHES} pushes, ${KILLS} kills: the sums are exact`, async (t) => {
  t.timeout(SOAK ? 30 * 60_000 : 480_000)
  const server = (at = await startTimelimit())
  const worlds: World[] = []
  for (let n = 0; n < FAMILIES; n += 1) worlds.push(await createWorld(server))
  const devices = worlds.flatMap((w) => WHO.map((who) => ({ w, device: w[who], slot: WHO.indexOf(who) })))
  const total = devices.length * PUSHES
  let answered = 0
  let repeated = 0
  const counted = new Map<Device, number>()
  const run = async (device: Device, games: string, slot: number): Promise<void> => {
    for (let n = 1; n <= PUSHES; n += 1) {
      // A day of its own for each device; every amount once.
      const usage = { type: 'ADD_USED_TIME_V2', d: 100 + slot, i: [{ categoryId: games, tta: n, etts: 0 }] }
      const actions = device.encode(appLogic(usage))
      const tries = await untilAnswered(device, actions)
      repeated += tries - 1
      counted.set(device, (counted.get(device) ?? 0) + n)
      answered += 1
    }
  }
  const running = Promise.all(devices.map(({ w, device, slot }) => run(device, w.games, slot)))
  for (let kill = 0; kill < KILLS; kill += 1) {
    const goal = (total * (kill + Math.random())) / KILLS
    while (answered < Math.min(goal, total - devices.length)) await pause(1)
    await pause(Math.random() * 15)
    const { dataDir } = server.server()
    await server.server().kill()
    server.replace(await startServer({ dataDir, env: { MAIL_URL: 'log:' } }))
  }
  await running
  const { dataDir } = server.server()
  await server.server().kill()
  server.replace(await startServer({ dataDir, env: { MAIL_URL: 'log:' } }))
  for (const { w, device, slot } of devices) {
    const { categories } = await device.full()
    const times = categories[w.games]?.times as { readonly [key: string]: JsonObject }
    t.is(times[`${100 + slot}/0/1439`]?.time, counted.get(device))
    t.is(counted.get(device), (PUSHES * (PUSHES + 1)) / 2)
  }
  await server.server().stop('SIGTERM')
  const check = await runScript('rebuild', ['--check', '--json'], dataDir)
  t.is(check.code, 0, check.output)
  t.log(`${answered} answered, ${repeated} repeated`)
})

/** How many tries it took. */
const untilAnswered = async (device: Device, actions: readonly JsonObject[]): Promise<number> => {
  for (let tries = 1; ; tries += 1) {
    const reply = await device.pushRaw(actions).catch(() => undefined)
    if (reply?.status === 200) {
      const { shouldDoFullSync } = ok(reply)
      // Counted before, and the answer was lost.
      if (shouldDoFullSync === true && tries === 1) throw new Error('refused at once')
      return tries
    }
    if (reply !== undefined && reply.status !== 503) {
      throw new Error(`${reply.status} ${reply.text}`)
    }
    await pause(50)
  }
}
