/**
 * Proves that the documents do not depend on where they are kept: a real server fills its history through every store, and embedded documents and
 * MongoDB make byte-equal documents, tombstones, positions and versions of it; of the same events copied to EventStoreDB too, where
 * only the positions differ.
 */
import { join } from 'node:path'
import test from 'ava'
import { PROJECTIONS } from '../../projections/registry.ts'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { openMongoDocuments } from '../../src/documents/mongodb/documents.ts'
import type { Documents } from '../../src/documents/port.ts'
import { STORES } from '../../src/domain/stores/registry.ts'
import { historyPath, keyringPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import type { History, StoredEvent } from '../../src/history/port.ts'
import { sealedHistory } from '../../src/history/sealing.ts'
import { openMongo } from '../../src/mongodb/connection.ts'
import { startRunner } from '../../src/projecting/runner.ts'
import { SEALED } from '../../src/stores.ts'
import { openEmbeddedKeyring } from '../../src/vault/embedded/keyring.ts'
import { makeBelow } from '../support/below.ts'
import { startEventStore } from '../support/eventstore.ts'
import { collect } from '../support/history.ts'
import { create, newMember, signInAdmin, type Member } from '../support/members.ts'
import { endMongo, freshMongoUrl, serialMongoTest } from '../support/mongodb.ts'
import { cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
test.after.always(async () => {
  await cleanUp(server)
  await endMongo()
})

serialMongoTest('embedded and server-backed documents of one history are byte-equal', async (t) => {
  const dataDir = await filledDirectory()
  const keyring = await openEmbeddedKeyring({ path: keyringPath(dataDir), readOnly: true })
  const embedded = openEmbeddedHistory({ path: historyPath(dataDir), readOnly: true })
  const eventStore = await startEventStore()
  const copied = openEventStoreHistory({ url: eventStore.url })
  t.teardown(async () => {
    await Promise.all([embedded.close(), copied.close(), keyring.close()])
    await eventStore.cleanUp()
  })
  const events = await collect(embedded.readAll({ after: 0n }))
  const positions = await copyTo(copied, events)

  const opened = sealedHistory(embedded, keyring, SEALED)
  const there = await contentsOf(opened, await embeddedDocuments())
  t.true([...there.values()].flat().length > Object.keys(STORES).length * 3)
  t.deepEqual(await contentsOf(opened, await mongoDocuments()), there)

  const openedCopy = sealedHistory(copied, keyring, SEALED)
  const copy = await contentsOf(openedCopy, await embeddedDocuments())
  t.deepEqual(await contentsOf(openedCopy, await mongoDocuments()), copy)
  t.deepEqual(copy, moved(there, positions))
})

/** One of everything, changed, and some of it deleted. */
const filledDirectory = async (): Promise<string> => {
  const dataDir = await freshDirectory()
  server = await startServer({ dataDir, env: { EVENTSTORE_URL: '', MONGODB_URL: '' } })
  const member = await newMember(await signInAdmin(server.url))
  for (const { path, operations } of Object.values(STORES)) {
    if (operations.includes('post')) await makeChangeDelete(member, path)
  }
  await makeBelow(member)
  await server.stop('SIGTERM')
  return dataDir
}

const ODD = { '%24': '\ud83d\ude00', ' é%': [], 0: null, toString: { 7: -0.5, valueOf: 1e21 } }

const makeChangeDelete = async (member: Member, path: string): Promise<void> => {
  const kept = await create(member, path, { extra: { text: 'Ünïcödé \u0000 "', ...ODD } })
  await member.patch(`/${path}/${kept.entity._id}`, { extra: { list: [1, [2, { x: [] }], null, true] } })
  const gone = await create(member, path)
  await member.delete(`/${path}/${gone.entity._id}`)
}

/** The same events in the same order; answers the new positions by the old ones. */
const copyTo = async (
  target: History,
  events: readonly StoredEvent[],
): Promise<ReadonlyMap<bigint, bigint>> => {
  const positions = new Map<bigint, bigint>()
  for (const event of events) {
    const expected = event.revision === 0n ? 'none' : event.revision - 1n
    const answer = await target.append(event.stream, expected, [event])()
    if (answer._tag === 'Left') throw new Error(answer.left._tag)
    positions.set(event.position, answer.right.position)
  }
  return positions
}

const embeddedDocuments = async (): Promise<Documents> =>
  openEmbeddedDocuments({ path: join(await freshDirectory(), 'documents.mdb') })

const mongoDocuments = async (): Promise<Documents> => {
  const mongo = openMongo(await freshMongoUrl())
  return { ...openMongoDocuments(mongo), close: mongo.close }
}

type Contents = ReadonlyMap<string, readonly string[]>

/** Every document of every read model as JSON with its position, and the checkpoints. */
const contentsOf = async (history: History, documents: Documents): Promise<Contents> => {
  const runner = await startRunner({
    history,
    documents,
    projections: PROJECTIONS,
    onApplied: () => undefined,
    onStopped: () => undefined,
    onBroken: (error) => {
      throw error
    },
  })
  await runner.reached(await history.head(), [''])
  const stopped = runner.status().filter((one) => one.stopped !== undefined)
  if (stopped.length > 0) throw new Error(JSON.stringify(stopped.map(({ name }) => name)))
  await runner.close()
  const contents = new Map<string, readonly string[]>()
  for (const collection of [...(await documents.collections())].toSorted()) {
    const lines: string[] = []
    for await (const page of documents.scan(collection))
      for (const { id, at, value } of page) lines.push(`${JSON.stringify(id)} ${at} ${JSON.stringify(value)}`)
    contents.set(collection, lines)
  }
  const checkpoints = [...(await documents.checkpoints())].map(([name, position]) => `${name} ${position}`)
  contents.set('checkpoints', checkpoints.toSorted())
  await documents.close()
  return contents
}

/** What the contents would be at other positions: of documents, in versions, and in checkpoints. */
const moved = (contents: Contents, positions: ReadonlyMap<bigint, bigint>): Contents => {
  const place = (text: string): string => String(positions.get(BigInt(text)) ?? text)
  /** An entry of the log is named by its time, its position and its place among those of its event. */
  const placedEntry = (text: string, time: string, position: string, ordinal: string): string => {
    const placed = positions.get(BigInt(`0x${position}`))
    return placed === undefined ? text : time + placed.toString(16).padStart(10, '0') + ordinal
  }
  return new Map(
    [...contents].map(([collection, lines]) => [
      collection,
      lines.map((line) => {
        if (collection === 'platform_projections') return line
        if (collection === 'checkpoints') return line.replace(/\d+$/, place)
        return line
          .replace(/(?<=^"(?:[^"\\]|\\.)*" )\d+/, place)
          .replace(/(?<="version":)\d+/, (text) => (collection.includes('versions') ? place(text) : text))
          .replace(/(?<="_v":)\d+/, (text) => (collection.includes('events') ? place(text) : text))
          .replaceAll(/(?<=")([\da-f]{12})([\da-f]{10})([\da-f]{2})(?=")/g, placedEntry)
      }),
    ]),
  )
}
