/**
 * Proves that `replay` prints the events of a stream or between two positions as they are stored, and that what it compares beside a running server and
 * on the directory of a stopped one differs exactly where somebody tampered with the documents; it leaves no files and shows no credentials.
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { documentsPath } from '../../src/embedded/directory.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { PROJECTIONS } from '../../projections/registry.ts'
import { asText } from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import {
  cleanUp,
  environment,
  freshDirectory,
  runScript,
  startServer,
  type RunningServer,
} from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
let label = ''
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
  const member = await newMember(admin)
  label = (await create(member, 'labels', { color: 'red' })).entity._id
  await member.patch(`/labels/${label}`, { color: 'blue' })
  await newToken(member, ['GET /*'])
  const gone = (await create(member, 'labels')).entity._id
  await member.delete(`/labels/${gone}`)
})
test.after.always(() => cleanUp(server))

const isShared = process.env['STORES'] === 'shared'
const directory = (): string => server?.dataDir ?? ''
const replay = (...parameters: readonly string[]) => runScript('replay', parameters, directory())

type Exit = Awaited<ReturnType<typeof runScript>>

const lines = ({ output }: Exit): readonly JsonObject[] =>
  output.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return []
    const value: unknown = JSON.parse(line)
    return isObject(value) ? [value] : []
  })

const resultOf = (exit: Exit): JsonObject => {
  const result = lines(exit).at(-1)?.result
  return isObject(result) ? result : {}
}

/** Only the stores are written to, and no table or device of them; they count for Afrodite, and the first start makes an application. */
const TOUCHED: ReadonlySet<string> = new Set([
  'stores',
  'stores-events',
  'stores-logins',
  'stores-tokens',
  'stores-versions',
  'afrodite-sync-counts',
  'cc-applications',
])

const comparesClean = async (t: ExecutionContext): Promise<void> => {
  const exits = await Promise.all(
    PROJECTIONS.map(({ name }) => replay('--from', '0', '--projection', name, '--json')),
  )
  for (const [index, { name }] of PROJECTIONS.entries()) {
    const exit = exits[index]
    if (exit === undefined) return t.fail(name)
    t.is(exit.code, 0, exit.output)
    t.is(lines(exit).length, 1)
    t.like(resultOf(exit), { projection: name, outcome: 'compared', differences: 0, notCompared: 0 })
    t.is(Number(resultOf(exit).compared) > 0, TOUCHED.has(name), name)
  }
}

test.serial('a stream is printed as `history` prints it, a range with both its ends', async (t) => {
  const { entity } = await create(admin, 'users', { phone: '+49 1234567' })
  const stream = `stores.users-${entity._id}`
  for (const options of [[], ['--json']]) {
    const [replayed, history] = await Promise.all([
      replay('--stream', stream, ...options),
      runScript('history', [stream, ...options], directory()),
    ])
    t.is(replayed.code, 0, replayed.output)
    t.is(replayed.output, history.output)
    t.true(replayed.output.length > 100)
    t.false(replayed.output.includes('1234567'), 'sealed fields stay sealed')
  }
  const all = lines(await replay('--from', '1', '--json'))
  const positions = all.map(({ position }) => position)
  t.true(positions.length > 5)
  t.deepEqual(
    positions,
    [...positions].sort((a, b) => Number(a) - Number(b)),
  )
  const [, from = '', to = ''] = positions.map(String)
  const range = await replay('--from', from, '--to', to, '--json')
  t.deepEqual(lines(range), all.slice(1, 3))
  const text = await replay('--from', from, '--to', to)
  t.true(text.output.includes(`    in ${asText(all[1]?.stream)}\n`))
  t.is(lines(await replay('--from', '1', '--limit', '2', '--json')).length, 2)
})

test.serial('beside a server that is written to, nothing differs', async (t) => {
  const stopping = new AbortController()
  const writing = (async () => {
    while (!stopping.signal.aborted) {
      const { entity } = await create(admin, 'labels')
      await admin.patch(`/labels/${entity._id}`, { color: 'red' })
    }
  })()
  try {
    await comparesClean(t)
    const part = await replay('--stream', `stores.labels-${label}`, '--projection', 'stores')
    t.is(part.code, 0, part.output)
    t.regex(part.output, /^stores: 2 events up to position \d+ replayed; stores@\d+\.0 serves up to \d+$/m)
    t.regex(part.output, /^stores: 1 documents compared, 0 differ$/m)
  } finally {
    stopping.abort()
    await writing
  }
})

