/** Proves that a job which fails is tried again, less often each time, and as usual once it has succeeded; with a vault in memory. */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { startJob } from '../../../src/jobs/job.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

test('a job that fails again and again says so ever less often', async (t) => {
  let [isBroken, rounds, failures] = [true, 0, 0]
  const parts = { name: 'one', vault: memoryVault({ now: Date.now }), everyMs: 5 }
  const job = startJob({ ...parts, onFailure: () => (failures += 1) }, () => {
    rounds += 1
    return isBroken ? Promise.reject(new Error('broken')) : Promise.resolve()
  })
  t.teardown(job.stop)
  const since = performance.now()
  while (failures < 6) await pause(1)
  // Every 5 ms it would be 25; doubled each time it is 10 + 20 + 40 + 80 + 160 ms.
  t.true(performance.now() - since > 250)
  isBroken = false
  const before = rounds
  for (let left = 6_000; rounds < before + 10 && left > 0; left -= 1) await pause(5)
  t.true(rounds >= before + 10)
})
