/**
 * Proves that a create over HTTP is one trace up to its delivery, in spans that tell no ids or secrets, with an SDK that is brought from outside as
 * an operator brings it; and that documents and answers are the same without it. With shared stores the trace goes through two processes.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { clientOf } from '../support/client.ts'
import { signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

type Span = {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly attributes: { readonly [name: string]: unknown }
}

let server: RunningServer | undefined
let admin: Member
let file = ''
test.before(async () => {
  file = join(await freshDirectory(), 'spans')
  const sdk = resolve('test/support/trace-sdk.mjs')
  server = await startServer({ env: { NODE_OPTIONS: `--import=${sdk}`, TRACE_FILE: file } })
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const spansOf = (trace: string): readonly Span[] =>
  !existsSync(file)
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        // The last one may not be whole yet.
        .slice(0, -1)
        .filter((line) => line.includes(trace))
        .map((line) => JSON.parse(line) as Span)

const until = async (trace: string, ...names: readonly string[]): Promise<readonly Span[]> => {
  for (const end = performance.now() + 30_000; performance.now() < end; await pause(20)) {
    const spans = spansOf(trace)
    if (names.every((name) => spans.some((span) => span.name === name))) return spans
  }
  throw new Error(
    `of ${names.join()} only ${spansOf(trace)
      .map(({ name }) => name)
      .join()}`,
  )
}

const fresh = (): { readonly trace: string; readonly span: string } => ({
  trace: randomBytes(16).toString('hex'),
  span: randomBytes(8).toString('hex'),
})

/** A label made by a request of that trace. */
const createIn = async (traceparent: string): Promise<{ readonly id: string; readonly name: string }> => {
  const name = unique('secretly')
  const client = clientOf(server?.url ?? '', { ...admin.headers, traceparent })
  return { id: (await client.post('/labels', { name })).entity()._id, name }
}

test.serial('a create is one trace: request, command, append, projection, delivery', async (t) => {
  const socket = await connectSocketIo(t, {
    url: server?.url ?? '',
    headers: admin.headers,
  })
  const { trace, span } = fresh()
  const { id, name } = await createIn(`00-${trace}-${span}-01`)
  await socket.next(about(id))
  const spans = await until(
    trace,
    'POST rightech',
    'command stores.labels',
    'append',
    'project stores',
    'deliver',
  )
  const named = (wanted: string): Span => {
    const found = spans.find((one) => one.name === wanted)
    if (found === undefined) throw new Error(wanted)
    return found
  }
  const [http, command, append] = [named('POST rightech'), named('command stores.labels'), named('append')]
  t.is(http.parentId, span)
  t.is(command.parentId, http.spanId)
  t.is(append.parentId, command.spanId)
  t.is(named('project stores').parentId, append.spanId)
  t.is(named('deliver').parentId, append.spanId)
  t.is(http.attributes['http.response.status_code'], 200)
  t.like(command.attributes, {
    'headwater.context': 'stores',
    'headwater.command': 'CreateEntity',
    'headwater.outcome': 'done',
  })
  const told = JSON.stringify(spans.map(({ name: called, attributes }) => ({ called, attributes })))
  for (const secret of [id, name, ...Object.values(admin.headers).map(String)])
    t.false(told.includes(secret), secret)
})

test.serial('a header that is no traceparent begins a trace of its own', async (t) => {
  t.is((await createIn('00-nonsense')).id.length, 24)
})

test.serial('what is not sampled leaves no span and no mark in the history', async (t) => {
  const [quiet, loud] = [fresh(), fresh()]
  await createIn(`00-${quiet.trace}-${quiet.span}-00`)
  await createIn(`00-${loud.trace}-${loud.span}-01`)
  await until(loud.trace, 'project stores')
  t.deepEqual(spansOf(quiet.trace), [])
  if (process.env['STORES'] === 'shared') return
  await server?.stop('SIGTERM')
  const has = (path: string, text: string): boolean => readFileSync(path).includes(text)
  const directory = server?.dataDir ?? ''
  t.true(has(historyPath(directory), loud.trace))
  t.false(has(historyPath(directory), quiet.trace))
  t.false(has(documentsPath(directory), loud.trace), 'no document depends on a trace')
})
