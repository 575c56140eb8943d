/**
 * Proves what devices say about themselves (timelimit 4.3.1): facts, mails, who is told and refusals by examples, and random reports
 * against a naive implementation of the text.
 */
import test from 'ava'
import fc from 'fast-check'
import type { Fact } from '../../../../src/domain/decider.ts'
import { showsManipulation } from '../../../../src/domain/timelimit/actions/device-status.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { DAD, family, MUM, NOBODY, NOW, TABLET } from '../../../support/timelimit-family.ts'
import { dataOf, done, push, pushedBy, then } from '../../../support/timelimit-decided.ts'

const report = (action: JsonObject, ...after: readonly Fact[]) =>
  push('UPDATE_DEVICE_STATUS', action, { on: TABLET, after })
const reported = (set: JsonObject) => then('DeviceStatusReported', { deviceId: TABLET, set })
const detected = then('DeviceManipulationDetected', { deviceId: TABLET })
const wants = (userId: string, flags: number) => fact('ParentNotificationFlagsChanged', { userId, flags })
const mail = (to: string) => {
  const params = { deviceName: `name of ${TABLET}` }
  return then('MailQueued', { kind: 'manipulation', at: NOW, sealed: { to, locale: 'de', params } })
}

test('a report: what is different afterwards, and always the version', (t) => {
  t.deepEqual(report({}), done([reported({})], 'G1', 'devices'))
  t.deepEqual(
    report({
      protectionLevel: 'device owner',
      usageStats: 'not required',
      notificationAccess: 'not granted',
      overlayPermission: 'granted',
      accessibilityServiceEnabled: true,
      appVersion: 200,
      isQOrLaterNow: true,
      platformType: 'android',
      platformLevel: 128,
    }),
    done(
      [
        reported({
          cProtectionLevel: 'device owner',
          hProtectionLevel: 'device owner',
          cUsageStats: 'not required',
          hUsageStats: 'not required',
          cOverlay: 'granted',
          hOverlay: 'granted',
          asEnabled: true,
          wasAsEnabled: true,
          cAppVersion: 200,
          hAppVersion: 200,
          qOrLater: true,
          pType: 'android',
          pLevel: 128,
        }),
      ],
      'G1',
      'devices',
    ),
  )
  t.deepEqual(report({ didReboot: false, isQOrLaterNow: false, accessibilityServiceEnabled: false }), done([reported({})], 'G1', 'devices')) // prettier-ignore
})

test('a fall is remembered with its bit, whatever comes next', (t) => {
  const best = reported({
    cProtectionLevel: 'device owner',
    hProtectionLevel: 'device owner',
    cUsageStats: 'granted',
    hUsageStats: 'granted',
    cNotificationAccess: 'granted',
    hNotificationAccess: 'granted',
    cOverlay: 'granted',
    hOverlay: 'granted',
    asEnabled: true,
    wasAsEnabled: true,
    cAppVersion: 10,
    hAppVersion: 10,
  })
  const rows: readonly (readonly [JsonObject, JsonObject, number])[] = [
    [{ protectionLevel: 'password device admin' }, { cProtectionLevel: 'password device admin' }, 1],
    [{ usageStats: 'not required' }, { cUsageStats: 'not required' }, 2],
    [{ notificationAccess: 'not supported' }, { cNotificationAccess: 'not supported' }, 4],
    [{ appVersion: 9 }, { cAppVersion: 9 }, 8],
    [{ overlayPermission: 'not granted' }, { cOverlay: 'not granted' }, 16],
    [{ accessibilityServiceEnabled: false }, { asEnabled: false }, 32],
    [{ appVersion: 9, usageStats: 'not granted' }, { cAppVersion: 9, cUsageStats: 'not granted' }, 10],
  ]
  for (const [action, set, hadManipulationFlags] of rows) {
    const fallen = reported({ ...set, hadManipulation: true, hadManipulationFlags })
    t.deepEqual(report(action, best), done([fallen, detected], 'G1', 'devices'))
    t.deepEqual(report(action, best, fallen), done([reported({})], 'G1', 'devices'), 'the same again')
  }
  const lower = reported({ cAppVersion: 9, hadManipulation: true, hadManipulationFlags: 8 })
  const back = report({ appVersion: 10 }, best, lower)
  t.deepEqual(back, done([reported({ cAppVersion: 10 })], 'G1', 'devices'))
  const forgiven = fact('DeviceManipulationIgnored', {
    deviceId: TABLET,
    set: { hadManipulation: false, hadManipulationFlags: 0 },
  })
  const same = report({ appVersion: 9 }, best, lower, forgiven)
  t.deepEqual(same, done([reported({})], 'G1', 'devices'), 'what does not change is no fall')
})

