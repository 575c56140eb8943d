/**
 * Pushes through the command engine on memory adapters (timelimit 3, decisions 16): what is too much for one append comes in several, what is too much
 * alone is refused alone, and a request that comes again does only what its first time had not reached.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { createDhKeys } from '../../../src/commands/timelimit/dh-keys.ts'
import { createPusher } from '../../../src/commands/timelimit/push.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { evolve } from '../../../src/domain/timelimit/evolve.ts'
import type { PushedAction } from '../../../src/domain/timelimit/proof.ts'
import { NO_FAMILY } from '../../../src/domain/timelimit/state.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import type { History, StoredEvent } from '../../../src/history/port.ts'
import type { JsonObject } from '../../../src/json.ts'
import { APPEND_BYTES_MAX } from '../../../src/limits.ts'
import { sha256Hex } from '../../../src/crypto/hashes.ts'
import { PINGS } from '../../../src/queries/timelimit/mailboxes.ts'
import type { Vault } from '../../../src/vault/port.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import { encode, FAMILY_ID, STREAM, stored } from '../../support/timelimit-domain.ts'
import { appLogic, byHmac, bySha, encrypted, passwordOf, type Act } from '../../support/timelimit-crypto.ts'
import { FAMILY, GAMES, KID, MUM, NOW, PASSWORD, PHONE, TABLET } from '../../support/timelimit-family.ts'

const setup = async ({
  failsAt,
  meanwhile = () => Promise.resolve(),
}: { failsAt?: number; meanwhile?: () => Promise<unknown> } = {}) => {
  const raw = memoryHistory()
  const events = stored(FAMILY).map(({ id, type, data, meta }) => ({ id, type, data, meta }))
  await raw.append(STREAM, 'none', events)()
  let appends = 0
  let failing = failsAt
  const history: History = {
    ...raw,
    append: (...args) => {
      appends += 1
      if (appends === failing) return () => Promise.resolve(E.left({ _tag: 'Unavailable', reason: 'test' }))
      return raw.append(...args)
    },
  }
  const keyring = memoryKeyring()
  const inMemory = memoryVault({ now: () => NOW })
  const vault: Vault = {
    ...inMemory,
    putBlob: async (...args) => {
      await meanwhile()
      return inMemory.putBlob(...args)
    },
  }
  const dhKeys = createDhKeys(vault, (bytes) => new Uint8Array(bytes).fill(1))
  const engine = createEngine({
    history,
    keyring,
    snapshots: createSnapshots(memoryDocuments(), keyring),
    refusal: () => undefined,
    shown: () => Promise.resolve(true),
  })
  const pusher = createPusher({ vault, dhKeys, engine, alwaysPro: false })
  const own = async (): Promise<readonly StoredEvent[]> => {
    const all: StoredEvent[] = []
    for await (const page of raw.read(STREAM)) all.push(...page)
    return all.slice(FAMILY.length)
  }
  return {
    vault,
    dhKeys,
    own,
    appends: () => appends,
    recover: () => {
      failing = undefined
    },
    push: async (actions: readonly PushedAction[], device = PHONE, tokenHash = `hash of ${device}`) => {
      const done = await pusher({ family: FAMILY_ID, device, tokenHash }, actions, NOW)
      return E.isRight(done) ? done.right.fullSync : done.left.reason
    },
    state: async () =>
      [...stored(FAMILY), ...(await own())].reduce(
        (state, { type, data, meta: { via } }) =>
          evolve(state, via === undefined ? { type, data } : { type, data, via }),
        NO_FAMILY,
      ),
  }
}

const numbered = (device: string, ...acts: readonly Act[]): readonly PushedAction[] =>
  encode(
    device,
    acts.map((act) => ({ act, jump: 0 })),
    new Map(),
  )
const mum = byHmac(MUM, PASSWORD)
const renamed = (newName: string): Act => mum({ type: 'RENAME_CHILD', childId: KID, newName })

/** So many apps of the longest names. */
const apps = (count: number, letter: string): Act =>
  mum({
    type: 'ADD_CATEGORY_APPS',
    categoryId: GAMES,
    packageNames: Array.from({ length: count }, (_, index) => letter.repeat(245) + String(index)),
  })
