/**
 * Proves a family's life with the devices of the real client: two parents, a child, its devices, what it may do and what it did, until the account is
 * gone; sockets watch who is told, every device pulls as the client does, and at the end every one of them knows the same.
 */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import {
  appLogic,
  byDevice,
  byHmac,
  bySha,
  encrypted,
  passwordOf,
  removalOf,
  type Act,
} from '../support/timelimit-crypto.ts'
import { listen, type Listener } from '../support/timelimit-sockets.ts'
import { contents } from '../support/timelimit-rows.ts'
import {
  addDevice,
  createFamily,
  mailToken,
  newMail,
  ok,
  signInDevice,
  startTimelimit,
  type Device,
  type Timelimit,
} from '../support/timelimit.ts'

let at: Timelimit | undefined
test.after.always(() => at?.close())

test('a family’s life', async (t) => {
  const server = (at = await startTimelimit())
  const { post } = server
  const { phone, userId, mail, password } = await createFamily(server)
  const told = new Map<Device, Listener>()
  const watch = async (device: Device): Promise<void> => {
    const listener = await listen(server.url(), device.token)
    t.teardown(listener.close)
    told.set(device, listener)
  }
  const listenerAt = (device: Device): Listener => told.get(device) ?? nobody()
  /** What each device hears of what is done, and what all of them know then. */
  const hears = async (
    what: string,
    run: () => Promise<unknown>,
    levels: readonly (readonly [Device, boolean])[],
  ): Promise<void> => {
    const before = new Map([...told].map(([device, { heard }]) => [device, heard.length]))
    await run()
    for (const [device, important] of levels) {
      const listener = listenerAt(device)
      const from = before.get(device) ?? 0
      await listener.until(() => listener.heard.length > from, what)
      t.deepEqual(listener.heard.slice(from), [['should sync', { isImportant: important }]], what)
    }
    for (const device of told.keys()) await device.pull()
    const [first, ...others] = [...told.keys()].map((device) => contents(device.picture()))
    for (const other of others) t.deepEqual(other, first, what)
  }
  await watch(phone)
  const anna = byHmac(userId, password)
  const push = async (device: Device, ...acts: readonly Act[]): Promise<void> => {
    t.false(await device.push(...acts))
  }

  const otto = passwordOf('Otto')
  const addOtto = {
    type: 'ADD_USER',
    name: 'Otto',
    userType: 'parent',
    userId: 'ottoo1',
    timeZone: 'Europe/Berlin',
    password: encrypted(otto, await phone.dh()),
  }
  await hears('a second parent', () => push(phone, anna(addOtto)), [])
  const ottosMail = newMail()
  const link = {
    deviceAuthToken: phone.token,
    parentUserId: 'ottoo1',
    parentPasswordSecondHash: otto.secondHash,
  }
  const linking = async () =>
    ok(
      await post('/parent/link-mail-address', { ...link, mailAuthToken: await mailToken(server, ottosMail) }),
    )
  await hears('his mail', linking, [[phone, false]])
  let second = phone
  await hears('his phone', async () => (second = await signInDevice(server, ottosMail)), [[phone, false]])
  await watch(second)

  const kid = passwordOf('Ben')
  const child = {
    type: 'ADD_USER',
    name: 'Ben',
    userType: 'child',
    userId: 'benni1',
    timeZone: 'Europe/Berlin',
    password: kid,
  }
  await hears('a child', () => push(second, byDevice('ottoo1')(child)), [[phone, false]])
  let [tablet, laptop] = [phone, phone]
  await hears('a tablet', async () => (tablet = await addDevice(phone, 'Tablet')), [
    [phone, false],
    [second, false],
  ])
  await watch(tablet)
  await hears('a laptop', async () => (laptop = await addDevice(second, 'Laptop')), [
    [phone, false],
    [second, false],
    [tablet, false],
  ])
  await watch(laptop)
  const use = (deviceId: string) => anna({ type: 'SET_DEVICE_USER', deviceId, userId: 'benni1' })
  await hears('its devices', () => push(phone, use(tablet.id), use(laptop.id)), [
    [second, false],
    [tablet, true],
    [laptop, true],
  ])

  const many = Array.from({ length: 40 }, (_, n) => `org.app${n}`)
  const rule = {
    ruleId: 'rulee1',
    categoryId: 'games1',
    time: 3_600_000,
    days: 127,
    extraTime: false,
    perDay: true,
  }
  const setUp: readonly JsonObject[] = [
    { type: 'CREATE_CATEGORY', childId: 'benni1', categoryId: 'games1', title: 'Spiele' },
    { type: 'CREATE_CATEGORY', childId: 'benni1', categoryId: 'allof1', title: 'Alles' },
    { type: 'SET_PARENT_CATEGORY', categoryId: 'games1', parentCategory: 'allof1' },
    { type: 'ADD_CATEGORY_APPS', categoryId: 'games1', packageNames: many },
    { type: 'CREATE_TIMELIMIT_RULE', rule },
    {
      type: 'UPDATE_CHILD_TASK',
      isNew: true,
      taskId: 'taskk1',
      categoryId: 'games1',
      taskTitle: 'Aufräumen',
      extraTimeDuration: 900_000,
    },
  ]
  await hears('categories, apps, rules, tasks', () => push(phone, ...setUp.map(anna)), [
    [second, true],
    [tablet, true],
    [laptop, true],
  ])

  const usage = (tta: number) =>
    appLogic({
      type: 'ADD_USED_TIME_V2',
      d: 20_771,
      i: ['games1', 'allof1'].map((categoryId) => ({ categoryId, tta, etts: 0 })),
    })
  const seconds = Array.from({ length: 60 }, () => usage(1_000))
  const lengths = new Map([...told].map(([device, { heard }]) => [device, heard.length]))
  await hears('two minutes', () => Promise.all([push(tablet, ...seconds), push(laptop, ...seconds)]), [])
  t.deepEqual(phone.picture().categories.games1?.times, { '20771/0/1439': { time: 120_000 } })
  for (const [device, requests] of [
    [phone, 6],
    [second, 6],
    [tablet, 3],
    [laptop, 3],
  ] as const) {
    const count = (lengths.get(device) ?? 0) + requests
    const listener = listenerAt(device)
    await listener.until(() => listener.heard.length >= count, 'one a request')
    t.is(listener.heard.length, count)
  }

  await hears(
    'a task is done',
    () => push(tablet, appLogic({ type: 'MARK_TASK_PENDING', taskId: 'taskk1' })),
    [
      [phone, false],
      [second, false],
      [laptop, false],
    ],
  )
  const review = { type: 'REVIEW_CHILD_TASK', taskId: 'taskk1', ok: true, time: Date.now() }
  await hears('and granted', () => push(phone, anna(review)), [
    [second, true],
    [tablet, true],
    [laptop, true],
  ])
  t.is((phone.picture().categories.games1?.base as JsonObject).extraTime, 900_000)
  t.is((await server.mailsTo(mail, 2)).length, 2)

  const primary = (device: Device, action: string) => async () =>
    t.is(
      ok(
        await post('/child/update-primary-device', {
          action: `${action} this device`,
          currentUserId: 'benni1',
          authToken: device.token,
        }),
      ).status,
      'success',
    )
  await hears('the primary device', primary(tablet, 'set'), [
    [phone, false],
    [second, false],
    [laptop, false],
  ])
  ok(await post('/child/logout-at-primary-device', { deviceAuthToken: laptop.token }))
  const asked = listenerAt(tablet)
  await asked.until(() => asked.heard.at(-1)?.[0] === 'sign out', 'sign out')
  await hears('given up', primary(tablet, 'unset'), [
    [phone, false],
    [second, false],
    [laptop, false],
  ])
  await hears('and taken', primary(laptop, 'set'), [
    [phone, false],
    [second, false],
    [tablet, false],
  ])
  const signIn = bySha('benni1', kid, 'child')({ type: 'CHILD_SIGN_IN' })
  await hears('signed in at a parent’s', () => push(second, signIn), [
    [phone, false],
    [tablet, false],
    [laptop, false],
  ])

  const removal = {
    deviceAuthToken: phone.token,
    parentUserId: userId,
    parentPasswordSecondHash: password.secondHash,
  }
  const removed = listenerAt(laptop)
  told.delete(laptop)
  const remove = async () => ok(await post('/parent/remove-device', { ...removal, deviceId: laptop.id }))
  await hears('a device is removed', remove, [
    [phone, false],
    [second, false],
    [tablet, false],
  ])
  await removed.until(() => removed.syncs().at(-1) === true, 'its own removal')
  t.is((await laptop.pushRaw([])).status, 401)
  t.deepEqual(ok(await post('/sync/is-device-removed', { deviceAuthToken: laptop.token })), {
    isDeviceRemoved: true,
  })

  const leaving = { type: 'REMOVE_USER', userId: 'ottoo1', authentication: removalOf('ottoo1', otto) }
  await hears('the second parent leaves', () => push(phone, anna(leaving)), [
    [second, true],
    [tablet, true],
  ])
  const tokens = [await mailToken(server, mail)]
  const counts = new Map([...told.values()].map((listener) => [listener, listener.heard.length]))
  const deleted = await post('/parent/delete-account', {
    deviceAuthToken: tablet.token,
    mailAuthTokens: tokens,
  })
  t.is(deleted.text, 'OK')
  for (const [listener, before] of counts) {
    await listener.until(() => listener.heard.length > before, 'the end')
    t.deepEqual(listener.heard.at(-1), ['should sync', { isImportant: true }])
  }
  for (const { token } of [phone, second, tablet, laptop]) {
    t.is((await post('/sync/push-actions', { deviceAuthToken: token, actions: [] })).status, 401)
    t.deepEqual(ok(await post('/sync/is-device-removed', { deviceAuthToken: token })), {
      isDeviceRemoved: true,
    })
  }
})

const nobody = (): never => {
  throw new Error('this device does not listen')
}