test('parents with a mail and the flag are warned when a device begins to show manipulation', (t) => {
  const reboot = (...after: readonly Fact[]) => report({ didReboot: true }, wants(MUM, 1), ...after)
  const rebooted = reported({ reboot: true })
  t.deepEqual(reboot(), done([rebooted, detected, mail('mum@example.org')], 'G1', 'devices'))
  t.like(reboot(wants(DAD, 3)), { facts: [rebooted, detected, mail('mum@example.org')] })
  t.deepEqual(report({ didReboot: true }, wants(MUM, 2)), done([rebooted, detected], 'G1', 'devices'))
  t.deepEqual(reboot(reported({ mFlags: 1 })), done([rebooted], 'G1', 'devices'), 'it showed some before')
  const linked = fact('ParentMailLinked', { userId: DAD, sealed: { mail: 'dad@example.org', locale: 'de' } })
  t.like(reboot(wants(DAD, 1), linked), {
    facts: [rebooted, detected, mail('mum@example.org'), mail('dad@example.org')],
  })
})

test('of the added flags only the first counts', (t) => {
  const rows = [
    [1, { mFlags: 1 }],
    [-1, { mFlags: 1 }],
    [2 ** 40 + 1, { mFlags: 1 }],
    [6, {}],
    [0, {}],
  ] as const
  for (const [addedManipulationFlags, set] of rows)
    t.like(report({ addedManipulationFlags }), { facts: [reported(set)] })
})

test('values that no device has', (t) => {
  const wrong: readonly JsonObject[] = [
    { protectionLevel: 'granted' },
    { usageStats: 'not supported' },
    { notificationAccess: 'not required' },
    { overlayPermission: 'not supported' },
    { appVersion: -1 },
    { appVersion: 2 ** 31 },
    { addedManipulationFlags: 0.5 },
    { platformType: '' },
    { platformType: 'platforms' },
    { platformLevel: 129 },
    { platformLevel: -1 },
    { didReboot: 1 },
    { more: 1 },
  ]
  for (const action of wrong) t.is(report(action), 'SCHEMA', JSON.stringify(action))
  t.is(push('UPDATE_DEVICE_STATUS', {}, { on: NOBODY }), 'NO_DEVICE')
})

test('TRIED_DISABLING_DEVICE_ADMIN: once', (t) => {
  const tried = then('DeviceAdminDisablingTried', { deviceId: TABLET })
  const tries = (...after: readonly Fact[]) => push('TRIED_DISABLING_DEVICE_ADMIN', {}, { on: TABLET, after })
  t.deepEqual(tries(wants(MUM, 1)), done([tried, detected, mail('mum@example.org')], 'G1', 'devices'))
  t.deepEqual(tries(wants(MUM, 1), reported({ reboot: true })), done([tried], 'G1', 'devices'))
  t.deepEqual(tries(tried), done([], ''))
  const again = pushedBy(TABLET, { type: 'TRIED_DISABLING_DEVICE_ADMIN' }, { after: [tried] })
  t.deepEqual(dataOf(again), [then('DeviceSequenceAdvanced', { action: 'TRIED_DISABLING_DEVICE_ADMIN' })])
  t.is(push('TRIED_DISABLING_DEVICE_ADMIN', {}, { on: NOBODY }), 'NO_DEVICE')
})

const LEVELS = {
  protectionLevel: ['none', 'simple device admin', 'password device admin', 'device owner'],
  usageStats: ['not granted', 'not required', 'granted'],
  notificationAccess: ['not granted', 'not supported', 'granted'],
  overlayPermission: ['not granted', 'not required', 'granted'],
} as const
const bool = fc.boolean()
const reports = fc.array(
  fc.record(
    {
      protectionLevel: fc.constantFrom(...LEVELS.protectionLevel),
      usageStats: fc.constantFrom(...LEVELS.usageStats),
      notificationAccess: fc.constantFrom(...LEVELS.notificationAccess),
      overlayPermission: fc.constantFrom(...LEVELS.overlayPermission),
      accessibilityServiceEnabled: bool,
      appVersion: fc.nat(3),
      didReboot: fc.constantFrom(false, false, false, true),
      isQOrLaterNow: bool,
      addedManipulationFlags: fc.constantFrom(0, 0, 2, 3),
    },
    { requiredKeys: [] },
  ),
  { minLength: 1, maxLength: 8 },
)
type Report = (typeof reports extends fc.Arbitrary<infer A> ? A : never) extends (infer R)[] ? R : never