const bytesOf = (events: readonly StoredEvent[]): number =>
  events.reduce((sum, { type, data, meta }) => sum + JSON.stringify({ type, data, meta }).length, 0)

test('a push is one append; each of its events carries how it came, and the number it used up', async (t) => {
  const { push, own, appends } = await setup()
  t.false(await push(numbered(PHONE, appLogic({ type: 'FORCE_SYNC' }), renamed('a'), renamed('b'))))
  t.is(appends(), 1)
  const events = await own()
  t.deepEqual(
    events.map(({ type, meta }) => [type, meta.via]),
    [
      ['ForceSyncRequested', { protocol: 'timelimit', device: PHONE, sequenceNumber: 0, auth: 'none' }],
      ...[1, 2].map((sequenceNumber) => [
        'ChildRenamed',
        { protocol: 'timelimit', device: PHONE, sequenceNumber, auth: 'password', user: MUM },
      ]),
    ],
  )
  t.true(events.every(({ meta }) => meta.actor === `timelimit:device:${PHONE}` && meta.at === NOW))
})

test('no actions, nothing happens; a foreign token is refused with nothing left', async (t) => {
  const { push, own, appends } = await setup()
  t.false(await push([]))
  t.is(await push(numbered(PHONE, renamed('a')), PHONE, 'another'), 'device_token')
  t.is(await push(numbered('strang', appLogic({ type: 'FORCE_SYNC' })), 'strang'), 'device_token')
  t.deepEqual([await own(), appends()], [[], 0])
})

test('the same request again changes nothing and asks for a full sync', async (t) => {
  const { push, own } = await setup()
  const actions = numbered(PHONE, renamed('a'), renamed('b'))
  t.false(await push(actions))
  const before = await own()
  t.true(await push(actions))
  t.deepEqual(await own(), before)
  t.true(await push([...actions, ...numbered(PHONE, renamed('c'))]), 'also in another request')
  t.deepEqual(await own(), before)
})

test('the same request twice at once is done once', async (t) => {
  const { push, own } = await setup()
  const actions = numbered(PHONE, renamed('a'), renamed('b'))
  const answers = await Promise.all([push(actions), push(actions), push(actions)])
  t.true(answers.every((answer) => typeof answer === 'boolean'))
  t.true(answers.includes(false))
  t.is((await own()).length, 2)
})

test('what is too much for one append comes in several, as one request', async (t) => {
  const { push, own, appends, state } = await setup()
  const letters = ['a', 'b', 'c', 'd', 'e', 'f']
  t.false(await push(numbered(PHONE, ...letters.map((letter) => apps(1_000, letter)))))
  const events = await own()
  t.deepEqual(
    events.map(({ type }) => type),
    letters.map(() => 'CategoryAppsAssigned'),
  )
  t.is(appends(), 3)
  t.is(new Set(events.map(({ meta }) => meta.correlationId)).size, 1)
  const commands = [...new Set(events.map(({ meta }) => meta.commandId))]
  t.is(commands.length, 3)
  for (const command of commands)
    t.true(bytesOf(events.filter(({ meta }) => meta.commandId === command)) < APPEND_BYTES_MAX)
  const family = await state()
  t.is(family.categories[GAMES]?.apps.length, 6_000)
  t.is(family.devices[PHONE]?.nextSequenceNumber, 6)
})

test('what is too much alone is refused alone', async (t) => {
  const { push, own, state } = await setup()
  t.true(await push(numbered(PHONE, renamed('a'), apps(4_000, 'x'), renamed('b'))))
  t.deepEqual(
    (await own()).map(({ type, data }) => [type, data['refused']]),
    [
      ['ChildRenamed', undefined],
      ['DeviceSequenceAdvanced', 'LIMIT'],
      ['ChildRenamed', undefined],
    ],
  )
  t.is((await state()).devices[PHONE]?.nextSequenceNumber, 3)
})

