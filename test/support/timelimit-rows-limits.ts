/** What parents set at categories, as rows of the table of actions (timelimit 4.4, categories). */
import type { JsonObject } from '../../src/json.ts'
import { ofGames, wrong } from './timelimit-rows-categories.ts'
import type { Row, World } from './timelimit-world.ts'

/** Refused with these members. */
const refusals = (
  type: string,
  members: JsonObject,
  faults: { readonly [why: string]: JsonObject },
): NonNullable<Row['refused']> => ({
  ...wrong(type, members),
  ...Object.fromEntries(
    Object.entries(faults).map(([why, fault]) => [
      why,
      (w: World) => w.me({ type, categoryId: w.games, ...members, ...fault }),
    ]),
  ),
})

const BLOCKING: readonly Row[] = [
  {
    ...ofGames(
      'UPDATE_CATEGORY_BLOCKED_TIMES',
      { times: '0,60,100,10080' },
      { blockedTimes: '0,60,100,10080' },
    ),
    refused: refusals(
      'UPDATE_CATEGORY_BLOCKED_TIMES',
      { times: '' },
      {
        'an odd number': { times: '0,60,100' },
        'not increasing': { times: '60,60' },
        'beyond the week': { times: '0,10081' },
        'with a blank': { times: '0, 60' },
        'empty parts': { times: ',' },
        'less than nothing': { times: '-1,60' },
      },
    ),
  },
  {
    ...ofGames(
      'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
      { blocked: true, endTime: 1_800_000_000_000 },
      { tempBlocked: true, tempBlockTime: 1_800_000_000_000 },
    ),
    refused: refusals(
      'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
      { blocked: true },
      { 'an end of nothing': { blocked: false, endTime: 0 }, 'before all': { endTime: -1 } },
    ),
    check: async (t, w) => {
      const open = { type: 'UPDATE_CATEGORY_TEMPORARILY_BLOCKED', categoryId: w.games, blocked: true }
      t.false(await w.phone.push(w.me(open)))
      const base = (await w.phone.full()).categories[w.games]?.base as JsonObject
      t.deepEqual([base.tempBlocked, base.tempBlockTime], [true, 0], 'no end')
      t.false(await w.phone.push(w.me({ ...open, blocked: false })))
      const lifted = (await w.phone.full()).categories[w.games]?.base as JsonObject
      t.deepEqual([lifted.tempBlocked, lifted.tempBlockTime], [false, 0])
    },
  },
  {
    ...ofGames('UPDATE_CATEGORY_DISABLE_LIMITS', { endTime: 1_800_000_000_000 }, { dlu: 1_800_000_000_000 }),
    refused: refusals('UPDATE_CATEGORY_DISABLE_LIMITS', { endTime: 1 }, { 'before all': { endTime: -1 } }),
  },
  {
    ...ofGames(
      'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
      { blocked: true, blockDelay: 5_000 },
      { blockAllNotifications: true, blockNotificationDelay: 5_000 },
    ),
    refused: refusals(
      'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
      { blocked: true },
      { 'less than nothing': { blockDelay: -1 } },
    ),
    check: async (t, w) => {
      const off = { type: 'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS', categoryId: w.games, blocked: false }
      t.false(await w.phone.push(w.me(off)))
      const base = (await w.phone.full()).categories[w.games]?.base as JsonObject
      t.deepEqual([base.blockAllNotifications, base.blockNotificationDelay], [false, 5_000], 'stays')
    },
  },
]

const LIMITS: readonly Row[] = [
  {
    ...ofGames('UPDATE_CATEGORY_BATTERY_LIMIT', { chargeLimit: 100 }, { mblCharging: 100 }),
    refused: refusals(
      'UPDATE_CATEGORY_BATTERY_LIMIT',
      {},
      { 'more than all': { chargeLimit: 101 }, 'less than nothing': { mobileLimit: -1 } },
    ),
  },
  {
    ...ofGames('UPDATE_CATEGORY_BATTERY_LIMIT', { mobileLimit: 20 }, { mblMobile: 20 }),
    name: 'without a charger',
  },
  {
    ...ofGames('UPDATE_CATEGORY_FLAGS', { modified: 1, values: 1 }, { flags: 1 }),
    refused: refusals(
      'UPDATE_CATEGORY_FLAGS',
      { modified: 1, values: 0 },
      { 'an unknown flag': { modified: 2 }, 'a value that is not modified': { modified: 0, values: 1 } },
    ),
  },
  {
    ...ofGames(
      'UPDATE_CATEGORY_TIME_WARNINGS',
      { enable: true, flags: 5, minutes: 10_078 },
      { timeWarnings: 5, atw: [10_078] },
    ),
    refused: refusals(
      'UPDATE_CATEGORY_TIME_WARNINGS',
      { enable: true, flags: 0 },
      { 'an unknown flag': { flags: 32 }, 'no minute': { minutes: 0 }, 'too many': { minutes: 10_079 } },
    ),
    check: async (t, w) => {
      const warn = { type: 'UPDATE_CATEGORY_TIME_WARNINGS', categoryId: w.games, enable: true }
      t.false(await w.phone.push(w.me({ ...warn, flags: 2, minutes: 10_078 })), 'the same minute')
      t.false(await w.phone.push(w.me({ ...warn, enable: false, flags: 4, minutes: 10_078 })))
      const base = (await w.phone.full()).categories[w.games]?.base as JsonObject
      t.deepEqual([base.timeWarnings, base.atw], [3, []])
    },
  },
]

const network = (n: number): JsonObject => ({ itemId: `netwo${n}`, hashedNetworkId: `0123abc${n}` })
const addNetwork = (w: World, n: number) =>
  w.me({ type: 'ADD_CATEGORY_NETWORK_ID', categoryId: w.games, ...network(n) })

const NETWORKS: readonly Row[] = [
  {
    ...ofGames('ADD_CATEGORY_NETWORK_ID', network(0), {
      networks: { netwo0: { hashedNetworkId: '0123abc0' } },
    }),
    given: (w) => [1, 2, 3, 4, 5, 6, 7].map((n) => ['phone', addNetwork(w, n)]),
    refused: refusals('ADD_CATEGORY_NETWORK_ID', network(0), {
      'an id in use': { itemId: 'netwo1' },
      'in capitals': { hashedNetworkId: '0123ABC0' },
      'too short': { hashedNetworkId: '0123abc' },
      'no id': { itemId: 'n' },
    }),
    check: async (t, w) => {
      t.true(await w.phone.push(addNetwork(w, 8)), 'there is no ninth')
      const hers = { type: 'ADD_CATEGORY_NETWORK_ID', categoryId: w.hers, ...network(1) }
      t.false(await w.phone.push(w.me(hers)), 'the same id in another category')
    },
  },
  {
    ...ofGames('RESET_CATEGORY_NETWORK_IDS', {}, { networks: { netwo1: null } }),
    given: (w) => [['phone', addNetwork(w, 1)]],
  },
]

export const CATEGORY_LIMITS: readonly Row[] = [...BLOCKING, ...LIMITS, ...NETWORKS]
