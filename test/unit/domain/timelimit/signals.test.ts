/** Proves who is told about an event (timelimit 3.5, 7.3), and that the device it came from and unknown or malformed events tell nobody. */
import test from 'ava'
import type { Fact } from '../../../../src/domain/decider.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { signalOf } from '../../../../src/domain/timelimit/signals.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { deviceRegistered, KID, MUM, PHONE, SPARE, TABLET } from '../../../support/timelimit-family.ts'

const signal = (one: Fact, via?: JsonObject) => signalOf({ ...one, meta: via === undefined ? {} : { via } })

const renamed = fact('ChildRenamed', { userId: KID, sealed: { name: 'x' } })
const assigned = fact('DeviceUserAssigned', { deviceId: TABLET, userId: KID })

test('the level of an event is for everybody', (t) => {
  t.deepEqual(signal(renamed), { level: 1 })
  t.deepEqual(signal(fact('ForceSyncRequested', {})), { level: 2 })
  t.deepEqual(signal(fact('PremiumExpired', {})), { level: 2 })
})

test('the device that the event came from is not told', (t) => {
  t.deepEqual(signal(renamed, { device: PHONE, sequenceNumber: 3 }), { level: 1, except: PHONE })
  t.deepEqual(signal(renamed, { protocol: 'timelimit' }), { level: 1 })
  t.deepEqual(signal(renamed, { device: 5 }), { level: 1 })
})

test('a device is told important on its own account, but not of what it did itself', (t) => {
  t.deepEqual(signal(assigned, { device: PHONE }), { level: 1, devices: { [TABLET]: 2 }, except: PHONE })
  t.deepEqual(signal(assigned, { device: TABLET }), { level: 1, except: TABLET })
  const pinged = fact('DevicePinged', { sender: PHONE, to: TABLET, kind: 'ping' })
  t.deepEqual(signal(pinged, { device: PHONE }), { level: 0, devices: { [TABLET]: 2 }, except: PHONE })
  t.is(signal(fact('DevicePinged', { sender: PHONE, to: PHONE, kind: 'ping' }), { device: PHONE }), undefined)
})

test('an event that excepts a device itself keeps to that', (t) => {
  t.deepEqual(signal(deviceRegistered(SPARE, MUM)), { level: 1, except: SPARE })
  t.deepEqual(signal(deviceRegistered(SPARE, MUM), { device: PHONE }), { level: 1, except: SPARE })
})

test('tokens that end are told of for the last time', (t) => {
  t.deepEqual(signal(fact('DeviceRemoved', { deviceId: TABLET, requests: [], tokenHash: 'h' })), {
    level: 1,
    tokens: ['h'],
  })
  t.deepEqual(signal(fact('DeviceRemoved', { deviceId: TABLET, requests: [] })), { level: 1 })
  t.deepEqual(signal(fact('FamilyDeleted', { reason: 'x', tokenHashes: ['h', 'i'] })), {
    level: 0,
    tokens: ['h', 'i'],
  })
})

test('an action without another trace has the level that it says', (t) => {
  t.is(signal(fact('DeviceSequenceAdvanced', { action: 'FINISH_KEY_REQUEST' }), { device: PHONE }), undefined)
  t.deepEqual(signal(fact('DeviceSequenceAdvanced', { told: 1 }), { device: PHONE }), {
    level: 1,
    except: PHONE,
  })
})

test('used time of a foreign device is important', (t) => {
  const used = { categoryId: 'games1', day: 1, added: 1, counters: [], sessions: [], touched: [0, 0] }
  t.deepEqual(signal(fact('UsedTimeAdded', used)), { level: 1 })
  t.deepEqual(signal(fact('UsedTimeAdded', { ...used, isForeign: true })), { level: 2 })
})

test('what is no event of a family, or is malformed, tells nobody', (t) => {
  t.is(signal({ type: 'StatusMessageChanged', data: { message: 'x' } }), undefined)
  t.is(signal({ type: 'constructor', data: {} }), undefined)
  t.is(signal({ type: 'DeviceUserAssigned', data: {} }), undefined)
  t.is(signalOf({ type: 'FamilyDeleted', data: null, meta: {} }), undefined)
})

test('an erased subject is no reason to tell nobody', (t) => {
  t.deepEqual(signal(fact('ChildRenamed', { userId: KID, sealed: null })), { level: 1 })
})