test('a request that broke between two appends goes on where it stopped when it comes again', async (t) => {
  const { push, own, state, recover } = await setup({ failsAt: 2 })
  const actions = numbered(PHONE, ...['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => apps(1_000, letter)))
  t.is(typeof (await push(actions)), 'string')
  t.is((await own()).length, 2)
  recover()
  t.true(await push(actions))
  t.is((await own()).length, 6)
  t.is((await state()).categories[GAMES]?.apps.length, 6_000)
  t.true(await push(actions))
  t.is((await own()).length, 6)
})

test('the server knows its keys only where they are needed; a used one ends, in whatever way JSON is written', async (t) => {
  const { push, dhKeys, state } = await setup()
  const of = { family: FAMILY_ID, device: TABLET }
  const { v, k } = await dhKeys.current(of, NOW)
  const password = encrypted(passwordOf('new'), { v, k })
  const text = JSON.stringify({ type: 'CHILD_CHANGE_PASSWORD', password })
  const kid = bySha(KID, PASSWORD, 'child')
  t.false(await push(numbered(TABLET, kid(text.replace('"encrypted"', '"\\u0065ncrypted"'))), TABLET))
  t.is((await state()).users[KID]?.secondHash, passwordOf('new').secondHash)
  t.deepEqual(await dhKeys.usable(of, NOW + 3 * 3_600_000), {})
})

const upload = (b: string): Act =>
  appLogic({ type: 'UPDATE_INSTALLED_APPS', b: Buffer.from(b).toString('base64'), w: false })

test('an app list is there before its event, and goes when nothing shows it any more', async (t) => {
  const { push, vault } = await setup()
  const has = async (list: string): Promise<boolean> =>
    (await vault.readBlob(STREAM, sha256Hex(list))) !== undefined
  const lists = ['one', 'two', 'three']
  t.false(await push(numbered(PHONE, ...lists.map(upload))))
  t.deepEqual(await Promise.all(lists.map(has)), [false, false, true])
  await push(numbered(TABLET, upload('three')), TABLET)
  const next = { act: upload('four'), jump: 3 }
  await push(encode(PHONE, [next], new Map()))
  t.deepEqual(await Promise.all(['three', 'four'].map(has)), [true, true], 'another device has the same')
  await push(encode(TABLET, [{ act: upload('five'), jump: 1 }], new Map()), TABLET)
  t.false(await has('three'))
})

test('who waits for the vault is not overtaken for ever by those who need nothing of it', async (t) => {
  const tablet = new Map<string, number>()
  const others: unknown[] = []
  const of = await setup({
    meanwhile: async () => {
      const sync = appLogic({ type: 'FORCE_SYNC' })
      others.push(await of.push(encode(TABLET, [{ act: sync, jump: 0 }], tablet), TABLET))
    },
  })
  t.false(await of.push(numbered(PHONE, upload('one'), upload('two'))))
  t.deepEqual(others, [false, false], 'each list is put once')
  const { lists } = (await of.state()).devices[PHONE] ?? {}
  t.deepEqual(lists, { base: sha256Hex('two') })
})

test('what is refused leaves nothing in the vault', async (t) => {
  const { push, vault } = await setup()
  const ping = (deviceId: string): JsonObject => ({ type: 'PING', deviceId, event: 'ping', token: 'token1' })
  t.true(await push(numbered(PHONE, appLogic(ping('nobody')), appLogic(ping(TABLET)))))
  const keys: string[] = []
  for await (const page of vault.list(PINGS)) keys.push(...page.map(({ key }) => key))
  t.deepEqual(keys, [`${FAMILY_ID}/${TABLET}/${PHONE}/ping`])
})
