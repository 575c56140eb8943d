/** Used time, as rows of the table of actions (timelimit 4.2, 4.3). */
import type { JsonObject } from '../../src/json.ts'
import { appLogic } from './timelimit-crypto.ts'
import { butLogic, NO_ID, NOBODY, type Row, type World } from './timelimit-world.ts'

const [DAY, T] = [20_771, 1_794_700_800_000]

const used = (w: World): JsonObject => ({
  type: 'ADD_USED_TIME_V2',
  d: DAY,
  i: [
    {
      categoryId: w.games,
      tta: 60_000,
      etts: 0,
      as: [[0, 600]],
      sdl: [[0, 1439, 1_800_000, 600_000]],
    },
  ],
  t: T,
})
const item = (change: (w: World) => JsonObject) =>
  butLogic(used)((w) => ({ i: [{ categoryId: w.games, tta: 1, etts: 0, ...change(w) }] }))

const legacy = (w: World): JsonObject => ({
  type: 'ADD_USED_TIME',
  categoryId: w.games,
  day: DAY,
  timeToAdd: 5_000,
  extraTimeToSubtract: 0,
})
const extra = (w: World, categoryId: string) =>
  ['phone', w.me({ type: 'SET_CATEGORY_EXTRA_TIME', categoryId, newExtraTime: 300_000 })] as const

export const USED: readonly Row[] = [
  {
    type: 'ADD_USED_TIME_V2',
    from: 'tablet',
    act: butLogic(used)({}),
    patch: (w) => ({
      categories: {
        [w.games]: {
          times: { [`${DAY}/0/1439`]: { time: 60_000 }, [`${DAY}/0/600`]: { time: 60_000 } },
          sessions: { '1800000/600000/0/1439': { l: T, d: 60_000 } },
        },
      },
    }),
    bumps: (w) => [`usedTime/${w.games}`],
    told: 1,
    refused: {
      'no items': butLogic(used)({ i: [] }),
      'a day before the first': butLogic(used)({ d: -1 }),
      'a time before the first': butLogic(used)({ t: -1 }),
      'half a day': butLogic(used)({ d: 0.5 }),
      'an unknown member': butLogic(used)({ x: 1 }),
      'text for a number': butLogic(used)({ d: '1' }),
      'a category twice': butLogic(used)((w) => ({
        i: [w.games, w.web, w.games].map((categoryId) => ({ categoryId, tta: 1, etts: 0 })),
      })),
      'no id': item(() => ({ categoryId: NO_ID })),
      'less than nothing': item(() => ({ tta: -1 })),
      'less extra time than nothing': item(() => ({ etts: -1 })),
      'the whole day as a slot': item(() => ({ as: [[0, 1439]] })),
      'a slot that ends before it starts': item(() => ({ as: [[5, 4]] })),
      'a minute of the next day': item(() => ({ as: [[0, 1440]] })),
      'a slot twice': item(() => ({
        as: [
          [1, 2],
          [1, 2],
        ],
      })),
      'a slot of three': item(() => ({ as: [[1, 2, 3]] })),
      'a session of no length': item(() => ({ sdl: [[0, 1, 0, 1]] })),
      'a session without pause': item(() => ({ sdl: [[0, 1, 1, 0]] })),
      'a session twice': item(() => ({
        sdl: [
          [0, 1, 1, 1],
          [0, 1, 1, 1],
        ],
      })),
      'another’s envelope': (w) => w.me(used(w)),
    },
  },
  {
    type: 'ADD_USED_TIME_V2',
    name: 'of a child that does not use the device, with extra time',
    from: 'tablet',
    given: (w) => [extra(w, w.hers)],
    act: (w) =>
      appLogic({ type: 'ADD_USED_TIME_V2', d: DAY, i: [{ categoryId: w.hers, tta: 1_000, etts: 100_000 }] }),
    patch: (w) => ({
      categories: {
        [w.hers]: { times: { [`${DAY}/0/1439`]: { time: 1_000 } }, base: { extraTime: 200_000 } },
      },
    }),
    bumps: (w) => [`usedTime/${w.hers}`, `base/${w.hers}`],
    told: 2,
  },
  {
    type: 'ADD_USED_TIME',
    from: 'tablet',
    act: butLogic(legacy)({}),
    patch: (w) => ({ categories: { [w.games]: { times: { [`${DAY}/0/1439`]: { time: 5_000 } } } } }),
    bumps: (w) => [`usedTime/${w.games}`],
    told: 1,
    refused: {
      'no such category': butLogic(legacy)({ categoryId: NOBODY }),
      'less than nothing': butLogic(legacy)({ timeToAdd: -1 }),
      'less extra time than nothing': butLogic(legacy)({ extraTimeToSubtract: -1 }),
      'a day before the first': butLogic(legacy)({ day: -1 }),
    },
  },
  {
    type: 'ADD_USED_TIME',
    name: 'with a parent category, each charged once',
    from: 'tablet',
    given: (w) => [
      ['phone', w.me({ type: 'SET_PARENT_CATEGORY', categoryId: w.games, parentCategory: w.web })],
      extra(w, w.games),
      extra(w, w.web),
    ],
    act: butLogic(legacy)({ extraTimeToSubtract: 400_000 }),
    patch: (w) => {
      const part: JsonObject = { times: { [`${DAY}/0/1439`]: { time: 5_000 } }, base: { extraTime: 0 } }
      return { categories: { [w.games]: part, [w.web]: part } }
    },
    bumps: (w) => [w.games, w.web].flatMap((id) => [`usedTime/${id}`, `base/${id}`]),
    told: 1,
  },
]
