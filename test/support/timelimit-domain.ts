/**
 * Random lives of a family, without stores: devices push actions, good and bad, parents and jobs do the rest; and the events that come of it, as
 * a history would hold them.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import type { Fact } from '../../src/domain/decider.ts'
import type { Effect } from '../../src/domain/timelimit/actions/action.ts'
import type { FamilyCommand } from '../../src/domain/timelimit/commands.ts'
import { familyDecider } from '../../src/domain/timelimit/decide.ts'
import { evolve } from '../../src/domain/timelimit/evolve.ts'
import { familyStream } from '../../src/domain/timelimit/names.ts'
import type { PushedAction } from '../../src/domain/timelimit/proof.ts'
import { decidePush, type Pushed } from '../../src/domain/timelimit/push.ts'
import { NO_FAMILY, type FamilyState } from '../../src/domain/timelimit/state.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import { DH, GENERATED, SERVER_KEY, STICK } from './timelimit-actions.ts'
import { appLogic, byDevice, byHmac, bySelf, bySha, byText, byU2f, type Act } from './timelimit-crypto.ts'
import { DAD, FAMILY, KID, MUM, NOW, PASSWORD, PHONE, SPARE, TABLET } from './timelimit-family.ts'

export const FAMILY_ID = 'abcdefghij'
export const STREAM = familyStream(FAMILY_ID)

/** How an action is signed, and how its number follows on the device's last one. */
export type Sent = { readonly act: Act; readonly jump: number }
export type Step =
  | { readonly kind: 'push'; readonly device: string; readonly sent: readonly Sent[] }
  | { readonly kind: 'command'; readonly command: FamilyCommand }

const BY_PARENT: readonly ((action: JsonObject) => Act)[] = [
  ...Array.from({ length: 8 }, () => byHmac(MUM, PASSWORD)),
  bySha(MUM, PASSWORD),
  byDevice(MUM),
  bySelf(KID),
  byHmac(DAD, PASSWORD),
  byU2f(MUM, STICK, DH),
  byText(MUM, 'password:AAAA'),
]

const act: fc.Arbitrary<Act> = fc.oneof(
  ...Object.values(GENERATED).map(({ envelope, action }) => {
    if (envelope === 'appLogic') return action.map(appLogic)
    if (envelope === 'child') return action.map(bySha(KID, PASSWORD, 'child'))
    return fc.tuple(fc.constantFrom(...BY_PARENT), action).map(([by, one]) => by(one))
  }),
  fc.constantFrom(appLogic('no JSON'), appLogic({ type: 'NO_SUCH_ACTION' }), appLogic({ type: 'ADD_USER' })),
)
export const sent: fc.Arbitrary<Sent> = fc.record({ act, jump: fc.constantFrom(0, 0, 0, 0, 0, 3, -1) })

