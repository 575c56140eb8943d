/**
 * Proves that a node whose EventStoreDB goes away in any of the ways in which networks fail says so, answers 503 in the protocol's form and never
 * hangs, and that after its return everything goes on without a restart: nothing acknowledged is lost, nothing is there twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { EventStore } from '../support/eventstore.ts'
import { CLIENTS, faultyCluster, type Fault } from '../support/faulty-cluster.ts'

const RESETS = 5
const DROPS = 5
const SLOW_MS = 100
const ROUNDS = 5

const cluster = faultyCluster({ name: 'EventStoreDB', proxy: 'history' })

cluster.away('is cut off', ({ history }) => history.cut())
cluster.away('accepts and never answers', ({ history }) => history.stall())

/** What only the stand-in does when it is told to. */
const told =
  (fail: (eventStore: EventStore) => Promise<void>): Fault =>
  ({ eventStore }) =>
    eventStore === undefined ? false : fail(eventStore)

const again = async (fail: () => Promise<void>): Promise<void> => {
  for (let round = 0; round < ROUNDS; round += 1) {
    await fail()
    await pause(100)
  }
}

cluster.breaks({
  'half-closes its connections': ({ history }) => {
    history.halfClose('client')
    history.halfClose('server')
  },
  'is cut off for a moment': ({ history }) => {
    history.cut()
    history.restore()
  },
  // The text of an event in the request: labels are written one in an append.
  'takes appends and is reset before its answers': ({ history }) =>
    history.resetAfterRequest((chunk) => chunk.includes('EntityCreated'), RESETS),
  'is slow': ({ history }) => history.delay(SLOW_MS),
})

// Each ends the call of all appends that are under way.
cluster.breaks({
  'drops answers to appends that it has written': told(({ faults }) => faults.dropNextAnswers(DROPS)),
  'fails its batch call': told(({ faults }) => again(faults.failBatch)),
  'drops subscriptions': told(({ faults }) => again(faults.dropSubscriptions)),
  'refuses appends': told(({ faults }) => faults.refuseNext(2 * CLIENTS, 'unavailable')),
  'runs out of time for appends': told(({ faults }) => faults.refuseNext(2 * CLIENTS, 'timeout')),
  'is killed and started again': told(({ restart }) => restart()),
})

cluster.endsWell()
