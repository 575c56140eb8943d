/**
 * Proves the fold of a family's events: one sample of every type on a full family, as stored and with what is sealed erased, must give
 * plain JSON, change nothing that was there before, and what each is for; the numbers of pushes are folded from all of them.
 */
import test from 'ava'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact, FAMILY_EVENT_TABLE } from '../../../../src/domain/timelimit/events.ts'
import { evolve } from '../../../../src/domain/timelimit/evolve.ts'
import { at, NO_FAMILY, type FamilyState } from '../../../../src/domain/timelimit/state.ts'
import type { Json } from '../../../../src/json.ts'
import {
  categoryCreated,
  DAD,
  family,
  folded,
  GAMES,
  KID,
  MUM,
  NOW,
  PASSWORD,
  PHONE,
  SIS,
  SPARE,
  TABLET,
} from '../../../support/timelimit-family.ts'
import { CHAIN, sample, TYPES, upTo } from '../../../support/timelimit-samples.ts'

const erased = (one: Fact): Fact =>
  'sealed' in one.data ? { ...one, data: { ...one.data, sealed: null } } : one

const frozen = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  Object.values(value).forEach(frozen)
}

test('every type has a sample', (t) => {
  t.deepEqual([...TYPES].sort(), Object.keys(FAMILY_EVENT_TABLE).sort())
})

test('one after the other, each leaves plain JSON and what was before as it was', (t) => {
  const chain = (facts: readonly Fact[]) =>
    facts.reduce((state, one) => {
      frozen(state)
      const next = evolve(state, one)
      t.deepEqual(JSON.parse(JSON.stringify(next)), next as unknown as Json, one.type)
      return next
    }, family())
  chain(CHAIN)
  chain(CHAIN.map(erased))
})

test('on a family where nothing of it is there, none throws, erased or not', (t) => {
  for (const one of CHAIN) {
    t.notThrows(() => evolve(NO_FAMILY, one), one.type)
    t.notThrows(() => evolve(folded(sample('FamilyCreated')), erased(one)), one.type)
  }
})

test('what is not there is not made by a change', (t) => {
  const made = new Set([
    'FamilyCreated',
    'PremiumExtended',
    'UserAdded',
    'DeviceRegistered',
    'CategoryCreated',
  ])
  const other = new Set([
    'PremiumExpired',
    'FamilyDeleted',
    'KeyRequested',
    'ParentU2fKeyAdded',
    'ChildTaskCreated',
  ])
  const rules = new Set(['TimeLimitRuleCreated', 'TimeLimitRuleUpdated'])
  for (const one of CHAIN)
    if (!made.has(one.type) && !other.has(one.type) && !rules.has(one.type))
      t.deepEqual(evolve(NO_FAMILY, one), NO_FAMILY, one.type)
})

test('a known type with other data throws, an unknown one changes nothing', (t) => {
  const state = family()
  t.throws(() => evolve(state, { type: 'UserRemoved', data: { userId: 5 } }), { instanceOf: TypeError })
  t.is(evolve(state, { type: 'UserPromoted', data: { userId: 5 } }), state)
  t.is(evolve(state, { type: 'toString', data: {} }), state)
})

test('users: each change', (t) => {
  t.deepEqual(upTo('UserAdded').users['gran01'], {
    type: 'parent',
    mail: 'gran@example.org',
    locale: 'fr',
    secondHash: PASSWORD.secondHash,
    flags: 0,
    notificationFlags: 3,
    currentDevice: '',
    unassignedCategory: '',
  })
  const changed = upTo('LimitLoginPreBlockDurationSet').users
  t.like(changed[KID], { secondHash: 'kids', flags: 3, currentDevice: '', unassignedCategory: GAMES })
  t.is(upTo('PrimaryDeviceSet').users[KID]?.currentDevice, TABLET)
  t.like(changed[MUM], { secondHash: 'mums', limitLogin: { categoryId: GAMES, preBlock: 7 } })
  t.like(changed[DAD], { secondHash: 'dads', mail: 'dad@example.org', locale: 'en', notificationFlags: 2 })
  t.false('limitLogin' in (upTo('LimitLoginCategoryCleared').users[MUM] ?? {}))
  t.deepEqual(upTo('ParentU2fKeyAdded').u2f, { 'k+/=1234': { userId: MUM, keyHandle: 'h', publicKey: 'p' } })
  t.deepEqual(upTo('ParentU2fKeyRemoved').u2f, {})
  t.false(KID in upTo('UserRemoved').users)
})

