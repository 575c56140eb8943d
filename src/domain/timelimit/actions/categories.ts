import * as E from 'fp-ts/lib/Either.js'
import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import { at, type FamilyState } from '../state.ts'
import { action } from './action.ts'
import { categoryDeleted, withoutReplies } from './cascades.ts'
import { check, distinct, hex, id6, id6OrNone, label, members } from './codec.ts'
import { chainOf, mayHaveParent, mayTakeApps, ofCategory, selfRefusal } from './self-limit.ts'

const NETWORKS_MAX = 8
const SPECIFIER_LENGTH_MAX = 255
const NETWORK_HASH_LENGTH = 8

const specifier = check(
  'app specifier',
  (value): value is string => typeof value === 'string' && value.length <= SPECIFIER_LENGTH_MAX,
  { type: 'string', maxLength: SPECIFIER_LENGTH_MAX },
)
const specifiers = distinct(specifier, (name) => name)

/** Which categories there are, and what is in them (timelimit 4.4). */
export const CATEGORY_ACTIONS = {
  CREATE_CATEGORY: action({
    envelope: 'parent',
    codec: members({ childId: id6, categoryId: id6, title: label }),
    selfLimit: true,
    decide: ({ childId, categoryId, title }, { state, actor }) => {
      if (at(state.users, childId)?.type !== 'child') return E.left('NO_USER')
      const refused = selfRefusal(actor, childId, () => true)
      if (refused !== undefined) return E.left(refused)
      if (at(state.categories, categoryId) !== undefined) return E.left('DUPLICATE')
      const sort = lastSort(state, childId) + 1
      return E.right({ facts: [fact('CategoryCreated', { categoryId, childId, sort, sealed: { title } })] })
    },
  }),
  DELETE_CATEGORY: action({
    envelope: 'parent',
    codec: members({ categoryId: id6 }),
    decide: ({ categoryId }, { state }) =>
      at(state.categories, categoryId) === undefined
        ? E.left('NO_CATEGORY')
        : E.right(withoutReplies(state, categoryDeleted(state, categoryId))),
  }),
  UPDATE_CATEGORY_TITLE: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, newTitle: label }),
    decide: ({ categoryId, newTitle }, ctx) =>
      ofCategory(ctx, categoryId, () => [
        fact('CategoryRenamed', { categoryId, sealed: { title: newTitle } }),
      ]),
  }),
  ADD_CATEGORY_APPS: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, packageNames: specifiers }),
    selfLimit: true,
    decide: ({ categoryId, packageNames: names }, ctx) =>
      ofCategory(
        ctx,
        categoryId,
        ({ childId }) => [assigned(ctx.state, childId, categoryId, names)],
        () => mayTakeApps(ctx.state, categoryId, names),
      ),
  }),
  REMOVE_CATEGORY_APPS: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, packageNames: specifiers }),
    decide: ({ categoryId, packageNames: names }, ctx) => {
      const apps = new Set(at(ctx.state.categories, categoryId)?.apps)
      const removed = ofCategory(ctx, categoryId, () => [
        fact('CategoryAppsRemoved', { categoryId, sealed: { names } }),
      ])
      return E.isLeft(removed) || names.every((name) => apps.has(name)) ? removed : E.left('NO_ITEM')
    },
  }),
  SET_PARENT_CATEGORY: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, parentCategory: id6OrNone }),
    selfLimit: true,
    decide: ({ categoryId, parentCategory: parentCategoryId }, ctx) => {
      const { categories } = ctx.state
      const category = at(categories, categoryId)
      if (category === undefined) return E.left('NO_CATEGORY')
      if (parentCategoryId !== '') {
        if (at(categories, parentCategoryId)?.childId !== category.childId) return E.left('NO_CATEGORY')
        if (chainOf(ctx.state, parentCategoryId).has(categoryId)) return E.left('STATE')
      }
      return ofCategory(
        ctx,
        categoryId,
        () => [fact('CategoryParentSet', { categoryId, parentCategoryId })],
        () => mayHaveParent(ctx.state, category, parentCategoryId),
      )
    },
  }),
  UPDATE_CATEGORY_SORTING: action({
    envelope: 'parent',
    codec: members({ categoryIds: distinct(id6, (id) => id) }),
    decide: ({ categoryIds }, { state }) => {
      const items = categoryIds
        .map((categoryId, sort) => ({ categoryId, sort }))
        .filter(({ categoryId }) => at(state.categories, categoryId) !== undefined)
      return E.right(
        items.length === 0 ? { facts: [], told: 1 } : { facts: [fact('CategoriesSorted', { items })] },
      )
    },
  }),
  ADD_CATEGORY_NETWORK_ID: action({
    envelope: 'parent',
    codec: members({ categoryId: id6, itemId: id6, hashedNetworkId: hex(NETWORK_HASH_LENGTH) }),
    decide: ({ categoryId, itemId, hashedNetworkId }, ctx) => {
      const { networks = [] } = at(ctx.state.categories, categoryId) ?? {}
      if (networks.length >= NETWORKS_MAX) return E.left('LIMIT')
      if (networks.includes(itemId)) return E.left('DUPLICATE')
      return ofCategory(ctx, categoryId, () => [
        fact('CategoryNetworkIdAdded', { categoryId, itemId, sealed: { hashedNetworkId } }),
      ])
    },
  }),
  RESET_CATEGORY_NETWORK_IDS: action({
    envelope: 'parent',
    codec: members({ categoryId: id6 }),
    decide: ({ categoryId }, ctx) =>
      ofCategory(ctx, categoryId, () => [fact('CategoryNetworkIdsReset', { categoryId })]),
  }),
} as const

/** 0 if there is none: the first category of a child gets 1, as with the reference (A10). */
const lastSort = ({ categories }: FamilyState, childId: string): number =>
  Object.values(categories).reduce(
    (last, category) => (category.childId === childId ? Math.max(last, category.sort) : last),
    0,
  )

/** An app is in one category of a child at most: the others lose it. */
const assigned = (
  { categories }: FamilyState,
  childId: string,
  categoryId: string,
  names: readonly string[],
): Fact => {
  const wanted = new Set(names)
  const moved = Object.entries(categories)
    .filter(([id, category]) => id !== categoryId && category.childId === childId)
    .map(([id, { apps }]) => [id, apps.filter((name) => wanted.has(name))] as const)
    .filter(([, lost]) => lost.length > 0)
  return fact('CategoryAppsAssigned', {
    categoryId,
    losing: moved.map(([id]) => id).sort(),
    sealed: { names, movedFrom: Object.fromEntries(moved) },
  })
}
