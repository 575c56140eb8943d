import { setTimeout as pause } from 'node:timers/promises'
import { historyPath, openDirectory } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { fill } from './events.ts'
import type { Server } from './server.ts'
import { heading, percentile, row } from './table.ts'

const REQUESTS = 300
const SMALL = 1_000

export type Growth = {
  readonly directory: string
  readonly start: () => Promise<Server>
  /** Entities in the store in the end. */
  readonly entities: number
}

/** The same requests on a store of a thousand entities and on a large one, and how long the server takes to be ready on it. */
export const measureGrowth = async ({ directory, start, entities }: Growth): Promise<void> => {
  heading(`a store of ${SMALL.toLocaleString('en')} and of ${entities.toLocaleString('en')} entities`)
  const first = await start()
  const place = await placeOf(first)
  await first.child.stop()
  await grow(directory, place, { from: 0, to: SMALL })
  const small = await start()
  const before = await latencies(small)
  await small.child.stop()

  await grow(directory, place, { from: SMALL, to: entities })
  const catchingUp = performance.now()
  const large = await start()
  row('ready, documents behind by all of them', seconds(catchingUp))
  const after = await latencies(large)
  for (const [name, ms] of after) {
    const was = before.get(name) ?? Number.NaN
    row(name, `${ms.toFixed(2)} ms`, `${was.toFixed(2)} ms with ${SMALL.toLocaleString('en')}`)
  }
  await large.child.stop()
  await timeStart('ready after a stop', start, (server) => server.child.stop('SIGKILL'))
  await timeStart('ready after a kill', start, (server) => server.child.stop())
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`

const timeStart = async (
  name: string,
  start: Growth['start'],
  end: (server: Server) => Promise<void>,
): Promise<void> => {
  const begun = performance.now()
  const server = await start()
  row(name, seconds(begun))
  await end(server)
}

type Place = { readonly owner: string; readonly group: string }

const placeOf = async ({ url, token }: Server): Promise<Place> => {
  const answer = await fetch(`${url}/api/v1/auth`, { headers: { authorization: `Bearer ${token}` } })
  const { _id, group } = (await answer.json()) as { readonly _id: string; readonly group: string }
  return { owner: _id, group }
}

const grow = async (
  path: string,
  place: Place,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> => {
  const directory = await openDirectory(path)
  const history = openEmbeddedHistory({ path: historyPath(directory.path) })
  await fill(history, { from, count: to - from, ...place })
  await history.close()
  await directory.close()
}

const latencies = async ({ url, token }: Server): Promise<ReadonlyMap<string, number>> => {
  const headers = { authorization: `Bearer ${token}` }
  const base = `${url}/api/v1/labels`
  const text = await (await fetch(`${base}?limit=1`, { headers })).text()
  const { _id } = JSON.parse(text.split('\n')[1] ?? '{}') as { readonly _id: string }
  const requests = {
    'get by id, median': `${base}/${_id}`,
    'first page of 20, median': `${base}?limit=20`,
    'filtered by name, median': `${base}?where.name=label%20777`,
    'newest 20 by name, median': `${base}?sortBy=-name&limit=20`,
  }
  const found = new Map<string, number>()
  for (const [name, target] of Object.entries(requests)) found.set(name, await median(target, headers))
  return found
}

const median = async (url: string, headers: Record<string, string>): Promise<number> => {
  const times: number[] = []
  for (let n = 0; n < REQUESTS; n++) {
    const begun = performance.now()
    await (await fetch(url, { headers })).text()
    times.push(performance.now() - begun)
    if (n % 50 === 0) await pause(1)
  }
  return percentile(
    times.sort((a, b) => a - b),
    0.5,
  )
}