test('devices: each change', (t) => {
  t.like(upTo('DeviceRegistered').devices['newdev'], {
    name: 'n',
    tokenHash: 'h',
    userId: DAD,
    keptSignedIn: true,
    defaultUser: '',
    hasKey: false,
    nextSequenceNumber: 0,
    nextReply: 1,
    lists: {},
  })
  t.like(upTo('DeviceUserAssigned').devices[TABLET], { userId: SIS, keptSignedIn: false })
  t.like(upTo('DeviceUserUnassigned').devices[TABLET], { userId: '' })
  const { status, ...changed } = upTo('DevicePublicKeyUploaded').devices[TABLET] ?? {}
  t.like(changed, {
    keptSignedIn: true,
    defaultUser: SIS,
    name: 'renamed',
    hasKey: true,
    lists: { base: 'cafe' },
  })
  t.like(status, { cAppVersion: 4, hAppVersion: 3, tDisablingAdmin: true, cProtectionLevel: 'none' })
  t.false('pType' in (status ?? {}))
  t.is(upTo('DeviceUninstallReported').devices[TABLET]?.tokenHash, '')
  t.false(TABLET in upTo('DeviceRemoved').devices)
  const kept = family(fact('DeviceKeepSignedInChanged', { deviceId: PHONE, keptSignedIn: true }))
  t.false(
    evolve(kept, fact('DeviceUserAssigned', { deviceId: PHONE, userId: MUM })).devices[PHONE]?.keptSignedIn,
  )
})

test('a removed device is the primary one of nobody, also without events of theirs', (t) => {
  const state = family(
    fact('PrimaryDeviceSet', { userId: KID, deviceId: TABLET }),
    fact('PrimaryDeviceSet', { userId: SIS, deviceId: SPARE }),
    sample('DeviceRemoved'),
  )
  t.is(state.users[KID]?.currentDevice, '')
  t.is(state.users[SIS]?.currentDevice, SPARE)
})

test('premium and purchases', (t) => {
  t.deepEqual(folded(sample('FamilyCreated')).premium, { until: NOW, isFull: true, debts: 0 })
  const extended = upTo('PremiumExtended')
  t.deepEqual(extended.premium, { until: NOW + 5, isFull: true, debts: 3 })
  t.deepEqual(extended.purchases, { 'play GPA.1': { type: 'year', at: NOW } })
  t.deepEqual(upTo('PremiumExpired').premium, { until: NOW + 5, isFull: false, debts: 3 })
})

test('a deleted family has nothing left, no secret either', (t) => {
  t.is(family().status, 'active')
  t.deepEqual(upTo('FamilyDeleted'), { ...NO_FAMILY, status: 'deleted' })
})

test('ids are not names of Object.prototype', (t) => {
  for (const id of ['__proto__', 'constructor', 'toString']) {
    t.deepEqual(evolve(NO_FAMILY, fact('DeviceUserUnassigned', { deviceId: id })), NO_FAMILY)
    const made = family(categoryCreated(id, KID))
    t.is(at(made.categories, id)?.childId, KID)
  }
})

test('whatever an action left, it used up its number on the device that pushed it', (t) => {
  const next = (state: FamilyState) => state.devices[PHONE]?.nextSequenceNumber
  for (const one of CHAIN.slice(1).filter(({ type }) => type !== 'FamilyDeleted')) {
    const via = { device: PHONE, sequenceNumber: 41, auth: 'none' }
    t.is(next(evolve(family(), { ...one, via })), 42, one.type)
    t.is(next(evolve(family(), { ...one, via: { device: PHONE } })), 0, one.type)
    t.is(next(evolve(family(), one)), 0, one.type)
  }
  const gone = evolve(family(), { ...sample('DeviceRemoved'), via: { device: TABLET, sequenceNumber: 1 } })
  t.false(TABLET in gone.devices)
})
