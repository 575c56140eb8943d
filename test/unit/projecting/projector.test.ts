/**
 * Of several projectors one keeps the documents, and another one goes on when it ends, breaks, or loses its lease: with the memory adapters, and a
 * lease that is given, taken and lost as the vault says.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { createLease, type Lease } from '../../../src/commands/lease.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { PROJECTOR_LEASE_MS } from '../../../src/limits.ts'
import { startProjector, type Projector } from '../../../src/projecting/projector.ts'
import { startRunner, type Runner } from '../../../src/projecting/runner.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'
import type { Vault } from '../../../src/vault/port.ts'
import { append, newEvent } from '../../support/events.ts'
import { people } from '../../support/people.ts'
import { loopClock } from '../../support/waiting.ts'
import { until } from '../../support/waiting.ts'

const stores = () => ({
  history: memoryHistory(),
  documents: memoryDocuments(),
  vault: memoryVault({ now: Date.now }),
})
type Opened = ReturnType<typeof stores>

const runnerOn = ({ history, documents }: Opened, onBroken: (error: unknown) => void): Promise<Runner> =>
  startRunner({
    history,
    documents,
    projections: [people()],
    onApplied: () => undefined,
    onStopped: () => undefined,
    onBroken,
  })

const leaseOf = (vault: Vault): Lease => createLease(vault, 'projector', PROJECTOR_LEASE_MS)

const project = (
  opened: Opened,
  more: {
    readonly lease?: Lease
    readonly start?: (broken: (error: unknown) => void) => Promise<Runner>
    readonly onStarted?: () => Promise<() => Promise<void>>
  } = {},
) => {
  const log: string[] = []
  const projector = startProjector({
    lease: more.lease ?? leaseOf(opened.vault),
    start: more.start ?? ((onBroken) => runnerOn(opened, onBroken)),
    onStarted:
      more.onStarted ??
      (() => {
        log.push('started')
        return Promise.resolve(() => {
          log.push('ended')
          return Promise.resolve()
        })
      }),
    onFailure: (error, message) => void log.push(`${message}: ${String(error)}`),
  })
  return { projector, log }
}

const keeps = ({ projector }: { readonly projector: Projector }) => projector.runner() !== undefined

test('one of two keeps the documents, and the other goes on where it ended', async (t) => {
  const opened = stores()
  const both = [project(opened), project(opened)] as const
  await until(() => both.some(keeps))
  await pause(2_500)
  t.is(both.filter(keeps).length, 1)
  const [first, second] = keeps(both[0]) ? both : [both[1], both[0]]
  await append(opened.history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await until(async () => (await opened.documents.checkpoint('people@1')) === 1n)
  await first.projector.close()
  await append(opened.history, 'test.person-1', newEvent('Renamed', { name: 'b' }))
  await until(async () => (await opened.documents.get('people@1', 'test.person-1'))?.value.name === 'b')
  t.true(keeps(second))
  t.deepEqual(first.log, ['started', 'ended'])
  await second.projector.close()
  t.is(await opened.vault.get('platform.leases', 'projector'), undefined)
})

test('one that could not start says why, and tries again', async (t) => {
  const opened = stores()
  let tries = 0
  const { projector, log } = project(opened, {
    start: (onBroken) =>
      ++tries < 3 ? Promise.reject(new Error('nobody answers')) : runnerOn(opened, onBroken),
  })
  await until(() => projector.trouble() === 'nobody answers')
  await until(() => projector.runner() !== undefined)
  t.is(projector.trouble(), undefined)
  t.is(log.filter((line) => line.includes('could not start')).length, 2)
  await projector.close()
})

test('one that breaks begins again', async (t) => {
  const opened = stores()
  let breaks: (error: unknown) => void = () => undefined
  const { projector, log } = project(opened, {
    start: (onBroken) => {
      breaks = onBroken
      return runnerOn(opened, onBroken)
    },
  })
  await until(() => projector.runner() !== undefined)
  const first = projector.runner()
  breaks(new Error('a fault of ours'))
  await until(() => projector.runner() !== undefined && projector.runner() !== first)
  await append(opened.history, 'test.person-1', newEvent('Named', { name: 'a' }))
  await until(async () => (await opened.documents.checkpoint('people@1')) === 1n)
  t.is(log.filter((line) => line === 'started').length, 2)
  await projector.close()
})

test('one that lost its lease, or cannot ask for it, stops in time', async (t) => {
  const opened = stores()
  const lease = leaseOf(opened.vault)
  let answer: () => Promise<boolean> = lease.hold
  const { projector, log } = project(opened, { lease: { ...lease, hold: () => answer() } })
  await until(() => projector.runner() !== undefined)
  answer = () => Promise.resolve(false)
  await until(() => projector.runner() === undefined)
  t.deepEqual(log, ['started', 'ended'])
  answer = lease.hold
  await until(() => projector.runner() !== undefined)
  const clock = loopClock()
  const since = clock()
  answer = () => Promise.reject(new Error('nobody answers'))
  await until(() => projector.runner() === undefined)
  t.true(clock() - since < PROJECTOR_LEASE_MS)
  await projector.close()
})

test('one that cannot start lets another one try', async (t) => {
  const opened = stores()
  const unable = project(opened, { start: () => Promise.reject(new Error('nobody answers')) })
  await until(() => unable.log.length > 0)
  const able = project(opened)
  await until(() => keeps(able))
  t.false(keeps(unable))
  await pause(2_500)
  t.true(keeps(able))
  await unable.projector.close()
  await able.projector.close()
})

test('a start that takes longer than the lease lasts does not lose it', async (t) => {
  const opened = stores()
  const slow = project(opened, {
    start: async (onBroken) => {
      await pause(PROJECTOR_LEASE_MS + 1_500)
      return runnerOn(opened, onBroken)
    },
  })
  await until(async () => (await opened.vault.get('platform.leases', 'projector')) !== undefined)
  const other = project(opened)
  await until(() => keeps(slow) || keeps(other))
  t.true(keeps(slow))
  await slow.projector.close()
  await other.projector.close()
})

test('what was started is closed although something about it failed', async (t) => {
  const opened = stores()
  let open = 0
  let tries = 0
  const { projector } = project(opened, {
    start: async (onBroken) => {
      const runner = await runnerOn(opened, onBroken)
      open += 1
      return {
        ...runner,
        close: async () => {
          await runner.close()
          open -= 1
        },
      }
    },
    onStarted: () =>
      ++tries < 3
        ? Promise.reject(new Error('no place for a socket'))
        : Promise.resolve(() => Promise.reject(new Error('no socket any more'))),
  })
  await until(() => projector.runner() !== undefined)
  t.is(open, 1)
  await projector.close()
  t.is(open, 0)
})
