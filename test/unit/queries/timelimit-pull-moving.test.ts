/**
 * Proves that an answer to a pull is one revision while documents move under it (decisions 13): a reader that lets things happen between two reads
 * stands in for others that write.
 */
import test from 'ava'
import type { Versioned } from '../../../src/documents/port.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { partId, versionOf } from '../../../src/domain/timelimit/names.ts'
import { TIMELIMIT_PULL_TRIES_MAX } from '../../../src/limits.ts'
import { PullStatus } from '../../../src/queries/timelimit/status.ts'
import { FAMILY_ID } from '../../support/timelimit-domain.ts'
import { FAMILY, GAMES, KID, MUM, PHONE, SPARE, TABLET } from '../../support/timelimit-family.ts'
import { base, MORE, requested, setup, uploaded } from '../../support/timelimit-pulling.ts'
import { listAt } from '../../support/timelimit-shown.ts'

type Get = (collection: string, id: string) => Promise<Versioned | undefined>

const CHANGED: readonly (readonly [string, Fact])[] = [
  ['timelimit_user_lists', fact('UserFlagsChanged', { userId: KID, flags: 3 })],
  ['timelimit_device_lists', fact('DeviceUserAssigned', { deviceId: SPARE, userId: KID })],
  ['timelimit_u2f', fact('ParentU2fKeyRemoved', { userId: MUM, sealed: { keyId: '-' } })],
  ['timelimit_categories', base(GAMES)],
  [
    'timelimit_used_times',
    fact('UsedTimesPruned', {
      items: [{ categoryId: GAMES, counters: [], sessions: [], touched: { counters: [], sessions: [] } }],
    }),
  ],
  ['timelimit_app_lists', uploaded(TABLET, 'base', 'two')],
  ['timelimit_key_requests', requested(1, TABLET, 1)],
  ['timelimit_categories', fact('CategoryDeleted', { categoryId: GAMES, requests: [] })],
]
for (const [collection, change] of CHANGED) {
  test(`what moves while it is read is read again: ${collection} by ${change.type}`, async (t) => {
    const all = await setup(uploaded(TABLET, 'base', 'one'))
    let isMoved = false
    const get: Get = async (name, id) => {
      if (name === collection && !isMoved) {
        isMoved = true
        // The second is in the family's document, which was read before: both are in the answer, or neither.
        await all.happens(change, fact('PremiumExpired', {}))
      }
      return all.documents.get(name, id)
    }
    const answer = await all.with({ reader: { get } })
    t.true(isMoved)
    t.is(answer?.['fullVersion'], 0)
    t.deepEqual(JSON.parse(JSON.stringify(answer)), await all.full())
  })
}

const WITHOUT_VERSION = ['timelimit_key_requests']
for (const [collection, change] of CHANGED.slice(0, -1)) {
  if (WITHOUT_VERSION.includes(collection)) continue
  test(`what is written behind the family's document is waited for: ${collection}`, async (t) => {
    const all = await setup(uploaded(TABLET, 'base', 'one'))
    const before = new Map<string, Versioned | undefined>()
    for (const id of [FAMILY_ID, partId(FAMILY_ID, GAMES), partId(FAMILY_ID, TABLET)])
      before.set(id, await all.documents.get(collection, id))
    await all.happens(change)
    const get: Get = async (name, id) => {
      const old = name === collection ? before.get(id) : undefined
      before.delete(name === collection ? id : '')
      return old ?? all.documents.get(name, id)
    }
    const answer = await all.with({ reader: { get } })
    t.deepEqual(JSON.parse(JSON.stringify(answer)), await all.full())
  })
}

test('an app list that is replaced between its document and its content is read again', async (t) => {
  const all = await setup(uploaded(TABLET, 'base', 'one'))
  let isMoved = false
  const readBlob: typeof all.vault.readBlob = async (subject, sha256) => {
    if (!isMoved) {
      isMoved = true
      await all.happens(uploaded(TABLET, 'base', 'two'))
      await all.vault.deleteBlob(subject, sha256)
    }
    return all.vault.readBlob(subject, sha256)
  }
  const answer = await all.with({ vault: { ...all.vault, readBlob } })
  t.deepEqual(listAt(answer ?? {}, 'devices2')[0]?.['appsBase'], {
    version: versionOf(BigInt(FAMILY.length + 1)),
    data: Buffer.from('two').toString('base64'),
  })
})

test('a family that is deleted while it is asked for has no answer', async (t) => {
  const all = await setup()
  await all.happens(fact('FamilyDeleted', { reason: 'account', tokenHashes: [] }))
  t.is(await all.with({}), undefined)
})

test('documents that never stand still are unavailable, not mixed', async (t) => {
  const all = await setup()
  let tries = 0
  const get: Get = async (name, id) => {
    if (name === 'timelimit_families') tries += 1
    if (name === 'timelimit_user_lists')
      await all.happens(fact('UserFlagsChanged', { userId: KID, flags: 1 }))
    return all.documents.get(name, id)
  }
  await t.throwsAsync(all.with({ reader: { get } }), { name: 'DocumentsUnavailable' })
  t.is(tries, TIMELIMIT_PULL_TRIES_MAX)
})

test('parts that are known are not read', async (t) => {
  const all = await setup(...MORE, uploaded(TABLET, 'base', 'one'))
  const read: string[] = []
  const get: Get = (name, id) => {
    read.push(name)
    return all.documents.get(name, id)
  }
  const known = await all.status()
  if (!PullStatus.is(known)) throw new Error('no status')
  await all.with({ reader: { get } }, PHONE, known)
  t.deepEqual(read.sort(), ['timelimit_families', 'timelimit_key_requests', 'timelimit_status'])
})
