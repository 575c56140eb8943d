/** Shorthand for tests of the table of actions: what is pushed by its type, and what is expected of it. */
import * as E from 'fp-ts/lib/Either.js'
import type { Fact } from '../../src/domain/decider.ts'
import type { Actor } from '../../src/domain/timelimit/actions/action.ts'
import { actionNamed } from '../../src/domain/timelimit/actions/table.ts'
import { fact } from '../../src/domain/timelimit/events.ts'
import { decidePush, type Pushed } from '../../src/domain/timelimit/push.ts'
import type { CategoryPart } from '../../src/domain/timelimit/scopes.ts'
import type { JsonObject } from '../../src/json.ts'
import { family, KID, NOW, when, type Given, type Then } from './timelimit-family.ts'

export const push = (type: string, action: JsonObject, given?: Given): Then =>
  when(actionNamed(type), { type, ...action }, given)

/** An expected fact, as it is stored. */
export const then = (type: string, data: JsonObject): Fact => ({ type, data })

export const done = (facts: readonly Fact[], notify: string, ...bumps: readonly string[]) => ({
  facts,
  effects: [],
  notify,
  bumps: [...bumps].sort(),
})

/** A version of a category. */
export const scope = (part: CategoryPart, category: string): string => JSON.stringify({ category, part })

/** The child that limits itself. */
export const SELF: Actor = { kind: 'self', userId: KID }
export const MAY_LIMIT_ITSELF = fact('UserFlagsChanged', { userId: KID, flags: 2 })

/** What a push of one action with the number 0 leaves, whose sender needs no signature. */
export const pushedBy = (
  device: string,
  action: JsonObject,
  {
    after = [],
    ...sender
  }: { type?: 'appLogic' | 'parent'; userId?: string; integrity?: string; after?: readonly Fact[] } = {},
): Pushed => {
  const signed = { type: 'appLogic' as const, userId: '', integrity: '', ...sender }
  const pushed = decidePush(
    {
      type: 'Push',
      deviceId: device,
      tokenHash: `hash of ${device}`,
      actions: [{ encodedAction: JSON.stringify(action), sequenceNumber: 0, ...signed }],
      now: NOW,
      alwaysPremium: false,
      dhKeys: {},
    },
    family(...after),
  )
  if (E.isLeft(pushed)) throw new Error(JSON.stringify(pushed.left))
  return pushed.right
}

/** Its facts without how they came in. */
export const dataOf = ({ facts }: Pushed): readonly Fact[] => facts.map(({ type, data }) => ({ type, data }))
