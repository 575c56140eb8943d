/** Fills a stopped server's history with as much chat as nobody would send over HTTP: what deciders decide, appended by hundreds. */
import { randomBytes, randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { eventOf } from '../../src/commands/facts.ts'
import { dialogDecider } from '../../src/domain/cc/dialog-decide.ts'
import { NO_DIALOG } from '../../src/domain/cc/dialog-evolve.ts'
import type { DialogType } from '../../src/domain/cc/dialog-events.ts'
import type { DialogCommand, DialogState } from '../../src/domain/cc/dialog.ts'
import { dialogStream } from '../../src/domain/cc/names.ts'
import type { Fact } from '../../src/domain/decider.ts'
import { historyPath, keyringPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { History, NewEvent } from '../../src/history/port.ts'
import { objectIds } from '../../src/object-id.ts'
import { openedHistory } from '../../src/stores.ts'
import { openEmbeddedKeyring } from '../../src/vault/embedded/keyring.ts'
import { APP } from './connectycube.ts'

const app = APP.application_id

/** Opens the history of a directory that nobody else has open. */
export const withHistory = async <A>(
  directory: string,
  work: (history: History) => Promise<A>,
): Promise<A> => {
  const keyring = await openEmbeddedKeyring({ path: keyringPath(directory) })
  const history = openedHistory(openEmbeddedHistory({ path: historyPath(directory) }), keyring)
  try {
    return await work(history)
  } finally {
    await history.close()
    await keyring.close()
  }
}

export const typesIn = async (history: History, stream: string): Promise<readonly string[]> => {
  const types: string[] = []
  for await (const page of history.read(stream)) types.push(...page.map(({ type }) => type))
  return types
}

/** Messages by these, in turn, behind what is there. Milliseconds since the Unix epoch: one each second from `at` on. */
export const fillMessages = async (
  history: History,
  dialog: string,
  {
    senders,
    messages,
    at,
  }: { readonly senders: readonly number[]; readonly messages: number; readonly at: number },
): Promise<void> => {
  const stream = dialogStream(app, dialog)
  let state = NO_DIALOG
  for await (const page of history.read(stream)) state = page.reduce(dialogDecider.evolve, state)
  for (let done = 0; done < messages; done += AT_ONCE) {
    const events: NewEvent[] = []
    for (let n = done; n < Math.min(messages, done + AT_ONCE); n++) {
      const decided = after(state, saying(senders[n % senders.length] ?? 0, n, at + n * 1_000))
      state = decided.state
      events.push(...decided.events)
    }
    await append(history, stream, events)
  }
}

export type Filled = {
  readonly type: DialogType
  readonly occupants: readonly number[]
  /** Number of who says something in it. */
  readonly sender: number
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

/** New dialogs with a message each. */
export const fillDialogs = async (
  history: History,
  dialogs: readonly Filled[],
): Promise<readonly string[]> => {
  const ids: string[] = []
  for (const { type, occupants, sender, at } of dialogs) {
    const dialog = newId(at)
    const owner = occupants[0] ?? sender
    const created = after(NO_DIALOG, {
      type: 'Create',
      ...{ app, dialog, dialogType: type, owner, occupants, admins: [], allowPreview: false },
      details: { name: `dialog ${ids.length}` },
    })
    const said = after(created.state, saying(sender, 0, at))
    await append(history, dialogStream(app, dialog), [...created.events, ...said.events])
    ids.push(dialog)
  }
  return ids
}

const AT_ONCE = 500
const newId = objectIds(randomBytes(5))

const saying = (by: number, n: number, at: number): DialogCommand => ({
  type: 'SendMessage',
  ...{ by, message: newId(at), dateSent: Math.floor(at / 1_000), sendToChat: false, silent: false },
  origin: 'rest',
  content: { text: `message ${n} of a long conversation` },
})

const after = (
  state: DialogState,
  command: DialogCommand,
): { readonly state: DialogState; readonly events: readonly NewEvent[] } => {
  const decided = dialogDecider.decide(command, state)
  if (E.isLeft(decided)) throw new Error(JSON.stringify(decided.left))
  const cause = { commandId: randomUUID(), actor: 'cc:test', at: Date.now() }
  const facts: readonly Fact[] = decided.right
  return {
    state: facts.reduce(dialogDecider.evolve, state),
    events: facts.map((fact, n) => eventOf(cause, String(n), fact)),
  }
}

const append = async (history: History, stream: string, events: readonly NewEvent[]): Promise<void> => {
  const appended = await history.append(stream, 'any', events)()
  if (E.isLeft(appended)) throw new Error(JSON.stringify(appended.left))
}
