/**
 * A history is opened and sealed with the keyring that it was begun with and no other: with memory adapters and the first start as it is, and
 * keyrings that are empty, strange, late or away.
 */
import { randomBytes } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { CLAIMS_SEALED } from '../../../src/commands/claims.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { foundStores } from '../../../src/commands/found-stores.ts'
import { ownKeyring, StrangeKeyring } from '../../../src/commands/own-keyring.ts'
import { createPasswords } from '../../../src/commands/passwords.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { STORES_SEALED } from '../../../src/domain/stores/events.ts'
import { FOUNDING_STREAM } from '../../../src/domain/stores/founding.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { HistoryUnavailable, type History } from '../../../src/history/port.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { objectIds } from '../../../src/object-id.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { VaultUnavailable, type Keyring } from '../../../src/vault/port.ts'
import { append, newEvent } from '../../support/events.ts'

const STRANGE = { instanceOf: StrangeKeyring }

/** The first start of a node that sees these stores. */
const found = (history: History, keyring: Keyring): Promise<void> =>
  foundStores({
    engine: createEngine({
      history: sealedHistory(history, keyring, { ...CLAIMS_SEALED, ...STORES_SEALED }),
      snapshots: createSnapshots(memoryDocuments(), keyring),
      keyring,
      refusal: () => undefined,
      shown: () => Promise.resolve(true),
    }),
    keyring,
    vault: memoryVault({ now: Date.now }),
    passwords: createPasswords(),
    now: Date.now,
    random: randomBytes,
    newId: objectIds(randomBytes(5)),
    login: 'admin',
    password: 'Secret123',
    announce: () => undefined,
  })

const founded = async () => {
  const [history, keyring] = [memoryHistory(), memoryKeyring()]
  const own = ownKeyring(keyring, history)
  await found(history, own.keyring)
  return { history, keyring, own }
}

const subjectIn = async (history: History): Promise<string> => {
  for await (const page of history.readAll({ after: 0n }))
    for (const { meta } of page) if (meta.subject !== undefined) return meta.subject
  throw new Error('nothing is sealed')
}

test('the keyring that a history was begun with finds its keys, by another node too', async (t) => {
  const { history, keyring, own } = await founded()
  t.true(await own.isFounded())
  const other = ownKeyring(keyring, history)
  const subject = await subjectIn(history)
  const key = await keyring.find(subject)
  t.true(key instanceof Uint8Array)
  t.deepEqual(await other.keyring.find(subject), key)
  t.deepEqual(await other.keyring.obtain(subject), key)
  t.false(other.keyring.find(subject) instanceof Promise, 'once it is known nobody waits')
  await t.notThrowsAsync(found(history, other.keyring))
})

for (const [name, prepare] of Object.entries({
  'an empty keyring': () => Promise.resolve(),
  'the keyring of another installation': (keyring: Keyring) => found(memoryHistory(), keyring),
})) {
  test(`${name} finds, makes and seals nothing, and changes nothing`, async (t) => {
    const { history } = await founded()
    const keyring = memoryKeyring()
    await prepare(keyring)
    const head = await history.head()
    const claim = await keyring.findInstallation('claim')
    const strange = ownKeyring(keyring, history)
    const subject = await subjectIn(history)
    await t.throwsAsync(strange.isFounded(), STRANGE)
    await t.throwsAsync(async () => strange.keyring.find(subject), STRANGE)
    await t.throwsAsync(strange.keyring.obtain(subject), STRANGE)
    await t.throwsAsync(strange.keyring.installation('claim'), STRANGE)
    await t.throwsAsync(found(history, strange.keyring), STRANGE)
    const sealed = sealedHistory(history, strange.keyring, { ...CLAIMS_SEALED, ...STORES_SEALED })
    await t.throwsAsync(
      async () => {
        for await (const page of sealed.readAll({ after: 0n })) t.is(page.length, -1)
      },
      { instanceOf: HistoryUnavailable },
    )
    const taken = newEvent('ClaimTaken', { holder: 'stores.users-1' }, { subject: 'stores.user-1' })
    const answer = await sealed.append('claim-test-1', 'none', [taken])()
    t.true(E.isLeft(answer) && answer.left._tag === 'Unavailable')
    t.is(await history.head(), head)
    t.is(await keyring.find('stores.user-1'), undefined)
    t.deepEqual(await keyring.findInstallation('claim'), claim)
  })
}

test('of two nodes with keyrings of their own only one begins a history', async (t) => {
  const history = memoryHistory()
  const [one, other] = [ownKeyring(memoryKeyring(), history), ownKeyring(memoryKeyring(), history)]
  t.false(await one.isFounded())
  t.false(await other.isFounded())
  await found(history, one.keyring)
  await t.throwsAsync(found(history, other.keyring), STRANGE)
})

test('a history from before the mark needs a keyring that has the claim key', async (t) => {
  const history = memoryHistory()
  const ids = { group: 'g', admin: 'a', auditor: 'b', user: 'u' }
  await append(history, FOUNDING_STREAM, newEvent('StoresFounded', ids))
  const keyring = memoryKeyring()
  const { isFounded } = ownKeyring(keyring, history)
  await t.throwsAsync(isFounded(), STRANGE)
  await keyring.installation('claim')
  t.true(await isFounded(), 'it is asked again: the right keyring may have been put back')
})

test('stores that do not answer are asked again', async (t) => {
  const { history, keyring } = await founded()
  let away: Error | undefined = new HistoryUnavailable('away')
  const { isFounded } = ownKeyring(
    {
      ...keyring,
      findInstallation: (name) =>
        away === undefined ? keyring.findInstallation(name) : Promise.reject(away),
    },
    {
      read: (stream, options) => {
        if (away instanceof HistoryUnavailable) throw away
        return history.read(stream, options)
      },
    },
  )
  await t.throwsAsync(isFounded(), { instanceOf: HistoryUnavailable })
  away = new VaultUnavailable('away')
  await t.throwsAsync(isFounded(), { instanceOf: VaultUnavailable, message: 'away' })
  away = undefined
  t.true(await isFounded())
})
