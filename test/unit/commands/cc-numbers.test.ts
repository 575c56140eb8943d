/**
 * Proves that a vault that is behind, or was begun anew, costs ConnectyCube's numbers a few tries and no number twice (decisions 11): of files, pushes and
 * subscriptions, with what was given before in the history, and at the start with what the documents show.
 */
import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import test from 'ava'
import { ccBlobs } from '../../../projections/cc/blobs.ts'
import { ccPush } from '../../../projections/cc/push.ts'
import { ccUsers } from '../../../projections/cc/users.ts'
import { declareBlob } from '../../../src/commands/cc/blobs.ts'
import { numbersToTry } from '../../../src/commands/cc/numbers.ts'
import { subscribe } from '../../../src/commands/cc/push.ts'
import { raiseCounters } from '../../../src/commands/cc/raise-counters.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { CC_SEALED } from '../../../src/domain/cc/events.ts'
import type { Rejection } from '../../../src/domain/rejection.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const APP = 1
const GIVEN = 40

const right = <A>(answer: E.Either<Rejection, A>): A => {
  if (E.isLeft(answer)) throw new Error(JSON.stringify(answer.left))
  return answer.right
}

const rigFor = async (onError: (error: string) => void) => {
  const keyring = memoryKeyring()
  const history = sealedHistory(memoryHistory(), keyring, CC_SEALED)
  const documents = memoryDocuments()
  const runner = await startRunner({
    ...{ history, documents, projections: [ccBlobs, ccPush, ccUsers] },
    onApplied: () => undefined,
    onStopped: (name, { error }) => onError(`${name}: ${error}`),
    onBroken: (error) => onError(String(error)),
  })
  const engine = createEngine({
    ...{ history, keyring, refusal: runner.refusal, shown: runner.shown },
    snapshots: createSnapshots(documents, keyring),
  })
  await runner.reached(await history.head(), [''])
  const over = (vault = memoryVault({ now: () => 0 })) => {
    const parts = {
      engine,
      vault,
      now: () => 0,
      random: randomBytes,
      holderOf: () => Promise.resolve(undefined),
    }
    return {
      vault,
      blob: async (): Promise<number> =>
        right(
          await declareBlob(parts, { app: APP, user: 7 }, { name: 'a', contentType: 'b/c', public: false }),
        ),
      subscription: async (device: string): Promise<number> => {
        const wanted = { channel: 'gcm', platform: 'android', environment: 'production' } as const
        const of = { ...wanted, device: { udid: device, token: `token of ${device}` } }
        return right(await subscribe(parts, { app: APP, user: 7 }, of)).id
      },
    }
  }
  return { over, reader: createReader(documents, runner.serving), close: () => runner.close() }
}

test('a counter that is behind by a million is passed in seven tries', async (t) => {
  const vault = memoryVault({ now: () => 0 })
  const next = numbersToTry(vault, 'c')
  let tries = 1
  t.is(await next(), 1)
  while ((await next()) <= 1_000_000) tries += 1
  t.true(tries <= 7)
  t.is(await numbersToTry(vault, 'd')(), 1)
})

test('numbers go on with a vault that knows nothing of them', async (t) => {
  const { over, reader, close } = await rigFor((error) => t.fail(error))
  t.teardown(close)
  const first = over()
  const numbers: number[] = []
  const subscriptions: number[] = []
  for (let n = 0; n < GIVEN; n++) {
    numbers.push(await first.blob())
    subscriptions.push(await first.subscription(`device ${n}`))
  }
  const second = over()
  for (let n = 0; n < 3; n++) {
    numbers.push(await second.blob())
    subscriptions.push(await second.subscription(`another ${n}`))
  }
  t.is(new Set(numbers).size, GIVEN + 3)
  t.is(new Set(subscriptions).size, GIVEN + 3)

  const third = over()
  await raiseCounters(third.vault, reader, APP)
  t.is(await third.blob(), Math.max(...numbers) + 1)
  t.is(await third.subscription('last'), Math.max(...subscriptions) + 1)
})
