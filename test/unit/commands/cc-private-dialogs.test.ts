/**
 * Proves that a pair has one private dialog (connectycube 8.4), on two engines over one history: with first messages at once on both, with a
 * node that died between the reservation and the dialog, and after a deletion for all.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createDialogs, type Dialogs } from '../../../src/commands/cc/dialogs.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { pairEvents } from '../../../src/domain/cc/dialog-events.ts'
import { pairStream } from '../../../src/domain/cc/names.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { objectIds } from '../../../src/object-id.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { newEvent } from '../../support/events.ts'

const APP = 1
const [MIRA, OTTO] = [1000, 1001]

/** A node: documents know both users, and show everything at once. */
const node = async (history: History, n: number): Promise<Dialogs> => {
  const documents = memoryDocuments()
  const users = [MIRA, OTTO].map((id) => ({
    collection: 'cc_users',
    id: `${APP}-${id}`,
    at: 1n,
    put: { app: APP, id },
  }))
  await documents.apply(users, [])
  const keyring = memoryKeyring()
  const engine = createEngine({
    ...{ history, keyring, snapshots: createSnapshots(documents, keyring) },
    refusal: () => undefined,
    shown: () => Promise.resolve(true),
  })
  const newId = objectIds(new Uint8Array(5).fill(n))
  return createDialogs({ engine, reader: documents, newId, now: () => 1_767_225_600_000 })
}

const found = (answer: Awaited<ReturnType<Dialogs['privateDialog']>>): string =>
  E.isRight(answer) ? answer.right : `refused: ${answer.left.reason}`

const created = async (history: History): Promise<number> => {
  let count = 0
  for await (const page of history.readAll({ after: 0n }))
    count += page.filter(({ type }) => type === 'DialogCreated').length
  return count
}

test('two nodes that are asked at once by both make one', async (t) => {
  const history = memoryHistory()
  const nodes = await Promise.all([node(history, 1), node(history, 2)])
  const asked = Array.from({ length: 20 }, (_, n) => {
    const [me, other] = n % 3 === 0 ? [MIRA, OTTO] : [OTTO, MIRA]
    return (n % 2 === 0 ? nodes[0] : nodes[1]).privateDialog(APP, me, other)
  })
  const [dialog = '', ...more] = new Set((await Promise.all(asked)).map(found))
  t.regex(dialog, /^[\da-f]{24}$/)
  t.deepEqual(more, [])
  t.is(await created(history), 1)
})

test('a reservation without a dialog is made good by whoever comes next', async (t) => {
  const history = memoryHistory()
  const dialog = 'a'.repeat(24)
  const { data } = pairEvents.fact('PairReserved', { app: APP, users: [MIRA, OTTO], dialog })
  await history.append(pairStream(APP, MIRA, OTTO), 'none', [newEvent('PairReserved', data)])()
  const dialogs = await node(history, 1)
  t.is(found(await dialogs.privateDialog(APP, OTTO, MIRA)), dialog)
  t.is((await dialogs.load(APP, dialog)).life, 'there')
  t.is(found(await dialogs.privateDialog(APP, MIRA, OTTO)), dialog)
})

test('after a deletion for all there is one other, on both nodes', async (t) => {
  const history = memoryHistory()
  const nodes = await Promise.all([node(history, 1), node(history, 2)])
  const first = found(await nodes[0].privateDialog(APP, MIRA, OTTO))
  await nodes[1].privateDialog(APP, OTTO, MIRA)
  t.true(E.isRight(await nodes[1].remove(APP, first, MIRA, true)))
  const again = await Promise.all([...nodes, ...nodes].map((one) => one.privateDialog(APP, MIRA, OTTO)))
  const [second, ...more] = new Set(again.map(found))
  t.not(second, first)
  t.deepEqual(more, [])
  t.is(found(await nodes[0].privateDialog(APP, MIRA, 4242)), 'refused: unknown_users')
})
