/** Whether shared stores hold what clients were told, nothing twice and nothing else, and the documents what the history says. */
import type { ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../src/config.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import { openStores, type Stores } from '../../src/stores.ts'
import { asText, type Reply } from './client.ts'
import type { SharedStores } from './shared-stores.ts'
import type { Member } from './members.ts'
import { run, type Exit } from './processes.ts'
import { environment, freshDirectory } from './server.ts'
import type { SteadyLoad } from './steady-load.ts'
import { until } from './steady-load.ts'

type Sent = Pick<SteadyLoad, 'sent' | 'acknowledged'>

/** The labels of the member's group, through its node, against those that were sent and the history. */
export const assertSound = async (
  t: ExecutionContext,
  stores: SharedStores,
  member: Member,
  { sent, acknowledged }: Sent,
): Promise<void> => {
  await withStores(stores, async (opened) => {
    const head = await opened.history.head()
    await until(async () => (await leastCheckpoint(opened)) >= head, 'documents that catch up', CATCH_UP_MS)
    const ahead = [...(await opened.documents.checkpoints())].filter(([, position]) => position > head)
    t.deepEqual(ahead, [], 'no checkpoint is ahead of the history')
    const created = await createdIn(opened, member.group)
    await pageAt(t, member, created)
    const list = (await member.get('/labels?nolimit=true')).list()
    const names = list.map(({ name }) => asText(name))
    t.is(new Set(names).size, names.length, 'each once')
    t.deepEqual(
      names.filter((name) => !sent.has(name)),
      [],
      'nothing that was never sent',
    )
    const listed = new Map(list.map((entity) => [asText(entity.name), JSON.stringify(entity)]))
    const lost = [...acknowledged].filter(([name, entity]) => listed.get(name) !== JSON.stringify(entity))
    t.deepEqual(
      lost.map(([name]) => name),
      [],
      'nothing that was acknowledged is lost',
    )
    t.deepEqual((await member.get('/labels?meta=count')).json(), { count: names.length, success: true })
    t.is(new Set(created.map(({ stream }) => stream)).size, created.length, 'created once')
    const docs = created.map(({ data }) => data.doc as JsonObject)
    const byId = docs.toSorted((a, b) => (asText(a._id) < asText(b._id) ? -1 : 1))
    t.deepEqual<readonly JsonObject[], readonly JsonObject[]>(list, byId, 'the list is the history')
  })
}

/** Also a node that has just begun to see where the documents are gets there. */
const pageAt = async (
  t: ExecutionContext,
  member: Member,
  created: readonly StoredEvent[],
): Promise<void> => {
  const version = String(created.at(-1)?.position)
  let reply: Reply | undefined
  await until(
    async () => {
      reply = await member.get('/labels?limit=1')
      return reply.status === 200
    },
    'a list',
    CATCH_UP_MS,
  )
  t.is(reply?.headers['x-ric-version'], version)
}

/** `npm run rebuild -- --check` on the projector with that directory, which may have to wait for the lease of one that was killed. */
export const checkRebuild = async (stores: SharedStores, dataDir: string): Promise<Exit> => {
  const check = (): Promise<Exit> =>
    run('rebuild', ['--check', '--json'], { ...environment(dataDir), ...stores.env }).exited
  let exit = await check()
  await until(
    async () => {
      if (exit.output.includes('A projector elsewhere')) exit = await check()
      return !exit.output.includes('A projector elsewhere')
    },
    'a projector with the lease',
    CATCH_UP_MS,
  )
  return exit
}

/** Opened as a node opens them. */
export const withStores = async <A>(
  stores: SharedStores,
  work: (opened: Stores) => Promise<A>,
): Promise<A> => {
  const config = readConfig({ ...environment(await freshDirectory()), ...stores.env })
  if (E.isLeft(config)) throw new Error(config.left.join('\n'))
  const ignore = (): void => undefined
  const opened = await openStores(config.right, { onFatal: ignore, onRepair: ignore })
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

/** All positions of all checkpoints, so that two moments can be compared. */
export const checkpointsOf = (stores: SharedStores): Promise<ReadonlyMap<string, bigint>> =>
  withStores(stores, ({ documents }) => documents.checkpoints())

const CATCH_UP_MS = 60_000

const leastCheckpoint = async ({ documents }: Stores): Promise<bigint> => {
  const positions = [...(await documents.checkpoints()).values()]
  return positions.reduce((least, position) => (position < least ? position : least))
}

/** The events that created a group's labels, in the order of the history. */
const createdIn = async ({ history }: Stores, group: string): Promise<readonly StoredEvent[]> => {
  const isOurs = ({ type, data }: StoredEvent): boolean =>
    type === 'EntityCreated' && isObject(data.doc) && data.doc.group === group
  const created: StoredEvent[] = []
  for await (const page of history.readAll({ after: 0n, prefixes: ['stores.labels-'] }))
    created.push(...page.filter(isOurs))
  return created
}
