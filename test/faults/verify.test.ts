/**
 * Proves that whatever is done to one event of a real embedded store is found, and named with its position: events changed, dropped, swapped,
 * inserted through the store itself, with its index kept in order, and bytes flipped in a record or anywhere in the file, where damage may end the
 * reading process. With SOAK the store has 100,000 events and is tampered with 200 times.
 */
import { open, stat } from 'node:fs/promises'
import test, { type ExecutionContext } from 'ava'
import { historyPath } from '../../src/embedded/directory.ts'
import type { Databases } from '../../src/history/embedded/databases.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { eventJson } from '../../src/history/event-json.ts'
import { recordOf } from '../../src/history/embedded/record.ts'
import { runScript } from '../support/server.ts'
import {
  copyOf,
  embeddedStore,
  putRecord,
  realistic,
  recordAt,
  remove,
  removeTemporary,
  tamper,
  verifyHere,
} from '../support/verifying.ts'

const SOAK = process.env['SOAK'] !== undefined
const EVENTS = SOAK ? 100_000 : 2_000
const TRIES = SOAK ? 34 : 4
const FLIPS = SOAK ? 40 : 5
test.after.always(removeTemporary)

let store: string
let seed = 20_261_123
/** The same numbers at each run. */
const random = (below: number): number => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}
test.before(async () => {
  store = await embeddedStore(EVENTS, 500)
})

test.serial('a history that nobody touched holds', async (t) => {
  const verdict = await verifyHere({ kind: 'stores' }, store)
  t.deepEqual(verdict.faults, [])
  t.true(verdict.heads.count >= EVENTS / 500 && verdict.heads.covered >= EVENTS)
  t.deepEqual(verdict.tree, { size: verdict.events, notCovered: 0 })
})

/** Not the last: what is appended at the end is an append. */
const anywhere = (): number => 1 + random(EVENTS - 1)

test.serial('the first event is missed too', async (t) => {
  const directory = await copyOf(store)
  await tamper(directory, (databases) => {
    void databases.streams.remove(recordAt(databases, 1))
    void databases.events.remove(1)
  })
  const { faults } = await verifyHere({ kind: 'stores' }, directory)
  t.deepEqual([faults[0]?.kind, faults[0]?.position], ['missing', '1'])
})

/** Each does it, and says at which position it shows first. */
const TAMPERINGS: { readonly [what: string]: (databases: Databases) => number } = {
  changed: (databases) => {
    const position = anywhere()
    const text = recordAt(databases, position).toString('latin1')
    const [from, to] = text.includes('label') ? ['label', 'lebal'] : ['note', 'mote']
    void databases.events.put(position, Buffer.from(text.replace(from, to), 'latin1'))
    return position
  },
  dropped: (databases) => {
    const position = anywhere()
    const record = recordAt(databases, position)
    void databases.events.remove(position)
    if (random(2) === 0) void databases.streams.remove(record)
    return position
  },
  'dropped, and all behind it moved up': (databases) => {
    const position = anywhere()
    const records = Array.from({ length: lastOf(databases) - position }, (_, n) =>
      recordAt(databases, position + 1 + n),
    )
    void databases.streams.remove(recordAt(databases, position))
    void databases.events.remove(lastOf(databases))
    records.forEach((record, n) => putRecord(databases, position + n, record))
    return position
  },
  swapped: (databases) => {
    const [a, b] = [anywhere(), anywhere()].sort((x, y) => x - y)
    if (a === undefined || b === undefined || a === b) return TAMPERINGS['changed']?.(databases) ?? 0
    const records = [recordAt(databases, a), recordAt(databases, b)] as const
    putRecord(databases, b, records[0])
    putRecord(databases, a, records[1])
    return a
  },
  inserted: (databases) => {
    const position = anywhere()
    const records = Array.from({ length: lastOf(databases) - position + 1 }, (_, n) =>
      recordAt(databases, position + n),
    )
    const { id, type, data, meta } = realistic(position)
    putRecord(
      databases,
      position,
      recordOf('rightech.label-new', 0, JSON.stringify({ id, type, data, meta })),
    )
    records.forEach((record, n) => putRecord(databases, position + 1 + n, record))
    return position
  },
  'hit by a flipped byte': (databases) => {
    const position = anywhere()
    const record = recordAt(databases, position)
    const at = random(record.length)
    record[at] = (record[at] ?? 0) ^ (1 << random(8))
    void databases.events.put(position, record)
    return position
  },
}

const lastOf = ({ events }: Databases): number => {
  for (const position of events.getKeys({ reverse: true, limit: 1 })) return position
  return 0
}

for (const [what, change] of Object.entries(TAMPERINGS)) {
  test.serial(`one event ${what}`, async (t) => {
    for (let n = 0; n < TRIES; n += 1) {
      const directory = await copyOf(store)
      let position = 0
      await tamper(directory, (databases) => {
        position = change(databases)
      })
      const { faults } = await verifyHere({ kind: 'stores' }, directory)
      t.is(faults[0]?.position, String(position), JSON.stringify(faults))
      await remove(directory)
    }
  })
}

const eventsOf = async (directory: string): Promise<readonly string[]> => {
  const history = openEmbeddedHistory({ path: historyPath(directory), readOnly: true })
  const events: string[] = []
  for await (const page of history.readAll({ after: 0n }))
    for (const event of page) events.push(JSON.stringify(eventJson(event)))
  await history.close()
  return events
}

const flip = async (t: ExecutionContext, directory: string): Promise<number> => {
  const { size } = await stat(historyPath(directory))
  const file = await open(historyPath(directory), 'r+')
  const at = random(size)
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ (1 << random(8))
  await file.write(byte, 0, 1, at)
  await file.close()
  t.log(`byte ${at} of ${size}`)
  return at
}

test.serial('a byte flipped anywhere in the file is found, or no event is another', async (t) => {
  const whole = await eventsOf(store)
  let harmless = 0
  for (let n = 0; n < FLIPS; n += 1) {
    const directory = await copyOf(store)
    const at = await flip(t, directory)
    const { code, output } = await runScript('verify', ['--json'], directory)
    t.true(code === 0 || code === 1, `byte ${at}: ${output}`)
    if (code === 0) {
      harmless += 1
      t.deepEqual(await eventsOf(directory), whole, `byte ${at}`)
    }
    await remove(directory)
  }
  t.log(`${harmless} of ${FLIPS} were in pages or bytes that nothing uses`)
})