/** So that more is there to act on. */
const act1 = (type: string, members: JsonObject, by = byHmac(MUM, PASSWORD)): Sent => ({
  act: by({ type, ...members }),
  jump: 0,
})
const RICH: readonly Sent[] = [
  act1('UPDATE_USER_FLAGS', { userId: KID, modified: 3, values: 2 }),
  act1('ADD_PARENT_U2F', { keyHandle: STICK.keyHandle, publicKey: STICK.publicKey }),
  act1('UPDATE_PARENT_NOTIFICATION_FLAGS', { parentId: MUM, flags: 3, set: true }),
  act1('CREATE_TIMELIMIT_RULE', {
    rule: { ruleId: 'rule01', categoryId: 'games1', time: 1, days: 127, extraTime: false },
  }),
  act1('UPDATE_CHILD_TASK', {
    isNew: true,
    taskId: 'task01',
    categoryId: 'games1',
    taskTitle: 't',
    extraTimeDuration: 5,
  }),
  act1('SET_PARENT_CATEGORY', { categoryId: 'games1', parentCategory: 'music1' }),
  act1('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: KID, categoryId: 'games1' }),
  act1('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: MUM, categoryId: 'games1' }),
  act1('SET_DEVICE_DEFAULT_USER', { deviceId: TABLET, defaultUserId: KID }),
  {
    act: appLogic({ type: 'SEND_KEY_REQUEST', dsn: 1, dataType: 1, tempKey: b64(32), signature: b64(64) }),
    jump: 0,
  },
]

/** Of the child's device. */
const RICHER: readonly Sent[] = [
  { act: appLogic({ type: 'MARK_TASK_PENDING', taskId: 'task01' }), jump: 0 },
  {
    act: appLogic({
      type: 'ADD_USED_TIME_V2',
      d: 20_000,
      i: [{ categoryId: 'games1', tta: 5, etts: 0, as: [[0, 60]], sdl: [[0, 60, 60_000, 10_000]] }],
      t: NOW,
    }),
    jump: 0,
  },
]

function b64(length: number): string {
  return Buffer.alloc(length, 7).toString('base64')
}

const from = (deviceId: string) => ({ deviceId, tokenHash: `hash of ${deviceId}` })
const alwaysPremium = false
const proof = { parentId: MUM, secondHash: PASSWORD.secondHash, alwaysPremium, dhKeys: {} }
const newDevice = fc.constantFrom('newde1', '000002').map((deviceId) => ({
  ...from(deviceId),
  name: 'new',
  model: 'B',
}))
const mail = { mail: 'mum@example.org', locale: 'de', now: NOW }

const PRIMARY: FamilyCommand = {
  type: 'UpdatePrimaryDevice',
  from: from(TABLET),
  userId: KID,
  isSet: true,
  alwaysPremium,
}

const command: fc.Arbitrary<FamilyCommand> = fc.oneof(
  newDevice.map((device) => ({ type: 'SignIn' as const, ...mail, device })),
  newDevice.map((device) => ({ type: 'AddDevice' as const, device, now: NOW })),
  fc.constantFrom<FamilyCommand>(
    { type: 'RecoverPassword', ...mail, password: PASSWORD },
    {
      type: 'LinkMail',
      from: from(PHONE),
      userId: DAD,
      secondHash: PASSWORD.secondHash,
      mail: 'dad@example.org',
      locale: '',
    },
    { type: 'RemoveDevice', from: from(PHONE), proof, deviceId: SPARE },
    { type: 'RemoveDevice', from: from(PHONE), proof, deviceId: TABLET },
    PRIMARY,
    { type: 'UpdatePrimaryDevice', from: from(TABLET), userId: KID, isSet: false, alwaysPremium },
    { type: 'ReportRemoved', from: from(SPARE), now: NOW },
    { type: 'AddPurchase', service: 's', transactionId: 't', purchase: 'month', now: NOW },
    { type: 'ExpirePremium', now: NOW + 1 },
    { type: 'PruneUsedTimes', countersBefore: NOW + 10 ** 9, sessionsBefore: NOW + 10 ** 9 },
  ),
)

const device = fc.constantFrom(PHONE, PHONE, TABLET, SPARE, 'newde1')
const push: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('push' as const),
  device,
  sent: fc.array(sent, { minLength: 2, maxLength: 10, size: 'max' }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: push, weight: 5 },
  { arbitrary: command.map((one): Step => ({ kind: 'command', command: one })), weight: 1 },
)
export const steps = (maxLength: number): fc.Arbitrary<readonly Step[]> =>
  fc
    .array(step, { minLength: 3, maxLength, size: 'max' })
    .map((all) => [
      { kind: 'push' as const, device: PHONE, sent: RICH },
      { kind: 'push' as const, device: TABLET, sent: RICHER },
      { kind: 'command' as const, command: PRIMARY },
      ...all,
    ])

/** The numbers that a device gives, which do not depend on what becomes of its actions. */
export type Numbers = Map<string, number>

export const encode = (deviceId: string, all: readonly Sent[], numbers: Numbers): readonly PushedAction[] =>
  all.map(({ act: { prove, encoded }, jump }) => {
    const next = numbers.get(deviceId) ?? 0
    const sequenceNumber = Math.max(0, next + jump)
    numbers.set(deviceId, Math.max(next, sequenceNumber + 1))
    return { encodedAction: encoded, sequenceNumber, ...prove(deviceId, sequenceNumber, encoded) }
  })

export const pushed = (
  state: FamilyState,
  deviceId: string,
  actions: readonly PushedAction[],
  now = NOW,
): Pushed => {
  const { version, ...key } = SERVER_KEY
  const asked = { ...from(deviceId), actions, now, alwaysPremium, dhKeys: { [version]: key } }
  const decided = decidePush({ type: 'Push', ...asked }, state)
  return E.isRight(decided)
    ? decided.right
    : { facts: [], effects: [], fullSync: false, done: actions.length }
}

export type Life = {
  readonly state: FamilyState
  readonly events: readonly StoredEvent[]
  readonly effects: readonly { readonly device: string; readonly effect: Effect }[]
  /** How many events there were after each request: what a device may see. */
  readonly ends: readonly number[]
}

/** As the history gives it back: a revision for each, and positions of which others have some. */
export const stored = (facts: readonly Fact[], revision = 0): readonly StoredEvent[] =>
  facts.map(({ type, data, via }, index) => ({
    stream: STREAM,
    revision: BigInt(revision + index),
    position: BigInt(2 * (revision + index) + 1),
    id: `00000000-0000-4000-8000-${String(revision + index).padStart(12, '0')}`,
    type,
    data: JSON.parse(JSON.stringify(data)) as JsonObject,
    meta: {
      at: NOW,
      actor: 'timelimit:test',
      commandId: 'c',
      correlationId: 'c',
      schema: 1,
      ...(via === undefined ? {} : { via }),
    },
  }))

export const lifeOf = (all: readonly Step[]): Life => {
  const effects: { device: string; effect: Effect }[] = []
  const numbers: Numbers = new Map()
  const facts: Fact[] = [...FAMILY]
  let state = facts.reduce(evolve, NO_FAMILY)
  const ends = [facts.length]
  const known = new Set(Object.keys(state.devices))
  for (const [index, one] of all.entries()) {
    const done =
      one.kind === 'push'
        ? pushed(state, one.device, encode(one.device, one.sent, numbers), NOW + index * 40_000_000)
        : { facts: decided(state, one.command, known), effects: [] }
    const made = done.facts
    if (one.kind === 'push') effects.push(...done.effects.map((effect) => ({ device: one.device, effect })))
    state = made.reduce(evolve, state)
    facts.push(...made)
    ends.push(facts.length)
  }
  return { state, events: stored(facts), effects, ends }
}

/** A new device's id is drawn by the server: it never comes again. */
const decided = (state: FamilyState, asked: FamilyCommand, known: Set<string>): readonly Fact[] => {
  if ('device' in asked) {
    if (known.has(asked.device.deviceId)) return []
    known.add(asked.device.deviceId)
  }
  const answer = familyDecider.decide(asked, state)
  return E.isRight(answer) ? answer.right : []
}
