/**
 * Laws of a family's domain and read models, for random lives with actions of all types: how a push is cut leaves no trace, versions move exactly where
 * something happened, documents depend on nothing but the history, and devices are told what decisions are made by. Pure, or on memory adapters.
 */
import test, { type ExecutionContext } from 'ava'
import * as fc from 'fast-check'
import type { Fact } from '../../src/domain/decider.ts'
import { fact, FAMILY_EVENT_TABLE, familyEvent } from '../../src/domain/timelimit/events.ts'
import { evolve } from '../../src/domain/timelimit/evolve.ts'
import { versionOf } from '../../src/domain/timelimit/names.ts'
import type { Scope } from '../../src/domain/timelimit/scopes.ts'
import { NO_FAMILY, type FamilyState } from '../../src/domain/timelimit/state.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents } from '../../src/documents/port.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { asText } from '../support/client.ts'
import {
  FAMILY_ID,
  encode,
  lifeOf,
  pushed,
  stored,
  steps,
  STREAM,
  type Step,
} from '../support/timelimit-domain.ts'
import { FAMILY, NOW } from '../support/timelimit-family.ts'
import { applied, changedScopes, NOTHING, statusOf, versionsIn } from '../support/timelimit-picture.ts'
import { contentsOf, project, reading, type Pulled } from '../support/timelimit-read.ts'
import { listAt, shownByPicture, shownByState } from '../support/timelimit-shown.ts'
import type { PushedAction } from '../../src/domain/timelimit/proof.ts'

const SOAK = process.env['SOAK'] !== undefined
const runs = (few: number): number => (SOAK ? 20 * few : few)

test('the lives bring about every event', (t) => {
  const lives = fc.sample(steps(15), { numRuns: 600, seed: 7 }).map(lifeOf)
  const seen = new Set(lives.flatMap(({ events }) => events.map(({ type }) => type)))
  t.deepEqual(
    Object.keys(FAMILY_EVENT_TABLE).filter((type) => !seen.has(type)),
    ['FamilyDeleted'],
  )
})

type Requests = readonly { readonly device: string; readonly actions: readonly PushedAction[] }[]

const pushesOf = (all: readonly Step[]): Requests => {
  const numbers = new Map<string, number>()
  return all.flatMap((step) =>
    step.kind === 'push' ? [{ device: step.device, actions: encode(step.device, step.sent, numbers) }] : [],
  )
}

/** Until nothing is left of each, as a request whose events are too many for one append is worked off. */
const run = (requests: Requests): readonly Fact[] => {
  const facts: Fact[] = [...FAMILY]
  let state = facts.reduce(evolve, NO_FAMILY)
  for (const { device, actions } of requests) {
    for (let rest = actions; rest.length > 0;) {
      const { facts: made, done } = pushed(state, device, rest)
      state = made.reduce(evolve, state)
      facts.push(...made)
      rest = rest.slice(done)
    }
  }
  return facts
}

test('any cut of the same actions into pushes gives the same facts, revisions, documents and versions', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(12), fc.infiniteStream(fc.boolean()), async (all, coins) => {
      const whole = pushesOf(all)
      const cut = whole.flatMap(({ device, actions }) => {
        const pieces: PushedAction[][] = []
        for (const action of actions) {
          const last = pieces.at(-1)
          if (last !== undefined && coins.next().value === true) last.push(action)
          else pieces.push([action])
        }
        return pieces.map((piece) => ({ device, actions: piece }))
      })
      const [one, other] = [stored(run(whole)), stored(run(cut))]
      t.deepEqual(other, one)
      t.deepEqual(await documentsOf(other), await documentsOf(one))
    }),
    { numRuns: runs(60) },
  )
})

test('a repeated push changes nothing and says so', (t) => {
  fc.assert(
    fc.property(steps(6), (all) => {
      const requests = pushesOf(all)
      let state = FAMILY.reduce(evolve, NO_FAMILY)
      for (const { device, actions } of requests) {
        state = pushed(state, device, actions).facts.reduce(evolve, state)
        const again = pushed(state, device, actions)
        t.deepEqual([...again.facts, ...again.effects], [])
        for (const action of actions)
          t.is(pushed(state, device, [action]).fullSync, state.devices[device] !== undefined)
      }
    }),
    { numRuns: runs(60) },
  )
})

const documentsOf = async (events: readonly StoredEvent[]): Promise<JsonObject> => {
  const documents = memoryDocuments()
  await project(documents, ...events)
  return contentsOf(documents)
}

