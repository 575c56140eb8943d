/**
 * Proves what of a client's data an event touches, and for whom: given a fact as a command decides it, then these types with these ids. Every
 * type of a family's events is decided: what touches nothing is listed here.
 */
import test from 'ava'
import { SYNC_TYPES } from '../../../../src/domain/afrodite/sync-types.ts'
import { familyScope, groupScope, touchesOf } from '../../../../src/domain/afrodite/touches.ts'
import type { Fact } from '../../../../src/domain/decider.ts'
import { STORES } from '../../../../src/domain/stores/registry.ts'
import { FAMILY_EVENT_TABLE, fact } from '../../../../src/domain/timelimit/events.ts'
import {
  created,
  ID,
  ME,
  MINE,
  patchCommand,
  ROOT,
  stored as storedEntity,
} from '../../../support/stores-domain.ts'
import { FAMILY_ID, stored } from '../../../support/timelimit-domain.ts'
import { categoryCreated, GAMES, KID, MUM, MUSIC, PHONE, TABLET } from '../../../support/timelimit-family.ts'
import { REQUEST, sample, SAMPLES, TYPES } from '../../../support/timelimit-samples.ts'

const ofFamily = (...facts: readonly Fact[]) => stored(facts).map(touchesOf)
/** `65: mum001`, `73` */
const told = (one: Fact): readonly string[] =>
  ofFamily(one).flatMap(({ touches }) =>
    touches.map(({ type, ids }) => (ids.length === 0 ? `${type}` : `${type}: ${ids.join(' ')}`)),
  )

for (const { path } of Object.values(STORES)) {
  test(`an entity of ${path} touches its store for every group that reaches it`, (t) => {
    const entity = created(path)
    entity.run({ ...patchCommand(path, { description: 'new' }) })
    const own = path === 'groups' ? [groupScope(ID)] : []
    const number = SYNC_TYPES.find(({ source }) => source?.of === 'stores' && source.store === path)?.number
    t.truthy(number)
    const events = storedEntity(path, ID, entity.facts()).filter(({ type }) => type.startsWith('Entity'))
    for (const event of events) {
      t.deepEqual(touchesOf(event), {
        scopes: [groupScope(ROOT), groupScope(MINE), ...own],
        touches: [{ type: number, ids: [ID], ...(path === 'tokens' ? { owner: ME } : {}) }],
      })
    }
  })
}

test('what else happens to an entity touches nothing', (t) => {
  const [, password] = storedEntity('users', ID, created('users').facts())
  t.is(password?.type, 'PasswordSet')
  t.deepEqual(password && touchesOf(password), { scopes: [], touches: [] })
})

test('a store without a number, and a stream of others, touch nothing', (t) => {
  const [event] = storedEntity('labels', ID, created('labels').facts())
  if (event === undefined) throw new Error('no event')
  t.deepEqual(touchesOf({ ...event, data: { ...event.data, store: 'unheard' } }).touches, [])
  t.deepEqual(touchesOf({ ...event, type: 'UserAdded', data: {} }).touches, [])
})

test('data of another shape is refused', (t) => {
  const [event] = storedEntity('labels', ID, created('labels').facts())
  const [mine] = stored([fact('UserRemoved', { userId: KID })])
  if (event === undefined || mine === undefined) throw new Error('no event')
  t.throws(() => touchesOf({ ...event, data: { store: 'labels' } }), { instanceOf: TypeError })
  t.throws(() => touchesOf({ ...mine, data: {} }), { instanceOf: TypeError })
})

test('these events of a family touch nothing, all others do', (t) => {
  const nothing = TYPES.filter((type) => ofFamily(sample(type)).every(({ touches }) => touches.length === 0))
  t.deepEqual([...nothing].sort(), [
    'DeviceManipulationDetected',
    'DevicePinged',
    'DeviceSequenceAdvanced',
    'FamilyDeleted',
    'ForceSyncRequested',
    'MailQueued',
    'ParentU2fLoginReported',
  ])
  t.deepEqual([...TYPES].sort(), Object.keys(FAMILY_EVENT_TABLE).sort())
})

test('every event of a family touches each type once, in its own family alone', (t) => {
  for (const type of TYPES) {
    const [touched] = ofFamily(sample(type))
    const types = touched?.touches.map((touch) => touch.type) ?? []
    t.is(new Set(types).size, types.length, type)
    t.deepEqual(touched?.scopes, types.length === 0 ? [] : [familyScope(FAMILY_ID)], type)
  }
})

const CASES: readonly (readonly [name: string, fact: Fact, expected: readonly string[]])[] = [
  ['a family', sample('FamilyCreated'), ['65', '64']],
  ['a user', fact('ChildRenamed', { userId: KID, sealed: null }), [`65: ${KID}`]],
  ['a key of a user', fact('ParentU2fKeyRemoved', { userId: MUM, sealed: null }), [`65: ${MUM}`]],
  ['a device', fact('DeviceUserAssigned', { deviceId: TABLET, userId: KID }), [`64: ${TABLET}`]],
  ['a category', categoryCreated(GAMES, KID), [66, 67, 68, 70, 69].map((type) => `${type}: ${GAMES}`)],
  ['a category changed', sample('CategoryRenamed'), [`66: ${GAMES}`]],
  [
    'sorting',
    fact('CategoriesSorted', { items: [GAMES, MUSIC].map((categoryId) => ({ categoryId, sort: 1 })) }),
    [`66: ${GAMES} ${MUSIC}`],
  ],
  [
    'apps that move',
    fact('CategoryAppsAssigned', { categoryId: GAMES, losing: [MUSIC], sealed: null }),
    [`67: ${GAMES} ${MUSIC}`],
  ],
  [
    'used time',
    fact('UsedTimeAdded', { ...SAMPLES.UsedTimeAdded, extraTime: 3 }),
    [`70: ${GAMES}`, `66: ${GAMES}`],
  ],
  ['a rule', sample('TimeLimitRuleDeleted'), [`68: ${GAMES}`]],
  ['a task that moves', sample('ChildTaskUpdated'), [`69: ${GAMES} ${MUSIC}`]],
  ['an approved task', sample('ChildTaskApproved'), [`69: ${MUSIC}`, `66: ${MUSIC}`]],
  [
    'a category that goes, with its requests',
    fact('CategoryDeleted', { categoryId: GAMES, requests: [4, 5] }),
    [...[66, 67, 68, 69, 70].map((type) => `${type}: ${GAMES}`), '71: 4 5'],
  ],
  ['an app list', sample('DeviceAppListUploaded'), [`72: ${TABLET}`]],
  [
    'a device that goes, with its requests',
    fact('DeviceRemoved', { deviceId: PHONE, requests: [6] }),
    [`64: ${PHONE}`, '65', `72: ${PHONE}`, '71: 6'],
  ],
  [
    'a key request in place of others',
    fact('KeyRequested', { ...REQUEST, replaces: [9] }),
    [`71: ${REQUEST.serverSeq} 9`],
  ],
  ['an answer', sample('KeyRequestReplied'), [`71: ${SAMPLES.KeyRequestReplied.serverSeq}`]],
  ['answered', fact('KeyRequestFinished', { serverSeqs: [1, 2] }), ['71: 1 2']],
  ['a purchase', sample('PremiumExtended'), ['73']],
  ['the end of what was bought', sample('PremiumExpired'), ['73']],
]
for (const [name, one, expected] of CASES) {
  test(`touched by ${name}: ${expected.join(', ')}`, (t) => {
    t.deepEqual(told(one), expected)
  })
}
