/**
 * Proves that each message is told of once to all who are to be told, whatever cuts the job short (connectycube 9): with a history and documents
 * in memory, an engine that can fail in between, and the real decider.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { setTimeout as pause } from 'node:timers/promises'
import type { CommandRequest } from '../../../src/commands/engine.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Decider, Fact } from '../../../src/domain/decider.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import { startAlerting } from '../../../src/jobs/connectycube/alerts.ts'
import type { JsonObject } from '../../../src/json.ts'
import { CC_ALERT_MS_MAX } from '../../../src/limits.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const NOW = CC_ALERT_MS_MAX + 1_000
const USERS = 1_200

const sent = (position: number, message: string, more: JsonObject = {}, at = NOW): StoredEvent => ({
  ...{ id: message, stream: 'cc.dialog-1-d', revision: BigInt(position), position: BigInt(position) },
  type: 'MessageSent',
  data: {
    ...{ app: 1, dialog: 'd', message, dialogType: 2, seq: position, own: 1, sender: 1, recipient: 0 },
    ...{ dateSent: 1, origin: 'rest', sendToChat: false, silent: false, sealed: { text: 'x' } },
    ...more,
  },
  meta: { at, actor: 'a', commandId: 'c', correlationId: 'c', schema: 1 },
})

const rig = async (events: readonly StoredEvent[]) => {
  const users = Array.from({ length: USERS }, (_, index) => index + 1)
  const documents = memoryDocuments()
  const dialog = {
    ...{ app: 1, type: 2, owner: 1, occupants: [...users].reverse(), occupantsCount: USERS, admins: [] },
    ...{ allowPreview: false, name: 'T', description: null, photo: null, extensions: null, pinned: [] },
    ...{ createdAt: 1, updatedAt: 1, seq: 9, floor: 0, goneCount: 0 },
    ...{ lastId: null, lastSeq: null, lastDate: null, lastSender: null },
  }
  await documents.apply(
    [
      { collection: 'cc_dialogs', id: 'd', at: 1n, put: dialog },
      { collection: 'cc_dialog_views', id: 'd:5', at: 1n, put: { dialog: 'd', user: 5, silentIn: 'd' } },
      ...users.map((user) => ({
        ...{ collection: 'cc_subscriptions', id: `1-${user}`, at: 1n },
        put: { app: 1, user, channel: user === 6 ? 'apns_voip' : 'gcm', environment: 'production' },
      })),
    ],
    [],
  )
  const states = new Map<string, unknown>()
  const told = new Map<string, number[]>()
  const broken = { in: Infinity }
  const execute =
    <S, C>({ stream, decider, command }: CommandRequest<S, C>) =>
    async () => {
      broken.in -= 1
      if (broken.in <= 0) return E.left(rejection('Unavailable', 'away'))
      const { initial, decide, evolve }: Decider<S, C> = decider
      const before = (states.get(stream) ?? initial) as S
      const facts = await Promise.resolve(decide(command as C, before))
      if (E.isLeft(facts)) return facts
      states.set(
        stream,
        facts.right.reduce((state: S, fact: Fact) => evolve(state, fact), before),
      )
      const queued = facts.right.flatMap(({ data }) => data['notifications'] as { user: number }[])
      told.set(stream, [...(told.get(stream) ?? []), ...queued.map(({ user }) => user)])
      return E.right({ state: states.get(stream) as S, facts: facts.right, position: 1n, repeated: false })
    }
  const vault = memoryVault({ now: () => NOW })
  const failures: string[] = []
  const asked: bigint[] = []
  const start = () =>
    startAlerting({
      ...{ engine: { execute }, reader: documents, vault, everyMs: 1 },
      history: {
        readAll: async function* ({ after }) {
          asked.push(after)
          for (const event of events) if (event.position > after) yield await Promise.resolve([event])
        },
        head: () => Promise.resolve(100n),
      },
      applied: () => 100n,
      online: () => Promise.resolve([7]),
      now: () => NOW,
      onFailure: (error) => failures.push(String(error)),
    })
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await isSo())) await pause(1)
  }
  const markOf = async () => (await vault.get('cc.jobs', 'alerts'))?.value['after']
  return { start, told, broken, failures, vault, asked, until, markOf }
}

/** All but the sender, who wants none, who has devices for calls alone, and who is there. */
const EVERYBODY = Array.from({ length: USERS }, (_, index) => index + 1).filter(
  (user) => ![1, 5, 6, 7].includes(user),
)

test('a job that is cut short goes on where it was, and nobody is told twice', async (t) => {
  const { start, told, broken, failures, until, markOf } = await rig([sent(10, 'm1'), sent(20, 'm2')])
  broken.in = 3
  const first = start()
  await until(() => failures.length > 0)
  await first.stop()
  t.regex(failures.join(), /away/)
  t.true((told.get('cc.pushevent-1-alert-m1')?.length ?? 0) > 0)
  t.is(await markOf(), undefined)
  broken.in = Infinity
  const second = start()
  await until(async () => (await markOf()) === '20')
  await second.stop()
  for (const id of ['m1', 'm2']) t.deepEqual(told.get(`cc.pushevent-1-alert-${id}`), EVERYBODY)
  const third = start()
  await pause(20)
  await third.stop()
  t.deepEqual(told.get('cc.pushevent-1-alert-m2'), EVERYBODY)
})

test('silent ones, those of long ago, and those without content are passed over', async (t) => {
  const { start, told, until, markOf } = await rig([
    sent(10, 'old', {}, 1),
    sent(20, 'silent', { silent: true }),
    sent(30, 'empty', { sealed: { params: { a: 1 } } }),
    sent(40, 'erased', { sealed: null }),
    sent(50, 'picture', { sealed: { attachments: [{ uid: 'u' }] } }),
  ])
  const job = start()
  await until(async () => (await markOf()) === '50')
  await job.stop()
  t.deepEqual([...told.keys()], ['cc.pushevent-1-alert-picture'])
})

test('a mark that is ahead of the history is of another one', async (t) => {
  const { start, asked, vault, until, told } = await rig([sent(10, 'm1')])
  await vault.put('cc.jobs', 'alerts', { after: '101' })
  const job = start()
  await until(() => told.size > 0)
  await job.stop()
  t.is(asked[0], 0n)
})
