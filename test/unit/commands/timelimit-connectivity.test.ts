/** Proves what a pull writes about its device (timelimit 5.2): once in half a day, and nothing at all otherwise. */
import test from 'ava'
import { createConnectivity } from '../../../src/commands/timelimit/connectivity.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const HOUR = 3_600_000
const NOON = 1_800_014_400_000

test('the last connectivity is noted by halves of a day', async (t) => {
  const vault = memoryVault({ now: () => NOON })
  const counts = { get: 0, put: 0 }
  const counted = {
    ...vault,
    get: (space: string, key: string) => {
      counts.get += 1
      return vault.get(space, key)
    },
    put: (...put: Parameters<typeof vault.put>) => {
      counts.put += 1
      return vault.put(...put)
    },
  }
  const connected = createConnectivity(counted)
  const of = { family: 'famA', device: 'dev001' }
  const start = Math.floor(NOON / (12 * HOUR)) * 12 * HOUR
  for (const hours of [0, 1, 11.99]) await connected(of, start + hours * HOUR)
  t.deepEqual(counts, { get: 1, put: 1 })
  t.is(connected(of, start + 1), undefined, 'known at once')
  t.deepEqual((await vault.get('timelimit.connectivity', 'famA/dev001'))?.value, {
    at: start,
    family: 'famA',
  })
  await connected(of, start + 12 * HOUR)
  t.is((await vault.get('timelimit.connectivity', 'famA/dev001'))?.value['at'], start + 12 * HOUR)
  await createConnectivity(counted)(of, start + 13 * HOUR)
  t.deepEqual(counts, { get: 3, put: 2 }, 'another process finds it noted')
  await vault.deleteSubject('timelimit.family-famA')
  t.is(await vault.get('timelimit.connectivity', 'famA/dev001'), undefined)
})
