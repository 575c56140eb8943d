/** What decisions leave in the vault (decisions 9, 22): mailboxes, keys and contents, each twice with the same result, and gone with its device or family. */
import { buffer } from 'node:stream/consumers'
import test from 'ava'
import { createHash } from 'node:crypto'
import { CONNECTIVITY, carryOut, forgetDevice } from '../../../src/commands/timelimit/effects.ts'
import { createDhKeys, DH_KEYS } from '../../../src/commands/timelimit/dh-keys.ts'
import type { Effect } from '../../../src/domain/timelimit/actions/action.ts'
import { PINGS, REPLIES } from '../../../src/queries/timelimit/mailboxes.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'

const NOW = 1_700_000_000_000
const FAMILY = 'abcdefghij'
const SUBJECT = `timelimit.family-${FAMILY}`

const setup = () => {
  const vault = memoryVault({ now: () => NOW })
  const dhKeys = createDhKeys(vault, (bytes) => new Uint8Array(bytes).fill(1))
  const as =
    (device: string) =>
    (...effects: readonly Effect[]) =>
      carryOut({ vault, dhKeys }, { family: FAMILY, device }, effects, NOW)
  return { vault, dhKeys, as }
}

const keysIn = async (vault: Vault, space: string): Promise<readonly string[]> => {
  const keys: string[] = []
  for await (const page of vault.list(space)) keys.push(...page.map(({ key }) => key))
  return keys
}

const reply = (to: string, serverSeq: number, sender: string, tempKey = 'a'): Effect => ({
  type: 'deliver-reply',
  to,
  serverSeq,
  sender,
  content: { tempKey, cryptKey: 'b', signature: 'c' },
})
const ping = (to: string, sender: string, kind: 'ping' | 'pong', token: string): Effect => ({
  type: 'deliver-ping',
  to,
  sender,
  kind,
  token,
})

test('a blob is stored under the family, once', async (t) => {
  const { vault, as } = setup()
  const content = Buffer.from('list')
  await as('phone1')({ type: 'store-blob', content }, { type: 'store-blob', content })
  const sha256 = createHash('sha256').update(content).digest('hex')
  const found = await vault.readBlob(SUBJECT, sha256)
  t.deepEqual(found && (await buffer(found)), content)
  await vault.deleteSubject(SUBJECT)
  t.is(await vault.readBlob(SUBJECT, sha256), undefined)
})

test('replies wait for their asker and go with their request, and with no other', async (t) => {
  const { vault, as } = setup()
  const delivered = [
    reply('phone1', 1, 'tablet'),
    reply('phone1', 12, 'tablet'),
    reply('tablet', 1, 'phone1'),
  ]
  await as('tablet')(...delivered, ...delivered)
  t.deepEqual(await vault.get(REPLIES, `${FAMILY}/phone1/1/tablet`).then((entry) => entry?.value), {
    tempKey: 'a',
    cryptKey: 'b',
    signature: 'c',
  })
  await as('phone1')({ type: 'drop-replies', to: 'phone1', serverSeqs: [1, 7] })
  t.deepEqual(await keysIn(vault, REPLIES), [`${FAMILY}/phone1/12/tablet`, `${FAMILY}/tablet/1/phone1`])
})

test('of pings the newest of each sort stays; they go by their token alone', async (t) => {
  const { vault, as } = setup()
  await as('phone1')(
    ping('tablet', 'phone1', 'ping', 'token1'),
    ping('tablet', 'phone1', 'ping', 'token2'),
    ping('tablet', 'phone1', 'pong', 'token2'),
    ping('spare1', 'phone1', 'ping', 'token2'),
  )
  const clear = (token: string): Effect => ({ type: 'clear-pings', to: 'tablet', sender: 'phone1', token })
  await as('tablet')(clear('token1'))
  t.is((await keysIn(vault, PINGS)).length, 3)
  await as('tablet')(clear('token2'), clear('token2'))
  t.deepEqual(await keysIn(vault, PINGS), [`${FAMILY}/spare1/phone1/ping`])
})

test('a used key ends, a security key leaves its counter', async (t) => {
  const { vault, dhKeys, as } = setup()
  const of = { family: FAMILY, device: 'phone1' }
  const { v } = await dhKeys.current(of, NOW)
  await as('phone1')(
    { type: 'use-dh-key', version: v },
    { type: 'store-u2f-counter', keyId: 'a/b+c', counter: 8 },
  )
  t.deepEqual(await dhKeys.usable(of, NOW + 3 * 3_600_000), {})
  t.is((await vault.get('timelimit.u2f-counters', `${FAMILY}/a/b+c`))?.value['counter'], 8)
})

test('a removed device takes along what was its own and what was between it and others', async (t) => {
  const { vault, dhKeys, as } = setup()
  const of = { family: FAMILY, device: 'tablet' }
  await dhKeys.current(of, NOW)
  await dhKeys.current({ ...of, device: 'phone1' }, NOW)
  await vault.put(CONNECTIVITY, `${FAMILY}/tablet`, { at: NOW }, { subject: SUBJECT })
  await as('phone1')(
    reply('tablet', 1, 'phone1'),
    reply('phone1', 2, 'tablet'),
    reply('phone1', 2, 'spare1'),
    ping('tablet', 'phone1', 'ping', 'token1'),
    ping('phone1', 'tablet', 'pong', 'token1'),
    ping('phone1', 'spare1', 'ping', 'token1'),
  )
  await forgetDevice(vault, of)
  await forgetDevice(vault, of)
  t.deepEqual(await keysIn(vault, REPLIES), [`${FAMILY}/phone1/2/spare1`])
  t.deepEqual(await keysIn(vault, PINGS), [`${FAMILY}/phone1/spare1/ping`])
  t.deepEqual(await keysIn(vault, DH_KEYS), [`${FAMILY}/phone1`])
  t.deepEqual(await keysIn(vault, CONNECTIVITY), [])
})

test('nothing that speaks of a family outlives it', async (t) => {
  const { vault, dhKeys, as } = setup()
  await dhKeys.current({ family: FAMILY, device: 'phone1' }, NOW)
  await as('phone1')(reply('tablet', 1, 'phone1'), ping('tablet', 'phone1', 'ping', 'token1'), {
    type: 'store-u2f-counter',
    keyId: 'k',
    counter: 1,
  })
  await vault.deleteSubject(SUBJECT)
  for (const space of [REPLIES, PINGS, DH_KEYS, 'timelimit.u2f-counters'])
    t.deepEqual(await keysIn(vault, space), [], space)
})