const PAIRS = [
  ['protectionLevel', 'ProtectionLevel', 1],
  ['usageStats', 'UsageStats', 2],
  ['notificationAccess', 'NotificationAccess', 4],
  ['overlayPermission', 'Overlay', 16],
] as const

/** Ranks for the five pairs, and the text of 4.3.1 sentence by sentence. */
const naive = () => {
  const ranks = PAIRS.map(() => ({ current: 0, highest: 0 }))
  const version = { current: 0, highest: 0 }
  const flags = {
    asEnabled: false,
    wasAsEnabled: false,
    tDisablingAdmin: false,
    reboot: false,
    hadManipulation: false,
    hadManipulationFlags: 0,
    qOrLater: false,
    mFlags: 0,
  }
  const fall = (bit: number): void => {
    flags.hadManipulation = true
    flags.hadManipulationFlags |= bit
  }
  const takePair = (pair: { current: number; highest: number }, value: number, bit: number): void => {
    const hasChanged = pair.current !== value
    pair.current = value
    pair.highest = Math.max(pair.highest, value)
    if (hasChanged && pair.current !== pair.highest) fall(bit)
  }
  const takeService = (isEnabled: boolean): void => {
    const hasChanged = flags.asEnabled !== isEnabled
    flags.asEnabled = isEnabled
    if (isEnabled) flags.wasAsEnabled = true
    if (hasChanged && flags.asEnabled !== flags.wasAsEnabled) fall(32)
  }
  const take = (one: Report): void => {
    for (const [index, [member, , bit]] of PAIRS.entries()) {
      const [value, pair] = [one[member], ranks[index]]
      const order: readonly string[] = LEVELS[member]
      if (value !== undefined && pair !== undefined) takePair(pair, order.indexOf(value), bit)
    }
    if (one.appVersion !== undefined) takePair(version, one.appVersion, 8)
    if (one.accessibilityServiceEnabled !== undefined) takeService(one.accessibilityServiceEnabled)
    if (one.didReboot === true) flags.reboot = true
    if (one.isQOrLaterNow === true) flags.qOrLater = true
    if (((one.addedManipulationFlags ?? 0) & 1) === 1) flags.mFlags = 1
  }
  const shows = (): boolean =>
    [...ranks, version].some(({ current, highest }) => current !== highest) ||
    flags.asEnabled !== flags.wasAsEnabled ||
    flags.reboot ||
    flags.hadManipulation ||
    flags.mFlags !== 0
  const status = (): JsonObject => ({
    ...Object.fromEntries(
      PAIRS.flatMap(([member, name], index) => [
        [`c${name}`, LEVELS[member][ranks[index]?.current ?? 0] ?? ''],
        [`h${name}`, LEVELS[member][ranks[index]?.highest ?? 0] ?? ''],
      ]),
    ),
    cAppVersion: version.current,
    hAppVersion: version.highest,
    ...flags,
  })
  return { take, shows, status }
}

test('random reports are taken as the text of 4.3.1 says', (t) => {
  fc.assert(
    fc.property(reports, (all) => {
      const device = naive()
      let facts: readonly Fact[] = []
      for (const one of all) {
        const outcome = report(one, ...facts)
        if (typeof outcome === 'string') throw new Error(outcome)
        const showedBefore = device.shows()
        device.take(one)
        facts = [...facts, ...outcome.facts]
        const status = family(...facts).devices[TABLET]?.status
        t.deepEqual({ ...status }, device.status())
        t.is(status !== undefined && showsManipulation(status), device.shows())
        const isNew = outcome.facts.some(({ type }) => type === 'DeviceManipulationDetected')
        t.is(isNew, !showedBefore && device.shows())
      }
    }),
    { numRuns: 500 },
  )
})