test.serial('exit codes', async (t) => {
  const cases: readonly (readonly [code: number, ...parameters: readonly string[]])[] = [
    [0, '--help'],
    [1, '--stream', 'stores.labels-nobody'],
    [1, '--stream', 'stores.labels-nobody', '--projection', 'stores'],
    [1, '--from', '999999999'],
    [2],
    [2, '--to', '1'],
    [2, '--stream', 'x', '--from', '1'],
    [2, '--stream', 'x', '--to', '1'],
    [2, '--from', '-1'],
    [2, '--from', '0', '--projection', 'nothing'],
    [2, '--from', '0', '--limit', '0'],
    [2, '--from', '0', 'more'],
  ]
  await Promise.all(
    cases.map(async ([expected, ...parameters]) => {
      const { code, output } = await replay(...parameters)
      t.is(code, expected, parameters.join(' '))
      t.notRegex(output, /\n\s+at /, 'no stack')
    }),
  )
  if (!isShared) t.is((await runScript('replay', ['--from', '0'], join(directory(), 'nowhere'))).code, 2)
})

// With STORES=shared there are no files to change.
const ofDirectory = isShared ? test.skip : test.serial
ofDirectory('of a stopped server, and with documents that were tampered with', async (t) => {
  t.is((await server?.stop('SIGTERM'))?.code, 0)
  await comparesClean(t)
  const documents = await openEmbeddedDocuments({ path: documentsPath(directory()) })
  const collection = `stores_labels@${PROJECTIONS.find(({ name }) => name === 'stores')?.version ?? 0}`
  const found = await documents.get(collection, label)
  const { at = 0n, value } = found ?? {}
  await documents.apply([{ collection, id: label, at: at + 1n, put: { ...value, color: 'tampered' } }], [])
  await documents.close()

  const exit = await replay('--from', '0', '--projection', 'stores', '--json')
  t.is(exit.code, 1, exit.output)
  const [difference, ...rest] = lines(exit)
  t.is(rest.length, 1)
  t.deepEqual<unknown, JsonObject>(difference, {
    ...{ kind: 'different', collection: 'stores_labels', id: label, later: false },
    replayed: { at: String(at), value: { ...value } },
    serving: { at: String(at + 1n), value: { ...value, color: 'tampered' } },
  })
  t.like(resultOf(exit), { outcome: 'compared', differences: 1, later: 0 })

  const text = await replay('--stream', `stores.labels-${label}`, '--projection', 'stores')
  t.is(text.code, 1)
  t.true(text.output.includes('    color: replayed "blue", serving "tampered"\n'), text.output)
  t.is((await replay('--from', '0', '--projection', 'stores-versions')).code, 0, 'another projection')
})

/** With what code it ends when it is told while it has files. */
const interrupted = async (signal: NodeJS.Signals, temporary: string): Promise<unknown> => {
  const child = spawn(process.execPath, ['dist/replay.js', '--from', '0', '--projection', 'stores'], {
    env: { ...environment(directory()), TMPDIR: temporary },
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  while ((await readdir(temporary)).length === 0 && child.exitCode === null) await pause(1)
  child.kill(signal)
  return ended
}

test.serial('a signal leaves no files', async (t) => {
  const temporary = await freshDirectory()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // On a busy machine it may be through before it is told.
    let code: unknown = 0
    for (let tries = 0; code === 0 && tries < 20; tries += 1) {
      code = await interrupted(signal, temporary)
      t.deepEqual(await readdir(temporary), [], signal)
    }
    t.is(code, 2, signal)
  }
})

test.serial('servers that are away are told in a line, within seconds and without credentials', async (t) => {
  const away = {
    EVENTSTORE_URL: 'esdb://user:topsecret@127.0.0.1:9?tls=false',
    MONGODB_URL: 'mongodb://user:topsecret@127.0.0.1:9/x',
  }
  const scripts = [
    ['status'],
    ['history', 'x'],
    ['replay', '--from', '0'],
    ['replay', '--from', '0', '--projection', 'stores'],
    ['rebuild'],
  ] as const
  await Promise.all(
    scripts.map(async ([script, ...parameters]) => {
      const child = spawn(process.execPath, [`dist/${script}.js`, ...parameters], {
        env: { ...environment(await freshDirectory()), ...away },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const chunks: string[] = []
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
      const started = performance.now()
      const code = await new Promise((resolve) => child.once('close', resolve))
      const output = chunks.join('')
      t.is(code, 2, `${script}: ${output}`)
      t.is(output.split('\n').length, 2, output)
      t.notRegex(output, /topsecret/)
      t.true(performance.now() - started < 90_000, script)
    }),
  )
})
