/** Proves what the exchange of tokens answers when its append is written and nobody is told so, with a real engine on everything in memory. */
import { randomBytes, randomUUID } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createAccounts } from '../../../src/commands/afrodite/accounts.ts'
import { createSessions } from '../../../src/commands/afrodite/sessions.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { sessionDecider } from '../../../src/domain/afrodite/session-decide.ts'
import { sessionStream } from '../../../src/domain/afrodite/names.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History } from '../../../src/history/port.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { CLIENT } from '../../support/afrodite-domain.ts'

const setup = () => {
  const raw = memoryHistory()
  const state = { tellsNobody: false }
  const history: History = {
    ...raw,
    append:
      (...args) =>
      async () => {
        const answer = await raw.append(...args)()
        if (!state.tellsNobody) return answer
        state.tellsNobody = false
        return E.left({ _tag: 'WrongRevision', actual: 0n } as const)
      },
  }
  const keyring = memoryKeyring()
  const engine = createEngine({
    ...{ history, keyring, refusal: () => undefined, shown: () => Promise.resolve(true) },
    snapshots: createSnapshots(memoryDocuments(), keyring),
  })
  const parts = { engine, now: Date.now, random: randomBytes, revokeOnMalformed: true }
  const accounts = createAccounts(parts)
  return {
    accounts,
    engine,
    state,
    sessions: createSessions({ ...parts, accounts, vault: memoryVault({ now: Date.now }) }),
  }
}

test('tokens whose exchange was written are given out, though only reading tells so', async (t) => {
  const { accounts, engine, state, sessions } = setup()
  const aid = randomUUID()
  await accounts.run(aid, { type: 'Register', aid, origin: 'bot' }, { isNew: true })
  const login = await sessions.startLogin(aid, 'bot', '127.0.0.1')
  if (E.isLeft(login)) return t.fail()
  state.tellsNobody = true
  const connection = { id: randomUUID(), node: 'node', ip: '127.0.0.1', port: 1, client: CLIENT }
  const done = await sessions.exchange(aid, login.right.refresh, connection, true)
  const { state: after } = await engine.load(sessionStream(aid), sessionDecider)
  t.is(after.login?.connection?.id, connection.id, 'the session has the new pair')
  t.like(done, { _tag: 'Right', right: { _tag: 'Exchanged', loginId: after.login?.loginId } })
})