type Scopes = { readonly [scope: string]: { readonly version: string; readonly data: string } }

/** Every scope of a whole answer, by the names of `versionsIn`. */
const scopesIn = (answer: JsonObject): Scopes => {
  const data: { [scope: string]: Json } = {
    users: answer['users'] ?? null,
    devices: answer['devices'] ?? null,
    u2f: answer['u2f'] ?? null,
  }
  const parts = {
    base: 'categoryBase',
    apps: 'categoryApp',
    rules: 'rules',
    usedTime: 'usedTimes',
    tasks: 'tasks',
  }
  for (const [part, member] of Object.entries(parts))
    for (const one of listAt(answer, member)) data[`${part}/${asText(one['categoryId'])}`] = one
  for (const { deviceId, appsBase = null, appsDiff = null } of listAt(answer, 'devices2')) {
    data[`appsB/${asText(deviceId)}`] = appsBase
    data[`appsD/${asText(deviceId)}`] = appsDiff
  }
  return Object.fromEntries(
    Object.entries(versionsIn(answer)).map(([scope, version]) => [
      scope,
      { version, data: JSON.stringify(bare(data[scope] ?? null)) },
    ]),
  )
}

const bare = (value: Json): Json => {
  if (!isObject(value)) return value
  const { version: _version, v: _v, ...rest } = value
  return rest
}

const nameOf = (scope: Scope): string => {
  if (typeof scope === 'string') return scope
  if ('category' in scope) return `${scope.part}/${scope.category}`
  return `apps${scope.part === 'base' ? 'B' : 'D'}/${scope.device}`
}

const touchedBy = ({ type, data }: StoredEvent): readonly string[] =>
  (familyEvent(type)?.scopes(data) ?? []).map(nameOf)

const goneBy = ({ type, data }: StoredEvent, scope: string): boolean =>
  (type === 'CategoryDeleted' && scope.endsWith(`/${asText(data['categoryId'])}`)) ||
  (type === 'DeviceRemoved' && scope.endsWith(`/${asText(data['deviceId'])}`))

const checkStep = (t: ExecutionContext, before: Scopes, after: Scopes, event: StoredEvent): void => {
  const touched = touchedBy(event)
  for (const scope of new Set([...Object.keys(before), ...Object.keys(after), ...touched])) {
    const [old, now] = [before[scope], after[scope]]
    const what = `${scope} at ${event.type}`
    if (now === undefined) t.true(old === undefined || goneBy(event, scope), `${what} is gone`)
    else if (touched.includes(scope)) t.is(now.version, versionOf(event.revision), what)
    else t.deepEqual(now, old ?? { version: 'none', data: '' }, `${what} is as it was`)
  }
}

test('a version changes if and only if an event touched its scope, and data never without its version', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(12), async (all) => {
      const life = lifeOf(all)
      const { documents, full } = await reading(life)
      const [first, ...events] = life.events
      if (first === undefined) return
      await project(documents, first)
      let before = scopesIn(await full())
      for (const event of events) {
        await project(documents, event)
        const after = scopesIn(await full())
        checkStep(t, before, after, event)
        await checkPlaces(t, documents)
        before = after
      }
    }),
    { numRuns: runs(40) },
  )
})

/** The family's document is written last: none of its parts is newer than it, or has another version than it says (decisions 13). */
const checkPlaces = async (t: ExecutionContext, documents: Documents): Promise<void> => {
  const family = await documents.get('timelimit_families', FAMILY_ID)
  const contents = await contentsOf(documents)
  for (const [name, document] of Object.entries(contents)) {
    if (!isObject(document) || name.startsWith('timelimit_old_tokens')) continue
    t.true(Number(document['at']) <= Number(family?.at), `${name} is newer than its family`)
  }
  const known = family?.value['categories']
  const parts = Object.entries(contents).filter(([name]) => name.startsWith('timelimit_categories '))
  t.is(isObject(known) ? Object.keys(known).length : 0, parts.length)
}

