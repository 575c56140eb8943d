/**
 * Proves what the doctor says of a machine in order, beside its server and behind it, and that each thing which is wrong with one is told by the check
 * that it concerns, on copies of its directory. What a machine is (Node, disk, rights, clock, environment) is given. And what `unlock` shows and
 * releases of a running server.
 */
import { chmod, cp, mkdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { documentsPath, historyPath, keyringPath } from '../../src/embedded/directory.ts'
import type { Machine } from '../../src/operating/doctor/check.ts'
import { CHECKS, examine, hasFailed, type Told } from '../../src/operating/doctor/doctor.ts'
import { openSubject } from '../../src/operating/doctor/open.ts'
import type { JsonObject } from '../../src/json.ts'
import { clientOf } from '../support/client.ts'
import {
  ADMIN,
  cleanUp,
  freshDirectory,
  runScript,
  startServer,
  type RunningServer,
} from '../support/server.ts'

/** The files of one process are looked into. */
const embedded = process.env['STORES'] === 'shared' ? test.skip : test

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

const machineOf = (dataDir: string, other: Partial<Machine> = {}): Machine => ({
  env: { DATA_DIR: dataDir },
  nodeVersion: 'v20.19.0',
  now: Date.now,
  freeBytes: () => Promise.resolve(2 ** 40),
  mayUse: () => Promise.resolve(true),
  user: undefined,
  temporary: join(dataDir, 'nowhere'),
  ...other,
})

const told = async (machine: Machine): Promise<readonly Told[]> => {
  const { subject, close } = openSubject(machine)
  const all: Told[] = []
  for await (const one of examine(subject)) all.push(one)
  await close()
  return all
}

const levels = (all: readonly Told[]): readonly string[] =>
  all.filter(({ level }) => level !== 'ok').map(({ check, level }) => `${level} ${check}`)

const textIn = (all: readonly Told[], check: string): string =>
  all.flatMap((one) => (one.check === check ? [one.text] : [])).join('\n')

embedded('a machine in order, and what can be wrong with one', async (t) => {
  t.timeout(300_000)
  server = await startServer()
  const { dataDir, pid, url } = server
  const beside = await runScript('doctor', ['--json'], dataDir)
  t.is(beside.code, 0, beside.output)
  const { ok, checks } = JSON.parse(beside.output) as {
    readonly ok: boolean
    readonly checks: readonly Told[]
  }
  t.true(ok)
  t.deepEqual(
    [...new Set(checks.map(({ check }) => check))],
    CHECKS.map(({ name }) => name),
  )
  t.regex(textIn(checks, 'directory'), new RegExp(`held by process ${pid}`))

  const wrong = { login: ADMIN.login, password: 'Wrong123' }
  for (let n = 0; n < 10; n++) await clientOf(url).post('/auth/token', wrong)
  t.is((await clientOf(url).post('/auth/token', ADMIN)).status, 429)
  const forget = ['--sign-in', ADMIN.login, '--from', '127.0.0.1']
  t.is((await runScript('unlock', forget, dataDir)).code, 0)
  t.is((await clientOf(url).post('/auth/token', ADMIN)).status, 200)
  const kept = await runScript('unlock', ['erasures', '--all-dead', '--json'], dataDir)
  t.is(kept.code, 1, kept.output)
  const shown = JSON.parse(kept.output) as { readonly [name: string]: readonly JsonObject[] & JsonObject }
  t.like(shown['directory'], { held: true, pid, alive: true })
  t.like(
    shown['leases']?.find(({ lease }) => lease === 'erasures'),
    { holder: 'alive', pid },
  )
  t.is((await runScript('unlock', ['erasures', '--force'], dataDir)).code, 0)
  t.is((await runScript('unlock', ['--sign-in', 'somebody'], dataDir)).code, 2)

  t.is((await server.stop('SIGTERM')).code, 0)
  t.deepEqual(levels(await told(machineOf(dataDir))), [])
  t.regex((await runScript('unlock', [], dataDir)).output, /is free/)

  const later = Date.now() + 40 * 86_400_000
  const roomy = await told(machineOf(dataDir, { now: () => later }))
  t.regex(textIn(roomy, 'disk'), /enough for about \d+ days/)
  const given: readonly (readonly [what: Partial<Machine>, levels: readonly string[], text: RegExp])[] = [
    [{ nodeVersion: 'v20.18.3' }, ['fail node'], /too old/],
    [{ freeBytes: () => Promise.resolve(2 ** 20) }, ['fail disk'], /writes are refused/],
    [{ freeBytes: () => Promise.resolve(2 ** 28 + 1) }, ['warn disk'], /copy that an erasure/],
    [{ now: () => Date.now() - 3_600_000 }, ['fail clock'], /ahead of this clock/],
    [
      { mayUse: (path) => Promise.resolve(path !== historyPath(dataDir)) },
      ['fail permissions'],
      /history\.mdb cannot be read/,
    ],
  ]
  for (const [other, expected, text] of given) {
    const all = await told(machineOf(dataDir, other))
    t.deepEqual(levels(all), expected)
    t.regex(all.map((one) => one.text).join('\n'), text)
  }
  const faults = await told(machineOf(dataDir, { env: { DATA_DIR: dataDir, PORT: 'x', LOG_LEVEL: 'loud' } }))
  t.is(faults.filter(({ check, level }) => check === 'configuration' && level === 'fail').length, 2)
  t.is((await runScript('doctor', [], join(dataDir, 'elsewhere'))).code, 1)

  const copy = async (): Promise<string> => {
    const directory = join(await freshDirectory(), 'copy')
    await cp(dataDir, directory, { recursive: true })
    return directory
  }
  const half = await copy()
  await truncate(documentsPath(half), 8_192)
  const failures = (await told(machineOf(half))).filter(({ level }) => level === 'fail')
  t.deepEqual(levels(failures), ['fail documents'])
  t.regex(failures[0]?.todo ?? '', /makes them anew/, 'no backup has them')
  const { ok: isBareWell, checks: bare } = await (async () => {
    const without = await copy()
    for (const suffix of ['', '-lock', '-state'])
      await rm(`${documentsPath(without)}${suffix}`, { force: true })
    const all = await told(machineOf(without))
    return { ok: !hasFailed(all), checks: all }
  })()
  t.true(isBareWell, 'a server makes documents, and no backup has them')
  t.regex(textIn(bare, 'documents'), /none yet/)
  t.regex(textIn(bare, 'events'), /reads every type and schema/)
  const strange = await copy()
  const other = await startServer()
  await other.stop('SIGTERM')
  await rm(keyringPath(strange), { recursive: true })
  await cp(keyringPath(other.dataDir), keyringPath(strange), { recursive: true })
  t.deepEqual(levels(await told(machineOf(strange))), ['fail keyring'])
  const cut = await copy()
  await cp(historyPath(other.dataDir), historyPath(cut))
  await cp(keyringPath(other.dataDir), keyringPath(cut), { recursive: true })
  t.regex(textIn(await told(machineOf(cut)), 'tree'), /history ends at/)
  const open = await copy()
  await chmod(open, 0o755)
  await mkdir(join(open, 'headwater-replay-x'))
  await writeFile(join(open, 'history.part'), '')
  for (const name of ['headwater-replay-x', 'history.part']) await utimes(join(open, name), 1_000, 1_000)
  const lying = await told(machineOf(open, { temporary: open }))
  t.deepEqual([...new Set(levels(lying))], ['warn permissions', 'warn leftovers'])
  t.is(lying.filter(({ check, level }) => check === 'leftovers' && level === 'warn').length, 2)
})
