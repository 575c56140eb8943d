import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { openLmdb } from '../../src/embedded/lmdb.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { History } from '../../src/history/port.ts'
import type { Projection } from '../../src/projecting/projection.ts'
import { startRunner } from '../../src/projecting/runner.ts'
import { PROJECTIONS } from '../../projections/registry.ts'
import { fdatasyncRate } from './disk.ts'
import { fill, idOf, inFlight, labelCreated, type Place } from './events.ts'
import { heading, perSecond, row } from './table.ts'

/** The history and the read models by themselves, in this process. */
export const measureHistory = async (events: number): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'headwater-bench-'))
  try {
    heading(`history alone, ${events.toLocaleString('en')} appends of one event, 200 in flight`)
    row('raw fdatasync of the same minute', perSecond(fdatasyncRate(directory)))
    const floor = await bareAppends(join(directory, 'bare.mdb'), events)
    row('floor: LMDB, event, two keys, revision check', perSecond(floor))
    const history = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
    const ours = await fill(history, { from: 0, count: events, ...PLACE })
    row('appends', perSecond(ours), `${(ours / floor).toFixed(2)} of the floor`)
    await measureScan(history, events)
    const of = { history, directory, events }
    await measureRebuild(of, [thin], 'one document and two index keys an event')
    await measureRebuild(of, PROJECTIONS, 'read models of all stores together')
    await history.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const PLACE: Place = { owner: idOf(1), group: idOf(2) }

const bareAppends = async (path: string, count: number): Promise<number> => {
  const store = openLmdb(path, 'durable')
  const key = (prefix: string, text: string): Buffer => Buffer.from(prefix + text)
  const rate = await inFlight(count, (n) => {
    const stream = idOf(n)
    if (store.get(key('h', stream)) !== undefined) throw new Error('that stream is new')
    void store.put(key('s', `${stream}-0`), key('', String(n)))
    void store.put(key('h', stream), key('', '0'))
    return store.put(key('e', stream), Buffer.from(JSON.stringify(labelCreated(n, PLACE))))
  })
  await store.close()
  return rate
}

const measureScan = async (history: History, count: number): Promise<void> => {
  const started = performance.now()
  let seen = 0
  for await (const page of history.readAll({ after: 0n })) seen += page.length
  if (seen !== count) throw new Error('the history is not what was appended')
  row('reading all of it', perSecond(count / ((performance.now() - started) / 1000)))
}

const thin: Projection = {
  name: 'thin',
  version: 1,
  prefixes: ['stores.'],
  collections: { thin: { indexes: [{ keys: ['name'] }, { keys: ['color'] }] } },
  on: {
    EntityCreated: ({ stream, data }) => {
      const { doc } = data as { readonly doc: { readonly name: string; readonly color: string } }
      return [{ collection: 'thin', id: stream, put: { name: doc.name, color: doc.color } }]
    },
  },
}

const measureRebuild = async (
  of: { readonly history: History; readonly directory: string; readonly events: number },
  projections: readonly Projection[],
  name: string,
): Promise<void> => {
  const { history, events } = of
  const path = join(of.directory, `documents-${projections.length}.mdb`)
  const documents = await openEmbeddedDocuments({ path })
  const started = performance.now()
  const runner = await startRunner({
    history,
    documents,
    projections,
    onApplied: () => undefined,
    onStopped: (projection, { error }) => row(projection, 'STOPPED', error),
    onBroken: (error) => row('the runner', 'BROKEN', String(error)),
  })
  await runner.reached(await history.head(), ['stores.'])
  row(`rebuild, ${name}`, perSecond(events / ((performance.now() - started) / 1000)))
  await runner.close()
  await documents.close()
}
