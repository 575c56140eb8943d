/**
 * What devices have for each other in a pull (timelimit 5.5, 1.6, 1.7): app lists, requests for their keys, answers and pings; and the server's own key.
 */
import test from 'ava'
import { fact } from '../../../src/domain/timelimit/events.ts'
import { versionOf } from '../../../src/domain/timelimit/names.ts'
import type { JsonObject } from '../../../src/json.ts'
import { PINGS, REPLIES } from '../../../src/queries/timelimit/mailboxes.ts'
import { nothingKnown } from '../../../src/queries/timelimit/status.ts'
import { FAMILY_ID } from '../../support/timelimit-domain.ts'
import { FAMILY, NOW, PHONE, SPARE, TABLET } from '../../support/timelimit-family.ts'
import { replied, requested, setup, uploaded, type Setup } from '../../support/timelimit-pulling.ts'
import { NO_KEYS } from '../../support/timelimit-read.ts'
import { listAt } from '../../support/timelimit-shown.ts'

test('app lists: each of the two by itself, for devices that have some', async (t) => {
  const { full, ask, status, happens } = await setup(
    uploaded(PHONE, 'base', 'one'),
    uploaded(TABLET, 'base', 'one'),
    uploaded(TABLET, 'diff', 'two'),
  )
  const blob = (offset: number, list: string) => ({
    version: versionOf(BigInt(FAMILY.length + offset)),
    data: Buffer.from(list).toString('base64'),
  })
  t.deepEqual((await full(4))['devices2'], [
    { deviceId: PHONE, appsBase: blob(0, 'one') },
    { deviceId: TABLET, appsBase: blob(1, 'one'), appsDiff: blob(2, 'two') },
  ])
  const known = await status()
  const detail = (known['devicesDetail'] as JsonObject)[PHONE] ?? {}
  const some = { ...known, devicesDetail: { [PHONE]: detail, [TABLET]: { appsB: blob(1, '').version } } }
  t.deepEqual((await ask(some))['devices2'], [{ deviceId: TABLET, appsDiff: blob(2, 'two') }])
  await happens(uploaded(PHONE, 'base', 'one'))
  t.deepEqual(
    (await ask(known))['devices2'],
    [{ deviceId: PHONE, appsBase: blob(3, 'one') }],
    'also an identical one',
  )
})

test('a list whose content is lost holds nothing else up', async (t) => {
  const { full } = await setup(uploaded(PHONE, 'base', 'lost'), uploaded(TABLET, 'base', 'one'))
  const lists = listAt(await full(), 'devices2')
  t.deepEqual(
    lists.map(({ deviceId }) => deviceId),
    [TABLET],
  )
})

test('key requests: of the others, behind the last one seen, the lowest 32', async (t) => {
  const about = { deviceId: TABLET }
  const many = Array.from({ length: 40 }, (_, index) => requested(index + 1, TABLET, index))
  const { full, ask } = await setup(...many, requested(41, PHONE, 7, about))
  const seen = async (kri?: number, device = PHONE) => {
    const answer = await ask({ ...nothingKnown(4), ...(kri === undefined ? {} : { kri }) }, device)
    return listAt(answer, 'krq').map(({ srvSeq }) => srvSeq)
  }
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index)
  t.deepEqual(await seen(), numbers(1, 32))
  t.deepEqual(await seen(0), numbers(1, 32))
  t.deepEqual(await seen(32), numbers(33, 40))
  t.deepEqual(await seen(40), [])
  t.deepEqual(await seen(2, TABLET), [41])
  t.deepEqual((await full(4, TABLET))['krq'], [
    { srvSeq: 41, senId: PHONE, senSeq: 7, ...about, type: 1, tempKey: 'AAAA', signature: 'BBBB' },
  ])
  t.false('krq' in (await ask({ ...nothingKnown(4), kri: 41 }, TABLET)))
})

const content = { tempKey: 'AAAA', cryptKey: 'BBBB', signature: 'CCCC' }
const answers = async ({ vault }: Setup, ...keys: readonly string[]) => {
  for (const key of keys) await vault.put(REPLIES, `${FAMILY_ID}/${PHONE}/${key}`, content)
}

