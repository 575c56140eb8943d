/** Proves which categories parents may let stand for what to users (timelimit 4.4): facts, who is told, versions, and every refusal. */
import test from 'ava'
import { USER_ACTIONS } from '../../../../src/domain/timelimit/actions/users.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import {
  BOOKS,
  categoryCreated,
  DAD,
  GAMES,
  KID,
  MUM,
  NOBODY,
  SIS,
  when,
  type Given,
} from '../../../support/timelimit-family.ts'

const push = (type: keyof typeof USER_ACTIONS, action: JsonObject, given?: Given) =>
  when(USER_ACTIONS[type], { type, ...action }, given)

const done = (facts: readonly unknown[], notify: string, ...bumps: readonly string[]) => ({
  facts,
  effects: [],
  notify,
  bumps,
})

test('SET_CATEGORY_FOR_UNASSIGNED_APPS: none, or one of the same child', (t) => {
  for (const categoryId of [GAMES, ''])
    t.deepEqual(
      push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: KID, categoryId }),
      done([{ type: 'UnassignedAppsCategorySet', data: { userId: KID, categoryId } }], 'G2', 'users'),
    )
  t.is(push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: KID, categoryId: NOBODY }), 'NO_CATEGORY')
  t.is(push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: KID, categoryId: BOOKS }), 'STATE')
})

test('UPDATE_USER_LIMIT_LOGIN_CATEGORY: set only for oneself, cleared by every parent', (t) => {
  t.deepEqual(
    push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: MUM, categoryId: BOOKS }),
    done(
      [{ type: 'LimitLoginCategorySet', data: { userId: MUM, categoryId: BOOKS, preBlock: 0 } }],
      'G2',
      'users',
    ),
  )
  t.deepEqual(
    push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: DAD }),
    done([{ type: 'LimitLoginCategoryCleared', data: { userId: DAD } }], 'G2', 'users'),
  )
  t.is(push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: DAD, categoryId: BOOKS }), 'STATE')
  t.is(push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: MUM, categoryId: NOBODY }), 'NO_CATEGORY')
  t.is(push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: KID }), 'NO_USER')
  t.is(push('UPDATE_USER_LIMIT_LOGIN_CATEGORY', { userId: NOBODY }), 'NO_USER')
})

test('UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION: other than 0 only for oneself, and of an entry', (t) => {
  const after = [MUM, DAD].map((userId) =>
    fact('LimitLoginCategorySet', { userId, categoryId: GAMES, preBlock: 5 }),
  )
  const set = (userId: string, preBlockDuration: number, given: Given = { after }) =>
    push('UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION', { userId, preBlockDuration }, given)
  const rows = [
    [MUM, 86_400_000],
    [DAD, 0],
  ] as const
  for (const [userId, preBlock] of rows)
    t.deepEqual(
      set(userId, preBlock),
      done([{ type: 'LimitLoginPreBlockDurationSet', data: { userId, preBlock } }], 'G2', 'users'),
    )
  t.is(set(DAD, 1), 'STATE')
  t.is(set(MUM, 1, {}), 'NO_ITEM')
  t.is(set(DAD, 0, {}), 'NO_ITEM')
  t.is(set(KID, 0), 'NO_USER')
  t.is(set(MUM, 86_400_001), 'SCHEMA')
})

test('what was removed is gone: the id of a removed category is free again', (t) => {
  const after = [fact('CategoryDeleted', { categoryId: GAMES, requests: [] })]
  t.is(
    push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: KID, categoryId: GAMES }, { after }),
    'NO_CATEGORY',
  )
  const again = [...after, categoryCreated(GAMES, SIS)]
  t.not(
    push('SET_CATEGORY_FOR_UNASSIGNED_APPS', { childId: SIS, categoryId: GAMES }, { after: again }),
    'NO_CATEGORY',
  )
})
