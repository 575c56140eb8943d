/**
 * Proves the parents' actions on categories and on what is in them (timelimit 4.4): for each the facts, who is told, which versions move,
 * and every refusal; of apps also by random assignments that each is in one category of a child at most.
 */
import test from 'ava'
import fc from 'fast-check'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import { evolve } from '../../../../src/domain/timelimit/evolve.ts'
import {
  BOOKS,
  categoryCreated,
  DAD,
  family,
  GAMES,
  KID,
  MUM,
  MUSIC,
  NOBODY,
  PHONE,
  SIS,
} from '../../../support/timelimit-family.ts'
import { dataOf, done, push, pushedBy, scope, then } from '../../../support/timelimit-decided.ts'

const LONG = 'x'.repeat(256)
const base = (category: string) => scope('base', category)
const apps = (category: string) => scope('apps', category)
const assigned = (categoryId: string, ...names: readonly string[]) =>
  fact('CategoryAppsAssigned', { categoryId, losing: [], sealed: { names, movedFrom: {} } })
const parentSet = (categoryId: string, parentCategoryId: string) =>
  fact('CategoryParentSet', { categoryId, parentCategoryId })

test('CREATE_CATEGORY: with all its versions, behind the others of its child', (t) => {
  const all = (['apps', 'base', 'rules', 'tasks', 'usedTime'] as const).map((part) => scope(part, 'fresh1'))
  const create = (action: object = {}, given = {}) =>
    push('CREATE_CATEGORY', { childId: KID, categoryId: 'fresh1', title: ' Neu 🎲', ...action }, given)
  const created = (childId: string, sort: number) =>
    done(
      [then('CategoryCreated', { categoryId: 'fresh1', childId, sort, sealed: { title: ' Neu 🎲' } })],
      'G1',
      ...all,
    )
  t.deepEqual(create(), created(KID, 1))
  const items = [
    { categoryId: MUSIC, sort: 6 },
    { categoryId: BOOKS, sort: 40 },
  ]
  t.deepEqual(create({}, { after: [fact('CategoriesSorted', { items })] }), created(KID, 7))
  const empty = fact('CategoryDeleted', { categoryId: BOOKS, requests: [] })
  t.deepEqual(create({ childId: SIS }, { after: [empty] }), created(SIS, 1), 'the first one (A10)')
  t.is(create({ childId: DAD }), 'NO_USER')
  t.is(create({ childId: NOBODY }), 'NO_USER')
  for (const categoryId of [GAMES, BOOKS]) t.is(create({ categoryId }), 'DUPLICATE')
  t.is(create({ categoryId: 'fresh-' }), 'SCHEMA')
  t.is(create({ title: '\t' }), 'SCHEMA')
  t.is(create({ title: LONG }), 'SCHEMA')
  t.not(create({ title: LONG.slice(1) }), 'SCHEMA')
})

test('DELETE_CATEGORY: with what users have of it', (t) => {
  const after = [
    fact('UnassignedAppsCategorySet', { userId: KID, categoryId: GAMES }),
    fact('LimitLoginCategorySet', { userId: MUM, categoryId: GAMES, preBlock: 0 }),
    fact('LimitLoginCategorySet', { userId: DAD, categoryId: MUSIC, preBlock: 0 }),
    parentSet(MUSIC, GAMES),
  ]
  const deleted = then('CategoryDeleted', { categoryId: GAMES, requests: [] })
  t.deepEqual(push('DELETE_CATEGORY', { categoryId: GAMES }), done([deleted], 'G2'))
  t.deepEqual(
    push('DELETE_CATEGORY', { categoryId: GAMES }, { after }),
    done(
      [
        then('UnassignedAppsCategorySet', { userId: KID, categoryId: '' }),
        then('LimitLoginCategoryCleared', { userId: MUM }),
        deleted,
      ],
      'G2',
      'users',
    ),
  )
  t.is(push('DELETE_CATEGORY', { categoryId: NOBODY }), 'NO_CATEGORY')
})

test('UPDATE_CATEGORY_TITLE', (t) => {
  t.deepEqual(
    push('UPDATE_CATEGORY_TITLE', { categoryId: BOOKS, newTitle: 'Read' }),
    done([then('CategoryRenamed', { categoryId: BOOKS, sealed: { title: 'Read' } })], 'G2', base(BOOKS)),
  )
  t.is(push('UPDATE_CATEGORY_TITLE', { categoryId: NOBODY, newTitle: 'Read' }), 'NO_CATEGORY')
  t.is(push('UPDATE_CATEGORY_TITLE', { categoryId: BOOKS, newTitle: '' }), 'SCHEMA')
})

