/**
 * Proves that a first start which is killed, again and again, is completed by the next one, without waiting for the dead: one root group,
 * two roles and one user, who signs in with the configured password.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test from 'ava'
import { createLease } from '../../src/commands/lease.ts'
import { blobsPath, vaultPath } from '../../src/embedded/directory.ts'
import { openEmbeddedVault } from '../../src/vault/embedded/vault.ts'
import { signInAdmin } from '../support/members.ts'
import {
  ADMIN,
  cleanUp,
  freshDirectory,
  runScript,
  startServer,
  type RunningServer,
} from '../support/server.ts'

const ROUNDS = process.env['SOAK'] === undefined ? 8 : 40
/** Less than the 30 s that the shortest of the leases of the dead would still run. */
const READY_MS_MAX = 25_000

let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

for (const when of ['from the spawn', 'from the first listener'] as const) {
  test.serial(`a first start killed ${ROUNDS} times ${when}`, async (t) => {
    const dataDir = await freshDirectory()
    for (let round = 0; round < ROUNDS; round += 1) {
      let early: NodeJS.Timeout | undefined
      const killed = await startServer({ dataDir, unready: true }, (pid) => {
        if (when === 'from the spawn')
          early = setTimeout(() => process.kill(pid, 'SIGKILL'), Math.random() * 300)
      }).catch(() => undefined)
      clearTimeout(early)
      if (killed === undefined) continue
      await pause(Math.random() * 300 * (round / ROUNDS))
      await killed.kill()
    }
    const begun = performance.now()
    server = await startServer({ dataDir })
    t.true(performance.now() - begun < READY_MS_MAX, 'no wait for a dead process')
    const admin = await signInAdmin(server.url)
    const names = async (store: string): Promise<readonly unknown[]> =>
      (await admin.get(`/${store}?nolimit=true&withChildGroups=true`)).list().map(({ name }) => name)
    t.deepEqual(await names('groups'), ['Root'])
    t.deepEqual((await names('roles')).toSorted(), ['admin', 'auditor'])
    t.deepEqual(await names('users'), [ADMIN.login])
    t.is((await server.stop('SIGTERM')).code, 0)
    const check = await runScript('rebuild', ['--check'], dataDir)
    t.is(check.code, 0, check.output)
  })
}

test.serial('what a killed process held in the vault is free at once', async (t) => {
  const dataDir = await freshDirectory()
  const options = { path: vaultPath(dataDir), blobsPath: blobsPath(dataDir), now: Date.now }
  const vault = await openEmbeddedVault(options)
  t.true(await createLease(vault, 'stores-foundation', 600_000).hold())
  await vault.close()
  const begun = performance.now()
  server = await startServer({ dataDir })
  t.true(performance.now() - begun < READY_MS_MAX)
  await signInAdmin(server.url)
})
