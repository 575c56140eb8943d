/**
 * Proves that what devices pull, its versions, and the tokens that are dead come from the history alone: of families that live, that have lost
 * devices, and that were erased, whose events nobody can open any more.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { runScript, startServer } from '../support/server.ts'
import { appLogic, encrypted, passwordOf } from '../support/timelimit-crypto.ts'
import { NOTHING, statusOf, type Picture } from '../support/timelimit-picture.ts'
import { createWorld, type World } from '../support/timelimit-world.ts'
import { mailToken, ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.after.always(() => at?.close())

const everything = async ({ family, ...w }: World): Promise<void> => {
  const dsn = { dsn: 1, dataType: 1, tempKey: key(32), signature: key(64) }
  const items = [{ categoryId: w.games, tta: 60_000, etts: 0, as: [[0, 60]], sdl: [[0, 60, 9_000, 9_000]] }]
  const renamed = passwordOf('Ida')
  const pushed = [
    await w.phone.push(
      w.me({ type: 'ADD_CATEGORY_APPS', categoryId: w.games, packageNames: ['a.b', '$c', 'd/e+f'] }),
      w.me({ type: 'ADD_CATEGORY_APPS', categoryId: w.web, packageNames: ['$c'] }),
      w.me({
        ...{ type: 'ADD_USER', name: 'Ida', userType: 'parent', userId: 'idaaa1', timeZone: 'Europe/Berlin' },
        password: encrypted(renamed, await w.phone.dh()),
      }),
      w.me({ type: 'UPDATE_CATEGORY_TITLE', categoryId: w.games, newTitle: 'Play' }),
    ),
    await w.tablet.push(
      appLogic({ type: 'ADD_USED_TIME_V2', d: 20_000, i: items }),
      appLogic({ type: 'UPDATE_INSTALLED_APPS', b: 'AAAA', d: 'BBBB', w: true }),
      appLogic({ type: 'SEND_KEY_REQUEST', ...dsn, deviceId: w.phoneId }),
    ),
  ]
  if (pushed.includes(true)) throw new Error('something was refused')
  ok(await w.phone.at.post('/sync/report-removed', { deviceAuthToken: w.spare.token }))
  const removal = { parentUserId: family.userId, parentPasswordSecondHash: family.password.secondHash }
  const remove = { deviceAuthToken: w.phone.token, ...removal, deviceId: w.spareId }
  ok(await w.phone.at.post('/parent/remove-device', remove))
}

const key = (bytes: number): string => Buffer.alloc(bytes, 1).toString('base64')

test('a rebuild shows living and erased families as they were shown', async (t) => {
  const server = (at = await startTimelimit())
  const [living, erased] = [await createWorld(server), await createWorld(server, '2')]
  for (const w of [living, erased]) await everything(w)
  const proof = { mailAuthTokens: [await mailToken(server, erased.family.mail)] }
  const end = { deviceAuthToken: erased.phone.token, ...proof }
  t.is((await server.post('/parent/delete-account', end)).text, 'OK')

  const shown = async (): Promise<readonly Picture[]> => {
    const pictures = [await living.phone.full(), await living.tablet.full()]
    for (const { token: deviceAuthToken } of [living.spare, erased.phone, erased.tablet, erased.spare]) {
      const pulled = await server.post('/sync/pull-status', { deviceAuthToken, status: statusOf(NOTHING) })
      t.is(pulled.status, 401)
      const removed = ok(await server.post('/sync/is-device-removed', { deviceAuthToken }))
      t.deepEqual(removed, { isDeviceRemoved: true })
    }
    return pictures
  }
  const before = await shown()
  const { dataDir } = server.server()
  for (const parameters of [['--check'], ['timelimit'], ['--check']]) {
    const { code, output } = await runScript('rebuild', parameters, dataDir)
    t.is(code, 0, output)
    t.deepEqual(await shown(), before)
  }

  await server.server().stop('SIGTERM')
  const documents = (await readdir(dataDir)).filter((name) => name.startsWith('documents'))
  for (const name of documents) await rm(join(dataDir, name), { recursive: true })
  server.replace(await startServer({ dataDir, env: {} }))
  t.deepEqual(await shown(), before)
})
