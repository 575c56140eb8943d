/**
 * Proves how often and when a push is tried, and when it is given up (decisions 36): with a clock of its own, a gateway that answers what the
 * test says, and documents in memory.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Device } from '../../../src/domain/cc/push-events.ts'
import { createAttempts } from '../../../src/jobs/connectycube/push-attempts.ts'
import { createGathering } from '../../../src/jobs/connectycube/push-gathering.ts'
import { PUSH_TRIES_MAX } from '../../../src/limits.ts'
import { again, againAfter, refused, type Outcome } from '../../../src/pushing/gateway.ts'
import type { QueuedPush } from '../../../src/queries/cc/push.ts'

const push = (id: string, user = 1): QueuedPush => ({
  ...{
    _id: id,
    app: 1,
    event: id,
    sender: 9,
    environment: null,
    user,
    channel: 'web',
    at: 0,
    state: 'queued',
  },
  message: Buffer.from('{"message":"m"}').toString('base64'),
})

const rig = async (answers: { readonly [token: string]: readonly Outcome[] }) => {
  const documents = memoryDocuments()
  const writes = Object.keys(answers).map((token, index) => ({
    ...{ collection: 'cc_subscriptions', id: `1-${index}`, at: BigInt(index + 1) },
    put: {
      ...{ app: 1, user: 1, id: index, channel: 'web', platform: 'web', environment: 'production' },
      device: { udid: token, token },
    },
  }))
  await documents.apply(writes, [])
  const clock = { at: 1_000_000 }
  const asked: string[] = []
  const lost: unknown[] = []
  const failures: string[] = []
  const attempts = createAttempts({
    engine: {
      execute: ({ command }) => {
        lost.push(command)
        return () =>
          Promise.resolve(E.right({ state: [] as never, facts: [], position: 1n, repeated: false }))
      },
    },
    reader: documents,
    gateway: {
      send: ({ device: { token } }) => {
        const said = answers[token] ?? []
        const turn = asked.filter((one) => one === token).length
        asked.push(token)
        return Promise.resolve(said[Math.min(turn, said.length - 1)] ?? 'sent')
      },
      placeOf: ({ token }: Device) => token.split('/')[0] ?? '',
      close: () => undefined,
    },
    actor: 'platform:job:test',
    now: () => clock.at,
    onFailure: (error) => failures.push(String(error)),
  })
  return { attempts, clock, asked, lost, failures }
}

test('a device that was told is not told again while another is tried again', async (t) => {
  const { attempts, clock, asked } = await rig({
    'a/1': ['sent'],
    'b/1': [againAfter(429, '429', 3_000), 'sent'],
  })
  t.is(await attempts.deliver(push('p')), 'later')
  clock.at += 2_999
  t.is(await attempts.deliver(push('p')), 'later')
  t.deepEqual(asked, ['a/1', 'b/1'])
  clock.at += 1
  t.deepEqual(await attempts.deliver(push('p')), { user: 1, channel: 'web', devices: 2 })
  t.deepEqual(asked, ['a/1', 'b/1', 'b/1'])
  // It could not be noted: the result stands, and nobody is called.
  t.deepEqual(await attempts.deliver(push('p')), { user: 1, channel: 'web', devices: 2 })
  t.is(asked.length, 3)
  t.is(attempts.waiting(), 1)
  attempts.settled('p')
  t.is(attempts.waiting(), 0)
})

test('who does not say when is asked ever less often, and then no more', async (t) => {
  const { attempts, clock, asked } = await rig({ 'a/1': [againAfter(429, 'busy', 0)] })
  const waits: number[] = []
  for (let tries = 1; tries < PUSH_TRIES_MAX; tries++) {
    t.is(await attempts.deliver(push('p')), 'later')
    const from = clock.at
    while (asked.length === tries) {
      clock.at += 1_000
      const result = await attempts.deliver(push('p'))
      if (result !== 'later') {
        t.deepEqual(result, { user: 1, channel: 'web', reason: 'unreachable' })
        t.is(tries, PUSH_TRIES_MAX - 1)
      }
    }
    waits.push(clock.at - from)
    t.true(waits.length < 2 || (waits.at(-1) ?? 0) > (waits.at(-2) ?? 0) || (waits.at(-1) ?? 0) >= 1_800_000)
  }
  t.true((waits[0] ?? 0) >= 10_000)
  t.is(asked.length, PUSH_TRIES_MAX)
})

test('after failures in a row a place rests, and others do not', async (t) => {
  const { attempts, clock, asked, failures } = await rig({ 'down/1': [again('ETIMEDOUT')], 'up/1': ['sent'] })
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5']) t.is(await attempts.deliver(push(id)), 'later')
  t.is(asked.filter((token) => token === 'down/1').length, 3)
  t.is(asked.filter((token) => token === 'up/1').length, 5)
  t.deepEqual(failures, ['Error: pushes on web rest: ETIMEDOUT'])
  clock.at += 60_000
  t.is(await attempts.deliver(push('p6')), 'later')
  t.is(asked.filter((token) => token === 'down/1').length, 4)
  t.is(failures.length, 2)
})

test('whoever rests is not tried, so that it costs no push its tries', async (t) => {
  const { attempts, clock, asked } = await rig({ 'down/1': [again('ETIMEDOUT')] })
  for (let n = 0; n < 3; n += 1) await attempts.deliver(push(`p${n}`))
  const late = push('late')
  for (let round = 0; round < 3 * PUSH_TRIES_MAX; round += 1) {
    clock.at += 300_001
    // Somebody else's try, at the end of each rest, fails and begins the next one.
    await attempts.deliver(push(`r${round}`))
    t.is(await attempts.deliver(late), 'later')
  }
  t.is(asked.length, 3 + 3 * PUSH_TRIES_MAX)
})

test('what becomes of a push is what became of its devices', async (t) => {
  const gone = await rig({ 'a/1': ['gone'], 'b/1': [refused('403')] })
  t.deepEqual(await gone.attempts.deliver(push('p')), {
    ...{ user: 1, channel: 'web', reason: 'refused', detail: '403' },
  })
  t.deepEqual(gone.lost, [{ type: 'Lose', id: 0, token: 'a/1' }])
  const some = await rig({ 'a/1': ['sent'], 'b/1': [again('500')] })
  await some.attempts.deliver(push('p'))
  t.deepEqual(some.attempts.giveUp(push('p')), { user: 1, channel: 'web', devices: 1 })
  const none = await rig({ 'b/1': [again('500')] })
  await none.attempts.deliver(push('p'))
  t.deepEqual(none.attempts.giveUp(push('p')), { user: 1, channel: 'web', reason: 'late' })
  t.deepEqual(await none.attempts.deliver(push('q', 2)), { user: 2, channel: 'web', reason: 'no-device' })
})

test('results that come together are noted together, and each is told whether it was', async (t) => {
  const noted: (readonly number[])[] = []
  let release = (): void => undefined
  const gate = new Promise<void>((open) => (release = open))
  const gathering = createGathering<string, number>(async (which, results) => {
    noted.push(results)
    if (noted.length === 1) await gate
    if (which === 'bad') throw new Error('not noted')
  })
  const first = gathering.add('k', 'good', 1)
  await new Promise(setImmediate)
  const others = [2, 3, 4].map((result) => gathering.add('k', 'good', result))
  release()
  await Promise.all([first, ...others])
  t.deepEqual(noted, [[1], [2, 3, 4]])
  await t.throwsAsync(gathering.add('bad', 'bad', 5), { message: 'not noted' })
  await gathering.add('bad', 'good', 6)
  t.deepEqual(noted.slice(2), [[5], [6]])
})