test('ADD_CATEGORY_APPS: other categories of the child lose them', (t) => {
  const after = [
    categoryCreated('zzzzzz', KID),
    categoryCreated('aaaaaa', KID),
    assigned('zzzzzz', 'org.more'),
    assigned(GAMES, 'org.chess', 'org.tiles'),
    assigned(MUSIC, 'org.radio', 'org.tunes'),
    assigned('aaaaaa', 'org.other', 'org.last'),
    assigned(BOOKS, 'org.radio'),
  ]
  const add = (packageNames: readonly string[], categoryId = GAMES) =>
    push('ADD_CATEGORY_APPS', { categoryId, packageNames }, { after })
  const names = ['', 'org.radio', 'org.chess', 'org.last', 'org.new:Main', 'org.more']
  t.deepEqual(
    add(names),
    done(
      [
        then('CategoryAppsAssigned', {
          categoryId: GAMES,
          losing: ['aaaaaa', MUSIC, 'zzzzzz'],
          sealed: {
            names,
            movedFrom: { aaaaaa: ['org.last'], [MUSIC]: ['org.radio'], zzzzzz: ['org.more'] },
          },
        }),
      ],
      'G2',
      apps(GAMES),
      apps(MUSIC),
      apps('aaaaaa'),
      apps('zzzzzz'),
    ),
  )
  const none = { categoryId: GAMES, losing: [], sealed: { names: [], movedFrom: {} } }
  t.deepEqual(add([]), done([then('CategoryAppsAssigned', none)], 'G2', apps(GAMES)), 'A9')
  t.is(add(['a'], NOBODY), 'NO_CATEGORY')
  t.is(add(['a', 'a']), 'SCHEMA')
  t.is(add([LONG]), 'SCHEMA')
  t.not(add([LONG.slice(1)]), 'SCHEMA')
})

