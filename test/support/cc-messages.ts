/** Dialogs and messages on the real engine, with everything in memory unless it is told otherwise: documents show an append before it answers. */
import { randomBytes, randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { ccDialogs } from '../../projections/cc/dialogs.ts'
import { ccMessages } from '../../projections/cc/messages.ts'
import { ccStats } from '../../projections/cc/stats.ts'
import { createDialogs } from '../../src/commands/cc/dialogs.ts'
import { createMessages } from '../../src/commands/cc/messages.ts'
import { createEngine } from '../../src/commands/engine.ts'
import { eventOf } from '../../src/commands/facts.ts'
import { createSnapshots } from '../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import { dialogDecider } from '../../src/domain/cc/dialog-decide.ts'
import type { DialogCommand } from '../../src/domain/cc/dialog.ts'
import { dialogStream } from '../../src/domain/cc/names.ts'
import type { Fact } from '../../src/domain/decider.ts'
import type { DialogType } from '../../src/domain/cc/dialog-events.ts'
import type { Rejection } from '../../src/domain/rejection.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import type { History, StoredEvent } from '../../src/history/port.ts'
import { objectIds } from '../../src/object-id.ts'
import { createBuild, projectInto } from '../../src/projecting/build.ts'
import type { Reader } from '../../src/queries/reader.ts'
import { memoryKeyring } from '../../src/vault/memory/keyring.ts'

export const APP = 1
export const AT = 1_767_225_600_000

const PROJECTIONS = [ccDialogs, ccMessages, ccStats]

/** As the projectors make them, under the collections' logical names. */
export const writesOf = (event: StoredEvent): readonly Write[] => {
  const writes: Write[] = []
  for (const projection of PROJECTIONS) projectInto(writes, createBuild(projection, 0), event)
  return writes.map((write) => ({ ...write, collection: write.collection.replace(/@.*$/, '') }))
}

export const prepare = async (documents: Documents): Promise<void> => {
  for (const { collections } of PROJECTIONS)
    for (const [name, { indexes }] of Object.entries(collections))
      await documents.ensureIndexes(name, indexes)
}

export const readerOf = ({ get, find, count }: Documents): Reader => ({ get, find, count })

export type Chat = ReturnType<typeof createChat>

export type Stores = { readonly documents: Documents; readonly history: History }

/** Users that it starts with are known; the clock stands still until it is told. */
export const createChat = (
  users: readonly number[],
  { documents = memoryDocuments(), history = memoryHistory() }: Partial<Stores> = {},
) => {
  const events: StoredEvent[] = []
  let at = AT
  const shown = async (): Promise<boolean> => {
    for await (const page of history.readAll({ after: events.at(-1)?.position ?? 0n })) {
      events.push(...page)
      await documents.apply(page.flatMap(writesOf), [])
    }
    return true
  }
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = (): Promise<boolean> => {
    const mine = turn.then(shown)
    turn = mine
    return mine
  }
  const keyring = memoryKeyring()
  const engine = createEngine({
    ...{ history, keyring, refusal: () => undefined, shown: inTurn },
    snapshots: createSnapshots(memoryDocuments(), keyring),
  })
  const reader = readerOf(documents)
  const parts = { engine, reader, newId: objectIds(randomBytes(5)), now: () => at }
  const known = users.map((id) => ({
    ...{ collection: 'cc_users', id: `${APP}-${id}`, at: 1n },
    put: { app: APP, id },
  }))
  return {
    ...{ documents, reader, events, engine },
    dialogs: createDialogs(parts),
    messages: createMessages(parts),
    /** So many messages of these, in turn, without the engine. */
    fill: async (dialog: string, senders: readonly number[], messages: number): Promise<void> => {
      const stream = dialogStream(APP, dialog)
      let { state, revision } = await engine.load(stream, dialogDecider)
      for (let done = 0; done < messages;) {
        const facts: Fact[] = []
        for (; facts.length < FILLED_AT_ONCE && done < messages; done++) {
          const by = senders[done % senders.length] ?? 0
          const fact = right(dialogDecider.decide(sendingBy(by, parts.newId(at), done), state))
          facts.push(...fact)
          state = fact.reduce(dialogDecider.evolve, state)
        }
        const cause = { commandId: randomUUID(), actor: 'cc:test', at }
        const events = facts.map((fact, n) => eventOf(cause, String(n), fact))
        const appended = await history.append(stream, revision, events)()
        if (E.isLeft(appended)) throw new Error(JSON.stringify(appended.left))
        revision = appended.right.revision
        await inTurn()
      }
    },
    ready: async () => {
      await prepare(documents)
      await documents.apply(known, [])
    },
    pass: (ms: number) => {
      at += ms
    },
  }
}

const FILLED_AT_ONCE = 500

const sendingBy = (by: number, message: string, n: number): DialogCommand => ({
  type: 'SendMessage',
  ...{ by, message, dateSent: AT / 1000, sendToChat: false, silent: false },
  origin: 'rest',
  content: { text: `message ${n}` },
})

export const right = <A>(answer: E.Either<Rejection, A>): A => {
  if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
  return answer.right
}

export const kindOf = (answer: E.Either<Rejection, unknown>): string =>
  E.isLeft(answer) ? answer.left.kind : 'done'

export const newDialog = async (
  { dialogs }: Chat,
  type: DialogType,
  [me = 0, ...occupants]: readonly number[],
  admins: readonly number[] = [],
): Promise<string> =>
  right(
    await dialogs.create(APP, me, { type, occupants, admins, allowPreview: false, details: { name: 'd' } }),
  )

export const say = async ({ messages }: Chat, by: number, dialog: string, text = 'hi'): Promise<string> =>
  right(await messages.send(APP, by, { dialog }, { content: { text }, sendToChat: false, silent: false }))._id
