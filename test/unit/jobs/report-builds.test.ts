/**
 * Proves that the builder brings builds to their end, in steps that are repeated without effect, goes on after a failure in the middle, and
 * makes room that nobody else made. Engine and projections are real, in memory.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { onBuild } from '../../../src/commands/report-builds.ts'
import type { Reader } from '../../../src/queries/reader.ts'
import { startBuildingReports } from '../../../src/jobs/report-builds.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { asText } from '../../support/client.ts'
import { startStack, type Stack } from '../protocols/rightech/stack.ts'
import { until } from '../../support/waiting.ts'

type World = {
  readonly stack: Stack
  readonly post: (line: string, body: JsonObject) => Promise<JsonObject>
  readonly build: (objectIds: readonly string[]) => Promise<string>
  readonly statusOf: (id: string) => Promise<JsonObject>
  readonly objects: readonly string[]
}

const worldOf = async (t: ExecutionContext, count: number): Promise<World> => {
  const stack = await startStack(t)
  const token = await stack.signIn()
  const post: World['post'] = async (line, body) =>
    (await stack.call(token, `POST /api/v1/${line}`, body)).entity
  const model = (await post('models', { name: 'M', base: 'mqtt' }))._id ?? null
  const objects: string[] = []
  for (let n = 0; n < count; n += 1)
    objects.push(asText((await post('objects', { name: `O ${n}`, id: `o-${n}`, model }))._id))
  const report = asText((await post('reports', { name: 'R' }))._id)
  return {
    ...{ stack, post, objects },
    build: async (objectIds) =>
      asText((await post(`reports/${report}/build`, { period: { from: 0, to: 1 }, objectIds }))._id),
    statusOf: async (id) => (await stack.call(token, `GET /api/v1/reports/builds/${id}`)).entity,
  }
}

const eventsOf = async ({ stack }: World, id: string): Promise<readonly StoredEvent[]> => {
  const events: StoredEvent[] = []
  for await (const page of stack.history.read(`stores.reports.builds-${id}`)) events.push(...page)
  return events
}

test('a build of many objects tells how far it is, and a failure in the middle repeats nothing', async (t) => {
  const world = await worldOf(t, 250)
  const { stack, objects } = world
  const id = await world.build(objects)
  let counted = 0
  const count: Reader['count'] = (collection, filter) => {
    counted += 1
    return counted === 150
      ? Promise.reject(new Error('away'))
      : stack.services.reader.count(collection, filter)
  }
  const failures: unknown[] = []
  const reader = { find: stack.services.reader.find, count }
  const job = startBuildingReports({
    ...{ ...stack.services, reader, everyMs: 5 },
    onFailure: (error) => failures.push(error),
  })
  t.teardown(job.stop)
  await until(async () => (await world.statusOf(id)).status === 'completed')
  t.is(failures.length, 1)
  const events = await eventsOf(world, id)
  t.deepEqual<unknown, unknown>(
    events.slice(1).map(({ data }) => {
      const { startedAt: _s, completedAt: _c, _result: result, ...set } = data.set as JsonObject
      return { ...set, rows: (result as readonly unknown[] | undefined)?.length }
    }),
    [
      { status: 'queued', rows: undefined },
      { status: 'processing', rows: undefined },
      { progress: 40, rows: undefined },
      { progress: 80, rows: undefined },
      { status: 'completed', progress: 100, rows: 250 },
    ],
  )
  t.true(events.slice(1).every(({ meta }) => meta.actor === 'platform:job:build-reports'))
})

test('woken, it begins at once; an object that is gone has no row', async (t) => {
  const world = await worldOf(t, 2)
  const [kept = '', gone = ''] = world.objects
  const { stack } = world
  const job = startBuildingReports({
    ...{ ...stack.services, everyMs: 60_000 },
    onFailure: (error) => t.fail(String(error)),
  })
  t.teardown(job.stop)
  await pause(50)
  const first = await world.build([kept])
  const token = await stack.signIn()
  const second = await world.build([gone, kept])
  t.is((await stack.call(token, `DELETE /api/v1/objects/${gone}`)).status, 200)
  t.is((await world.statusOf(second)).status, 'pending')
  job.wake()
  await until(async () => (await world.statusOf(second)).status === 'completed')
  const exported = await stack.call(token, `GET /api/v1/reports/builds/${second}/export`)
  t.like(exported.json, [{ rows: [[{ value: 'O 0' }, { value: 0 }]] }])
  t.is((exported.json as unknown as readonly { readonly rows: readonly unknown[] }[])[0]?.rows.length, 1)
  t.is((await world.statusOf(first)).status, 'completed')
})

test('room that a crash kept anybody from making is made by the builder', async (t) => {
  const world = await worldOf(t, 0)
  const { services } = world.stack
  const caller = { user: 'u', group: 'g', branch: ['r', 'g'], credentials: ['*'] }
  const ids = Array.from({ length: 13 }, () => services.newId(Date.now()))
  for (const id of ids) {
    const report = { _id: 'f'.repeat(24), name: 'R' }
    const body = { period: { from: 0, to: 1 }, objectIds: [] }
    const asked = { type: 'CreateBuild', id, at: 1, report, body, missing: new Set<string>() } as const
    await services.engine.execute({
      ...onBuild(id, { ...asked, locale: 'en', caller }),
      ...{ commandId: randomUUID(), actor: 'stores:user:u', at: 1 },
    })()
  }
  const left = async (): Promise<readonly string[]> => {
    const found: string[] = []
    for await (const page of services.reader.find('stores_reports_builds', { status: 'completed' }))
      found.push(...page.map(({ _id }) => _id))
    return found
  }
  const onFailure = (error: unknown): void => t.fail(String(error))
  const job = startBuildingReports({ ...services, everyMs: 5, onFailure })
  t.teardown(job.stop)
  await until(async () => (await left()).length === 10)
  t.deepEqual(await left(), ids.slice(3))
  t.is(await services.reader.count('stores_reports_builds', {}), 10)
})
