import { randomUUID } from 'node:crypto'
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client'
import * as E from 'fp-ts/lib/Either.js'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import { idOf, inFlight, labelCreated } from './events.ts'
import { heading, perSecond, row } from './table.ts'

/** Appends of one event through the port beside the bare client in a loop, on the same server, in turns so that neither has the quieter minute. */
export const measureEventStore = async (url: string, seconds: number): Promise<void> => {
  const client = EventStoreDBClient.connectionString(url)
  const history = openEventStoreHistory({ url })
  const category = `bench.run${randomUUID().replaceAll('-', '')}`
  let count = 0
  const next = () => labelCreated(count++, PLACE)
  const bare: Append = async () => {
    const { id, type, data, meta } = next()
    const event = jsonEvent({ id, type, data: { ...data }, metadata: { ...meta } })
    await client.appendToStream(`${category}-${id}`, event, { expectedRevision: NO_STREAM })
  }
  const ours: Append = async () => {
    const event = next()
    const answer = await history.append(`${category}-${event.id}`, 'none', [event])()
    if (E.isLeft(answer)) throw new Error(`an append was refused: ${answer.left._tag}`)
  }
  try {
    for (const lanes of [1, 64]) {
      heading(
        `EventStoreDB, appends of one event, ${lanes === 1 ? 'one after another' : `${lanes} in flight`}`,
      )
      const floor = { bare: 0, ours: 0 }
      await inFlight(500, bare, lanes)
      await inFlight(500, ours, lanes)
      for (let turn = 0; turn < TURNS; turn++) {
        floor.bare += (await during((seconds * 1000) / TURNS, bare, lanes)) / TURNS
        floor.ours += (await during((seconds * 1000) / TURNS, ours, lanes)) / TURNS
      }
      row('floor: the bare client', perSecond(floor.bare))
      row('through the port', perSecond(floor.ours), `${(floor.ours / floor.bare).toFixed(2)} of the floor`)
    }
  } finally {
    await history.close()
    await client.dispose()
  }
}

type Append = () => Promise<void>

const TURNS = 4
const PLACE = { owner: idOf(1), group: idOf(2) }

/** Times a second, for so long. */
const during = async (ms: number, work: Append, lanes: number): Promise<number> => {
  const started = performance.now()
  let done = 0
  const lane = async (): Promise<void> => {
    while (performance.now() - started < ms) {
      await work()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return done / ((performance.now() - started) / 1000)
}
