/**
 * Proves that a node whose MongoDB goes away in any of the ways in which networks fail says so, answers 503 in the protocol's form and never
 * hangs, and that after its return everything goes on without a restart: nothing acknowledged is lost, nothing is there twice.
 */
import { faultyCluster } from '../support/faulty-cluster.ts'

const RESETS = 6
const SLOW_MS = 100

const cluster = faultyCluster({ name: 'MongoDB', proxy: 'mongo' })

cluster.away('is cut off', ({ mongo }) => mongo.cut())
cluster.away('accepts and never answers', ({ mongo }) => mongo.stall())

cluster.breaks({
  'half-closes its connections': ({ mongo }) => {
    mongo.halfClose('client')
    mongo.halfClose('server')
  },
  'is cut off for a moment': ({ mongo }) => {
    mongo.cut()
    mongo.restore()
  },
  'takes writes of documents and is reset before its answers': ({ mongo }) =>
    mongo.resetAfterRequest(
      (chunk) => chunk.includes('stores_labels') && (chunk.includes('insert') || chunk.includes('update')),
      RESETS,
    ),
  'takes writes of checkpoints and is reset before its answers': ({ mongo }) =>
    mongo.resetAfterRequest(
      (chunk) => chunk.includes('platform_checkpoints') && chunk.includes('update'),
      RESETS,
    ),
  'is slow': ({ mongo }) => mongo.delay(SLOW_MS),
})

cluster.endsWell()