test('an app is in one category of a child at most, whatever is assigned and removed', (t) => {
  const categories = [GAMES, MUSIC, 'extra1', BOOKS]
  const names = fc.uniqueArray(fc.constantFrom('', 'a', 'b', 'c', 'c:d', 'e@f'))
  const assignment = fc.record({ categoryId: fc.constantFrom(...categories), packageNames: names })
  fc.assert(
    fc.property(fc.array(assignment, { maxLength: 12 }), (assignments) => {
      const owners = new Map<string, string>()
      let facts = [categoryCreated('extra1', KID)]
      for (const action of assignments) {
        const outcome = push('ADD_CATEGORY_APPS', action, { after: facts })
        if (typeof outcome === 'string') throw new Error(outcome)
        facts = [...facts, ...outcome.facts]
        const child = action.categoryId === BOOKS ? SIS : KID
        const touched = new Set([action.categoryId])
        for (const name of action.packageNames) {
          touched.add(owners.get(`${child} ${name}`) ?? action.categoryId)
          owners.set(`${child} ${name}`, action.categoryId)
        }
        t.deepEqual(outcome.bumps, [...touched].map(apps).sort())
      }
      const { categories: held } = family(...facts)
      const found = categories.flatMap((id) =>
        (held[id]?.apps ?? []).map((name) => [`${id === BOOKS ? SIS : KID} ${name}`, id] as const),
      )
      t.deepEqual([...found].sort(), [...owners].sort())
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('REMOVE_CATEGORY_APPS: all or none', (t) => {
  const after = [assigned(GAMES, 'org.chess', 'org.tiles'), assigned(MUSIC, 'org.radio')]
  const remove = (packageNames: readonly string[], categoryId = GAMES) =>
    push('REMOVE_CATEGORY_APPS', { categoryId, packageNames }, { after })
  for (const names of [['org.tiles'], ['org.tiles', 'org.chess'], []])
    t.deepEqual(
      remove(names),
      done([then('CategoryAppsRemoved', { categoryId: GAMES, sealed: { names } })], 'G2', apps(GAMES)),
    )
  t.is(remove(['org.chess', 'org.radio']), 'NO_ITEM')
  t.is(remove(['org.chess', 'org.chess']), 'SCHEMA')
  t.is(remove([], NOBODY), 'NO_CATEGORY')
  t.is(remove(['org.chess'], NOBODY), 'NO_CATEGORY')
})

test('SET_PARENT_CATEGORY: of the same child, and never in a circle', (t) => {
  const set = (categoryId: string, parentCategory: string, after = [categoryCreated('third1', KID)]) =>
    push('SET_PARENT_CATEGORY', { categoryId, parentCategory }, { after })
  const below = (categoryId: string, parentCategoryId: string) =>
    done([then('CategoryParentSet', { categoryId, parentCategoryId })], 'G2', base(categoryId))
  t.deepEqual(set(GAMES, MUSIC), below(GAMES, MUSIC))
  t.deepEqual(set(GAMES, ''), below(GAMES, ''))
  t.is(set(NOBODY, MUSIC), 'NO_CATEGORY')
  t.is(set(GAMES, NOBODY), 'NO_CATEGORY')
  t.is(set(GAMES, BOOKS), 'NO_CATEGORY', "another child's")
  t.is(set(GAMES, 'x'), 'SCHEMA')
  t.is(set(GAMES, GAMES), 'STATE')
  const line = [categoryCreated('third1', KID), parentSet(MUSIC, GAMES), parentSet('third1', MUSIC)]
  t.is(set(GAMES, MUSIC, line), 'STATE')
  t.is(set(GAMES, 'third1', line), 'STATE')
  t.deepEqual(set('third1', GAMES, line), below('third1', GAMES))
})

test('a circle or a loose end in what is stored ends the walk to the ancestors', (t) => {
  const circle = [categoryCreated('third1', KID), parentSet(GAMES, MUSIC), parentSet(MUSIC, GAMES)]
  t.not(
    push('SET_PARENT_CATEGORY', { categoryId: 'third1', parentCategory: GAMES }, { after: circle }),
    'STATE',
  )
  t.is(push('SET_PARENT_CATEGORY', { categoryId: GAMES, parentCategory: MUSIC }, { after: circle }), 'STATE')
  const loose = [parentSet(MUSIC, NOBODY)]
  t.not(push('SET_PARENT_CATEGORY', { categoryId: GAMES, parentCategory: MUSIC }, { after: loose }), 'STATE')
})

test('UPDATE_CATEGORY_SORTING: by the place in the list, without those that do not exist', (t) => {
  const items = [
    { categoryId: BOOKS, sort: 0 },
    { categoryId: GAMES, sort: 2 },
  ]
  t.deepEqual(
    push('UPDATE_CATEGORY_SORTING', { categoryIds: [BOOKS, NOBODY, GAMES] }),
    done([then('CategoriesSorted', { items })], 'G1', base(BOOKS), base(GAMES)),
  )
  for (const categoryIds of [[], [NOBODY]]) {
    const byMum = { type: 'parent', userId: MUM, integrity: 'device' } as const
    const sorted = pushedBy(PHONE, { type: 'UPDATE_CATEGORY_SORTING', categoryIds }, byMum)
    const told = then('DeviceSequenceAdvanced', { action: 'UPDATE_CATEGORY_SORTING', told: 1 })
    t.deepEqual(dataOf(sorted), [told])
    t.false(sorted.fullSync)
  }
  t.is(push('UPDATE_CATEGORY_SORTING', { categoryIds: [GAMES, GAMES] }), 'SCHEMA')
  t.is(push('UPDATE_CATEGORY_SORTING', { categoryIds: ['games'] }), 'SCHEMA')
})

test('networks: eight in a category, each id once', (t) => {
  const network = (itemId: string, hashedNetworkId = '0123abcd') => ({ itemId, hashedNetworkId })
  const add = (itemId: string, count = 0, change: object = {}) => {
    const after = Array.from({ length: count }, (_, index) =>
      fact('CategoryNetworkIdAdded', {
        categoryId: GAMES,
        itemId: `netwo${index}`,
        sealed: { hashedNetworkId: '00000000' },
      }),
    )
    return push('ADD_CATEGORY_NETWORK_ID', { categoryId: GAMES, ...network(itemId), ...change }, { after })
  }
  const added = (itemId: string, categoryId = GAMES) => {
    const sealed = { hashedNetworkId: '0123abcd' }
    return done([then('CategoryNetworkIdAdded', { categoryId, itemId, sealed })], 'G2', base(categoryId))
  }
  t.deepEqual(add('netwo7', 7), added('netwo7'))
  t.is(add('netwo8', 8), 'LIMIT')
  t.is(add('netwo6', 7), 'DUPLICATE')
  t.deepEqual(add('netwo0', 8, { categoryId: MUSIC }), added('netwo0', MUSIC), 'another category has its own')
  t.is(add('netwo0', 0, { categoryId: NOBODY }), 'NO_CATEGORY')
  for (const hashedNetworkId of ['0123ABCD', '0123abc', '0123abcde', '0123abcg', 7])
    t.is(add('netwo0', 0, { hashedNetworkId }), 'SCHEMA')
  t.deepEqual(
    push('RESET_CATEGORY_NETWORK_IDS', { categoryId: GAMES }),
    done([then('CategoryNetworkIdsReset', { categoryId: GAMES })], 'G2', base(GAMES)),
  )
  t.is(push('RESET_CATEGORY_NETWORK_IDS', { categoryId: NOBODY }), 'NO_CATEGORY')
  const reset = [
    ...Array.from({ length: 8 }, (_, index) =>
      fact('CategoryNetworkIdAdded', { categoryId: GAMES, itemId: `netwo${index}`, sealed: null }),
    ),
    fact('CategoryNetworkIdsReset', { categoryId: GAMES }),
  ]
  t.deepEqual(
    push('ADD_CATEGORY_NETWORK_ID', { categoryId: GAMES, ...network('netwo0') }, { after: reset }),
    added('netwo0'),
  )
})

test('a state that was folded is not changed by what is folded next', (t) => {
  const before = family(assigned(GAMES, 'org.chess'))
  const copy = structuredClone(before)
  const moved = fact('CategoryAppsAssigned', {
    categoryId: MUSIC,
    losing: [GAMES],
    sealed: { names: ['org.chess'], movedFrom: { [GAMES]: ['org.chess'] } },
  })
  t.deepEqual(evolve(before, moved).categories[GAMES]?.apps, [])
  t.deepEqual(before, copy)
})