test('answers to key requests stay until they are acknowledged', async (t) => {
  const all = await setup(
    requested(1, PHONE, 5),
    requested(2, PHONE, 6),
    replied({ serverSeq: 2, to: PHONE, sender: TABLET, replySeq: 1, dsn: 6 }),
    replied({ serverSeq: 1, to: PHONE, sender: TABLET, replySeq: 2, dsn: 5 }),
    replied({ serverSeq: 2, to: PHONE, sender: SPARE, replySeq: 3, dsn: 6 }),
  )
  await answers(all, `1/${TABLET}`, `2/${TABLET}`, `2/${SPARE}`)
  const ask = async (kr?: number, device = PHONE) => {
    const answer = await all.ask({ ...nothingKnown(4), ...(kr === undefined ? {} : { kr }) }, device)
    return answer['kr']
  }
  const [first, second, third] = [
    { srvSeq: 1, sender: TABLET, rqSeq: 6, ...content },
    { srvSeq: 2, sender: TABLET, rqSeq: 5, ...content },
    { srvSeq: 3, sender: SPARE, rqSeq: 6, ...content },
  ]
  t.deepEqual(await ask(), [first, second, third])
  t.deepEqual(await ask(0), [first, second, third])
  t.is(await ask(undefined, TABLET), undefined)
  t.deepEqual(await ask(1), [second, third])
  t.deepEqual(await ask(), [second, third], 'what was acknowledged is gone')
  await all.happens(fact('KeyRequestFinished', { serverSeqs: [1] }))
  t.deepEqual(await ask(), [third], 'so is what was finished')
  t.is(await ask(3), undefined)
  t.is((await all.ask({ ...nothingKnown(3), kr: 3 }))['kr'], undefined)
})

test('below level 4 nothing is acknowledged; of more than 32 answers the lowest come', async (t) => {
  const senders = Array.from({ length: 40 }, (_, index) => `send${String(10 + index)}`)
  const all = await setup(
    requested(1, PHONE, 5),
    ...senders.map((sender, index) =>
      replied({ serverSeq: 1, to: PHONE, sender, replySeq: index + 1, dsn: 5 }),
    ),
  )
  await answers(all, ...senders.map((sender) => `1/${sender}`))
  await all.ask({ ...nothingKnown(3), kr: 40 })
  const numbers = async (kr: number) =>
    listAt(await all.ask({ ...nothingKnown(4), kr }), 'kr').map(({ srvSeq }) => srvSeq)
  t.deepEqual(
    await numbers(0),
    senders.slice(0, 32).map((_, index) => index + 1),
  )
  t.deepEqual(
    await numbers(30),
    senders.slice(30).map((_, index) => index + 31),
  )
})

test('pings: those for this device, always a list', async (t) => {
  const { vault, full } = await setup()
  t.deepEqual((await full(7))['pings'], [])
  await vault.put(PINGS, `${FAMILY_ID}/${PHONE}/${TABLET}/ping`, { token: 'token1' })
  await vault.put(PINGS, `${FAMILY_ID}/${PHONE}/${SPARE}/pong`, { token: 'token2' })
  await vault.put(PINGS, `${FAMILY_ID}/${TABLET}/${PHONE}/ping`, { token: 'token3' })
  t.deepEqual((await full(7))['pings'], [
    { deviceId: SPARE, type: 'pong', token: 'token2' },
    { deviceId: TABLET, type: 'ping', token: 'token1' },
  ])
})

test('the key of the server: if it is another, or has just been made', async (t) => {
  const { with: pull } = await setup()
  const dhOf = async (known: string, isNew: boolean) => {
    const dhKeys = { ...NO_KEYS, current: () => Promise.resolve({ v: 'aaaa', k: 'AAAA', isNew }) }
    return (await pull({ dhKeys }, PHONE, { ...nothingKnown(5), dh: known }))?.['dh']
  }
  t.deepEqual(await dhOf('', false), { v: 'aaaa', k: 'AAAA' })
  t.deepEqual(await dhOf('bbbb', false), { v: 'aaaa', k: 'AAAA' })
  t.is(await dhOf('aaaa', false), undefined)
  t.deepEqual(await dhOf('aaaa', true), { v: 'aaaa', k: 'AAAA' })
  const never = () => Promise.reject(new Error('a lower level has made a key'))
  await t.notThrowsAsync(pull({ dhKeys: { ...NO_KEYS, current: never } }, PHONE, nothingKnown(4)))
})

test('a family that is no more has no answer', async (t) => {
  const { pull } = await setup()
  t.is(await pull({ family: 'another000', device: PHONE }, nothingKnown(8), NOW), undefined)
})
