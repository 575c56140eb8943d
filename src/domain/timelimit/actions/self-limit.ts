import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Fact } from '../../decider.ts'
import type { Rule } from '../events/rules.ts'
import { at, type CategoryState, type FamilyState } from '../state.ts'
import type { ActionContext, ActionError, Decision } from './action.ts'

/** A child may add to its limits and never take from them (timelimit 3.3.5, column "Self" of 4.4). */

/**
 * What is decided on a category of the family. For a child that limits itself it has to be one of its own, and what it wants has to be as
 * tight as what there is.
 */
export const ofCategory = (
  { state, actor }: ActionContext,
  categoryId: string,
  facts: (category: CategoryState) => readonly Fact[],
  isAsTight: (category: CategoryState) => boolean = relaxes,
): Either<ActionError, Decision> => {
  const category = at(state.categories, categoryId)
  if (category === undefined) return E.left('NO_CATEGORY')
  const refused = selfRefusal(actor, category.childId, () => isAsTight(category))
  return refused === undefined ? E.right({ facts: facts(category) }) : E.left(refused)
}

/** Why a child that limits itself may not do it to what is of `childId`; nothing is refused to others. */
export const selfRefusal = (
  actor: ActionContext['actor'],
  childId: string | undefined,
  isAsTight: () => boolean,
): ActionError | undefined => {
  if (actor.kind !== 'self') return undefined
  if (actor.userId !== childId) return 'SELF_OTHER'
  return isAsTight() ? undefined : 'SELF_RELAX'
}

/** The category and all above it, as far as they exist and are of the same child. Stored parents may dangle, or run in circles. */
export const chainOf = ({ categories }: FamilyState, categoryId: string): ReadonlySet<string> => {
  const chain = new Set<string>()
  const childId = at(categories, categoryId)?.childId
  for (let id = categoryId; !chain.has(id);) {
    const category = at(categories, id)
    if (category === undefined || category.childId !== childId) break
    chain.add(id)
    id = category.parentId
  }
  return chain
}

/** Apps may come into a category from where they were limited by it already, from above it (timelimit 4.4.2). */
export const mayTakeApps = (state: FamilyState, categoryId: string, names: readonly string[]): boolean => {
  const childId = at(state.categories, categoryId)?.childId ?? ''
  const chain = chainOf(state, categoryId)
  const isFree = chain.has(at(state.users, childId)?.unassignedCategory ?? '')
  const owners = ownersOf(state, childId)
  const isAllowed = (specifier: string, otherwise: boolean): boolean => {
    const owner = owners.get(specifier)
    return owner === undefined ? otherwise : chain.has(owner)
  }
  return names.every((name) => {
    const [app = ''] = name.split(':', 1)
    return !name.includes('@') && isAllowed(app, isFree) && (app === name || isAllowed(name, true))
  })
}

/** The parent that stands stays above. Unlike the reference, `''` is no exception (A12). */
export const mayHaveParent = (state: FamilyState, category: CategoryState, parentId: string): boolean => {
  const present = at(state.categories, category.parentId)
  return present?.childId !== category.childId || chainOf(state, parentId).has(category.parentId)
}

/** Timelimit 4.4.4. */
export const isAsTightARule = (before: Rule, after: Rule): boolean =>
  coversAsMuch(before, after) &&
  after.maxTime <= before.maxTime &&
  (after.extraTime || !before.extraTime) &&
  isAsTightASession(before, after) &&
  (!after.perDay || before.perDay || hasOneDayAtMost(before.dayMask)) &&
  lastsAsLong(before, after)

const relaxes = (): boolean => false

/** Which of the child's categories has which app. */
const ownersOf = ({ categories }: FamilyState, childId: string): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(categories).flatMap(([id, category]) =>
      category.childId === childId ? category.apps.map((name) => [name, id] as const) : [],
    ),
  )

const coversAsMuch = (before: Rule, after: Rule): boolean =>
  (before.dayMask & ~after.dayMask) === 0 && after.start <= before.start && after.end >= before.end

const lastsAsLong = (before: Rule, after: Rule): boolean =>
  after.e === undefined || (before.e !== undefined && after.e >= before.e)

const isAsTightASession = (before: Rule, after: Rule): boolean =>
  !limitsSessions(before) ||
  (limitsSessions(after) && after.session <= before.session && after.pause >= before.pause)

const limitsSessions = ({ session, pause }: Rule): boolean => session > 0 && pause > 0

const hasOneDayAtMost = (dayMask: number): boolean => (dayMask & (dayMask - 1)) === 0
