/** Proves which of the driver's errors say that the server is away, and which are its refusal of what was asked. */
import test from 'ava'
import { MongoDriverError, MongoNetworkError, MongoServerClosedError, MongoServerError } from 'mongodb'
import { orUnavailable } from '../../../src/mongodb/connection.ts'

class Away extends Error {}

/** Of a class that the driver does not export. */
const named = (name: string): Error =>
  Object.defineProperty(new MongoDriverError('x'), 'name', { value: name })

const coded = (code: number): Error => new MongoServerError({ message: 'x', code })

const isAway = async (error: Error): Promise<boolean> => {
  try {
    await orUnavailable(() => Promise.reject(error), Away)
    return false
  } catch (thrown) {
    return thrown instanceof Away && thrown.cause === error
  }
}

test('a member that left, a lost connection, and what another try may change are no answer', async (t) => {
  const away = [
    named('MongoPoolClosedError'),
    named('MongoWaitQueueTimeoutError'),
    new MongoServerClosedError('x'),
    new MongoNetworkError('x'),
    ...[175, 189, 10107].map(coded),
  ]
  for (const error of away)
    t.true(await isAway(error), `${error.name} ${'code' in error ? String(error.code) : ''}`)
})

test('a refusal and an error of the program stay what they are', async (t) => {
  for (const error of [coded(2), coded(11_000), named('MongoInvalidArgumentError'), new TypeError('x')]) {
    t.false(await isAway(error), error.name)
    t.is(await t.throwsAsync(orUnavailable(() => Promise.reject(error), Away)), error)
  }
})
