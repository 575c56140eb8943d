/** Proves the worked examples of the wire (timelimit 10.1–10.15) as one conversation, with exact answers. */
import test from 'ava'
import type { JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import { appLogic, byDevice, byHmac, bySha, byText, type Act } from '../support/timelimit-crypto.ts'
import { deviceShown, userShown } from '../support/timelimit-defaults.ts'
import { codeIn, newMail, ok, startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.after.always(() => at?.close())

const PASSWORD = {
  hash: '$2a$12$KIXQ4p0m1u7sV8bWcYdZeuyVMbBvu61BSf.GbazDWtu2I8mObObUm',
  secondHash: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJes8s9ZHya.G6223zioOyn.bjaTY/NGEK',
  secondSalt: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJe',
}
const DAYS_14 = 14 * 86_400_000

test('the worked examples', async (t) => {
  const server = (at = await startTimelimit())
  const { post } = server
  const mail = newMail()
  const before = Date.now()

  const sent = ok(await post('/auth/send-mail-login-code-v2', { mail, locale: 'en' }))
  t.deepEqual(Object.keys(sent), ['mailLoginToken'])
  t.regex(asText(sent.mailLoginToken), TOKEN)
  const [letter] = await server.mailsTo(mail)
  const code = letter === undefined ? '' : codeIn(letter)
  t.is(code.split(' ').length, 3)
  const mailLoginToken = asText(sent.mailLoginToken)
  const redeemed = ok(await post('/auth/sign-in-by-mail-code', { mailLoginToken, receivedCode: code }))
  t.deepEqual(Object.keys(redeemed), ['mailAuthToken'])
  const mailAuthToken = asText(redeemed.mailAuthToken)
  t.deepEqual(ok(await post('/parent/get-status-by-mail-address', { mailAuthToken })), {
    status: 'without family',
    mail,
    canCreateFamily: true,
    alwaysPro: false,
  })

  const family = ok(
    await post('/parent/create-family', {
      mailAuthToken,
      parentPassword: PASSWORD,
      parentDevice: { model: 'Pixel 9' },
      deviceName: 'Anna phone',
      timeZone: 'Europe/Berlin',
      parentName: 'Anna',
      clientLevel: 8,
    }),
  )
  const phoneToken = asText(family.deviceAuthToken)
  const phoneId = asText(family.ownDeviceId)
  const data = family.data as JsonObject
  t.deepEqual(Object.keys(family).sort(), ['data', 'deviceAuthToken', 'ownDeviceId'])
  t.regex(phoneToken, TOKEN)
  t.regex(phoneId, ID)
  const parentId = asText(itemsOf(data, 'users')[0]?.id)
  t.regex(parentId, ID)
  const until = Number(data.fullVersion)
  t.true(until >= before + DAYS_14 && until <= Date.now() + DAYS_14)
  const addedAt = Number(itemsOf(data, 'devices')[0]?.addedAt)
  t.true(addedAt >= before && addedAt <= Date.now())
  const phoneShown = deviceShown({
    deviceId: phoneId,
    name: 'Anna phone',
    model: 'Pixel 9',
    addedAt,
    currentUserId: parentId,
    isUserKeptSignedIn: true,
  })
  const anna = userShown({
    id: parentId,
    name: 'Anna',
    password: PASSWORD.hash,
    secondPasswordSalt: PASSWORD.secondSalt,
    type: 'parent',
    mail,
    mailNotificationFlags: 3,
  })
  const { dh, ...shown } = data
  t.deepEqual<unknown, unknown>(shown, {
    fullVersion: until,
    apiLevel: 9,
    devices: { version: versionOf(data, 'devices'), data: [phoneShown] },
    users: { version: versionOf(data, 'users'), data: [anna] },
    u2f: { v: (data.u2f as JsonObject).v, d: [] },
    pings: [],
  })
  t.deepEqual(Object.keys(dh as JsonObject).sort(), ['k', 'v'])

  let number = 0
  const push = async (token: string, id: string, first: number, ...acts: readonly Act[]) => {
    const actions = acts.map(({ prove, encoded }, index) => ({
      encodedAction: encoded,
      sequenceNumber: first + index,
      ...prove(id, first + index, encoded),
    }))
    return (await post('/sync/push-actions', { deviceAuthToken: token, actions })).text
  }
  const fromPhone = (...acts: readonly Act[]) => {
    number += acts.length
    return push(phoneToken, phoneId, number - acts.length, ...acts)
  }
  const child = 'k1D0x9'
  const add = { type: 'ADD_USER', name: 'Ben', userType: 'child', userId: child, timeZone: 'Europe/Berlin' }
  t.is(await fromPhone(byHmac(parentId, PASSWORD)(add)), '{"shouldDoFullSync":false}')

  const token = ok(
    await post('/parent/create-add-device-token', {
      deviceAuthToken: phoneToken,
      parentId: '',
      parentPasswordSecondHash: 'device',
    }),
  )
  t.deepEqual(Object.keys(token).sort(), ['deviceId', 'token'])
  t.regex(asText(token.token), /^\S+( \S+){4}$/)
  const tablet = ok(
    await post('/child/add-device', {
      registerToken: asText(token.token),
      childDevice: { model: 'Tab S6' },
      deviceName: 'Ben tablet',
      clientLevel: 8,
    }),
  )
  const [tabletToken, tabletId] = [asText(tablet.deviceAuthToken), asText(tablet.ownDeviceId)]
  t.is(tabletId, asText(token.deviceId))
  const first = tablet.data as JsonObject
  const tabletAt = Number(itemsOf(first, 'devices').find(({ deviceId }) => deviceId === tabletId)?.addedAt)
  const tabletShown = { deviceId: tabletId, name: 'Ben tablet', model: 'Tab S6', addedAt: tabletAt }
  const ben = userShown({ id: child, name: 'Ben' })
  t.deepEqual(sorted(itemsOf(first, 'devices')), sorted([deviceShown(tabletShown), phoneShown]))
  t.deepEqual(sorted(itemsOf(first, 'users')), sorted([anna, ben]))
  t.not(versionOf(first, 'users'), versionOf(data, 'users'))
  t.deepEqual(first.u2f, data.u2f)
  t.notDeepEqual(first.dh, dh)

  const device = byDevice(parentId)
  const beginning = await fromPhone(
    device({ type: 'SET_DEVICE_USER', deviceId: tabletId, userId: child }),
    bySha(
      parentId,
      PASSWORD,
    )({ type: 'CREATE_CATEGORY', childId: child, categoryId: 'gAm3s1', title: 'Games' }),
    device({
      type: 'ADD_CATEGORY_APPS',
      categoryId: 'gAm3s1',
      packageNames: ['org.example.chess', 'org.example.tiles'],
    }),
    device({ type: 'CREATE_TIMELIMIT_RULE', rule: RULE }),
  )
  t.is(beginning, '{"shouldDoFullSync":false}')

  const nothing = { devices: '', apps: {}, categories: {}, users: '', clientLevel: 3 }
  const pull = (status: JsonObject) => post('/sync/pull-status', { deviceAuthToken: tabletToken, status })
  const whole = ok(await pull(nothing))
  t.deepEqual(Object.keys(whole).sort(), [
    'apiLevel',
    'categoryApp',
    'categoryBase',
    'devices',
    'fullVersion',
    'rules',
    'tasks',
    'usedTimes',
    'users',
  ])
  const [base, apps, rules, usedTime, tasks] = [
    'categoryBase',
    'categoryApp',
    'rules',
    'usedTimes',
    'tasks',
  ].map((part) => asText((whole[part] as readonly JsonObject[])[0]?.version))
  const used = { ...tabletShown, currentUserId: child }
  t.deepEqual(sorted(itemsOf(whole, 'devices')), sorted([deviceShown(used), phoneShown]))
  const only = { categoryId: 'gAm3s1' }
  t.deepEqual<unknown, unknown>(whole.categoryBase, [{ ...only, version: base, ...BASE }])
  t.deepEqual<unknown, unknown>(whole.categoryApp, [
    { ...only, apps: ['org.example.chess', 'org.example.tiles'], version: apps },
  ])
  t.deepEqual<unknown, unknown>(whole.rules, [{ ...only, rules: [RULE_SHOWN], version: rules }])
  t.deepEqual<unknown, unknown>(whole.usedTimes, [
    { ...only, times: [], sessionDurations: [], version: usedTime },
  ])
  t.deepEqual<unknown, unknown>(whole.tasks, [{ ...only, version: tasks, tasks: [] }])

  const usage = appLogic({
    type: 'ADD_USED_TIME_V2',
    d: 20_771,
    i: [{ ...only, tta: 60_000, etts: 0 }],
    t: 1_794_700_800_000,
  })
  t.is(await push(tabletToken, tabletId, 0, usage), '{"shouldDoFullSync":false}')
  const known = {
    devices: versionOf(whole, 'devices'),
    apps: {},
    categories: {
      gAm3s1: { base, apps, rules, usedTime, tasks },
      oLdCat: { base: 'aaaa', apps: 'bbbb', rules: 'cccc', usedTime: 'dddd' },
    } as JsonObject,
    users: versionOf(whole, 'users'),
    clientLevel: 3,
  }
  const changed = ok(await pull(known))
  const [counted] = changed.usedTimes as readonly JsonObject[]
  t.not(counted?.version, usedTime)
  t.deepEqual<unknown, unknown>(changed, {
    fullVersion: until,
    apiLevel: 9,
    rmCategories: ['oLdCat'],
    usedTimes: [
      {
        ...only,
        times: [{ day: 20_771, time: 60_000, start: 0, end: 1439 }],
        sessionDurations: [],
        version: counted?.version,
      },
    ],
  })
  t.is(await push(tabletToken, tabletId, 0, usage), '{"shouldDoFullSync":true}')
  t.deepEqual(ok(await pull(known)), changed, 'counted once')

  const title = (newTitle: string) => ({ type: 'UPDATE_CATEGORY_TITLE', ...only, newTitle })
  const mixed = await fromPhone(byText(parentId, '0'.repeat(128))(title('Nope')), device(title('Play')))
  t.is(mixed, '{"shouldDoFullSync":true}')
  t.is((ok(await pull(nothing)).categoryBase as readonly JsonObject[])[0]?.title, 'Play')

  const removal = await post('/parent/remove-device', {
    deviceAuthToken: phoneToken,
    parentUserId: parentId,
    parentPasswordSecondHash: PASSWORD.secondHash,
    deviceId: tabletId,
  })
  t.is(removal.text, '{"ok":true}')
  const refused = await pull(nothing)
  t.is(refused.status, 401)
  t.is(refused.headers['content-type'], 'text/html; charset=utf-8')
  const asked = await post('/sync/is-device-removed', { deviceAuthToken: tabletToken })
  t.is(asked.text, '{"isDeviceRemoved":true}')
})

const TOKEN = /^[A-Za-z0-9_-]{32,43}$/
const ID = /^[A-Za-z0-9]{6}$/
const RULE = {
  ruleId: 'rUl3z1',
  categoryId: 'gAm3s1',
  time: 3_600_000,
  days: 31,
  extraTime: false,
  start: 0,
  end: 1439,
  dur: 0,
  pause: 0,
  perDay: true,
}
const RULE_SHOWN = {
  id: 'rUl3z1',
  extraTime: false,
  dayMask: 31,
  maxTime: 3_600_000,
  start: 0,
  end: 1439,
  session: 0,
  pause: 0,
  perDay: true,
}
const BASE = {
  childId: 'k1D0x9',
  title: 'Games',
  blockedTimes: '',
  extraTime: 0,
  extraTimeDay: -1,
  tempBlocked: false,
  parentCategoryId: '',
  blockAllNotifications: false,
  timeWarnings: 0,
  mblMobile: 0,
  mblCharging: 0,
  tempBlockTime: 0,
  sort: 1,
  networks: [],
  dlu: 0,
  flags: 0,
  blockNotificationDelay: 0,
  atw: [],
}

const itemsOf = (answer: JsonObject, list: string): readonly JsonObject[] =>
  (answer[list] as JsonObject).data as readonly JsonObject[]
const versionOf = (answer: JsonObject, list: string): string => asText((answer[list] as JsonObject).version)
const sorted = (list: readonly JsonObject[]): readonly JsonObject[] =>
  list.toSorted((a, b) => (asText(a.addedAt ?? a.id) < asText(b.addedAt ?? b.id) ? -1 : 1))