test('a device that pulls now and then knows what one knows that pulls everything, at every level', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      steps(12),
      fc.integer({ min: 0, max: 8 }),
      fc.infiniteStream(fc.boolean()),
      async (all, level, coins) => {
        const life = lifeOf(all)
        const { documents, full, ask } = await reading(life)
        let [picture, seen, from] = [NOTHING, NOTHING, 0]
        for (const to of life.ends) {
          await project(documents, ...life.events.slice(from, to))
          from = to
          if (coins.next().value === true) continue
          const whole = applied(NOTHING, await full(level))
          const answer = await ask(statusOf(picture, level))
          picture = applied(picture, answer)
          t.deepEqual(picture, whole)
          const changed = changedScopes(seen, whole).filter((scope) => whole.versions[scope] !== undefined)
          t.deepEqual(Object.keys(versionsIn(answer)).sort(), changed, 'nothing else is sent')
          seen = whole
        }
      },
    ),
    { numRuns: runs(60) },
  )
})

const ERASED = {
  stream: `platform.erasure-${FAMILY_ID}`,
  revision: 0n,
  id: 'erased',
  type: 'SubjectErased',
  data: { subject: STREAM },
  meta: { at: NOW, actor: 'platform:test', commandId: 'e', correlationId: 'e', schema: 1 },
}

const deleted = ({ devices }: FamilyState, revision: number): StoredEvent => {
  const tokenHashes = Object.values(devices).flatMap(({ tokenHash }) => (tokenHash === '' ? [] : [tokenHash]))
  const [event] = stored([fact('FamilyDeleted', { reason: 'account', tokenHashes })], revision)
  if (event === undefined) throw new Error('no event')
  return event
}

const oldTokens = (events: readonly StoredEvent[]): readonly string[] => {
  const registered = events.filter(({ type }) => type === 'DeviceRegistered')
  return registered.map(({ data }) => `timelimit_old_tokens hash of ${asText(data['deviceId'])}`).sort()
}

/** As it is read when the family's key is gone. */
const closed = (events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.map((event) =>
    'sealed' in event.data ? { ...event, data: { ...event.data, sealed: null } } : event,
  )

test('documents depend on the history alone, not on how it came; an erased family leaves its dead tokens', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(10), fc.array(fc.nat(12), { minLength: 5 }), async (all, sizes) => {
      const life = lifeOf(all)
      const events = [...life.events, deleted(life.state, life.events.length)]
      const documents = memoryDocuments()
      let from = 0
      for (let round = 0; from < events.length; round++) {
        const [size = 0, again = 0] = [sizes[round % sizes.length], sizes[(round + 1) % sizes.length]]
        await project(documents, ...events.slice(Math.max(0, from - again), from + 1 + size))
        from += 1 + size
      }
      t.deepEqual(await contentsOf(documents), await documentsOf(events))
      const erased = { ...ERASED, position: (events.at(-1)?.position ?? 0n) + 2n }
      await project(documents, erased)
      const left = await contentsOf(documents)
      t.deepEqual(left, await documentsOf([...closed(events), erased]))
      t.deepEqual(Object.keys(left).sort(), oldTokens(events))
      t.notThrows(() => closed(events).reduce(evolve, NO_FAMILY))
    }),
    { numRuns: runs(60) },
  )
})

test('what decisions are made by and what devices are told is the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(steps(15), async (all) => {
      const life = lifeOf(all)
      const read = await reading(life)
      await project(read.documents, ...life.events)
      const answer = await read.full(8, 'strang')
      const picture = applied(NOTHING, answer)
      t.deepEqual(shownByPicture(picture, listAt(answer, 'krq')), shownByState(life.state))
      t.deepEqual(await tokensOf(read), tokensIn(life.state))
      t.deepEqual(await mailsOf(read), mailsIn(life.state))
    }),
    { numRuns: runs(100) },
  )
})

const tokensIn = ({ devices }: FamilyState): readonly string[] =>
  Object.entries(devices)
    .filter(([, { tokenHash }]) => tokenHash !== '')
    .map(([id, { tokenHash }]) => `${tokenHash} ${id}`)
    .sort()

const tokensOf = async ({ documents }: Pulled): Promise<readonly string[]> =>
  Object.values(await contentsOf(documents))
    .map((document) => (isObject(document) && isObject(document['value']) ? document['value'] : {}))
    .filter(({ device }) => device !== undefined)
    .map(({ _id, device }) => `${asText(_id)} ${asText(device)}`)
    .sort()

const mailsIn = ({ users }: FamilyState): readonly Json[] =>
  Object.entries(users).flatMap(([user, { mail }]) => (mail === '' ? [] : [{ user, mail }]))

const mailsOf = async ({ documents }: Pulled): Promise<Json | undefined> =>
  (await documents.get('timelimit_user_lists', FAMILY_ID))?.value['mails']
