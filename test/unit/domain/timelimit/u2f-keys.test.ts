/** Proves the actions on parents' security keys (timelimit 1.5, 4.4): facts, who is told, versions, and every refusal. */
import test from 'ava'
import { u2fKeyId } from '../../../../src/crypto/u2f.ts'
import { USER_ACTIONS } from '../../../../src/domain/timelimit/actions/users.ts'
import { fact } from '../../../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../../../src/json.ts'
import { DAD, MUM, NOW, parent, when, type Given } from '../../../support/timelimit-family.ts'

const push = (type: keyof typeof USER_ACTIONS, action: JsonObject, given?: Given) =>
  when(USER_ACTIONS[type], { type, ...action }, given)

const done = (facts: readonly unknown[], notify: string, ...bumps: readonly string[]) => ({
  facts,
  effects: [],
  notify,
  bumps,
})

const KEY = {
  keyHandle: Buffer.alloc(20, 1).toString('base64'),
  publicKey: Buffer.alloc(65, 4).toString('base64'),
}
const KEY_ID = u2fKeyId(KEY.keyHandle, KEY.publicKey)
const keyAdded = (userId: string, key = KEY) =>
  fact('ParentU2fKeyAdded', {
    userId,
    addedAt: NOW,
    sealed: { keyId: u2fKeyId(key.keyHandle, key.publicKey), ...key },
  })

test('ADD_PARENT_U2F: sixteen different ones in a family', (t) => {
  const given = done(
    [{ type: 'ParentU2fKeyAdded', data: { userId: MUM, addedAt: NOW, sealed: { keyId: KEY_ID, ...KEY } } }],
    'G1',
    'u2f',
  )
  t.deepEqual(push('ADD_PARENT_U2F', KEY), given)
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      keyAdded(DAD, { ...KEY, keyHandle: Buffer.from([9, index]).toString('base64') }),
    )
  t.deepEqual(push('ADD_PARENT_U2F', KEY, { after: many(15) }), given)
  t.is(push('ADD_PARENT_U2F', KEY, { after: many(16) }), 'LIMIT')
  t.is(push('ADD_PARENT_U2F', KEY, { after: [keyAdded(DAD)] }), 'DUPLICATE')
  t.is(push('ADD_PARENT_U2F', { ...KEY, keyHandle: Buffer.alloc(2049).toString('base64') }), 'SCHEMA')
  t.not(push('ADD_PARENT_U2F', { ...KEY, keyHandle: Buffer.alloc(2048).toString('base64') }), 'SCHEMA')
  t.is(push('ADD_PARENT_U2F', { ...KEY, publicKey: 'a-_=' }), 'SCHEMA')
})

test('REMOVE_PARENT_U2F: the version always moves; only a key of the one who acts goes', (t) => {
  const removed = (keyId: string) =>
    done([{ type: 'ParentU2fKeyRemoved', data: { userId: MUM, sealed: { keyId } } }], 'G2', 'u2f')
  t.deepEqual(push('REMOVE_PARENT_U2F', KEY, { after: [keyAdded(MUM)] }), removed(KEY_ID))
  t.deepEqual(push('REMOVE_PARENT_U2F', KEY), removed('-'))
  t.deepEqual(push('REMOVE_PARENT_U2F', KEY, { after: [keyAdded(DAD)] }), removed('-'))
  t.is(push('REMOVE_PARENT_U2F', KEY, { after: [keyAdded(MUM)], as: parent(MUM, 'u2f') }), 'METHOD')
})

test('REPORT_U2F_LOGIN: only with a key, and nobody is told', (t) => {
  t.deepEqual(
    push('REPORT_U2F_LOGIN', {}, { as: parent(MUM, 'u2f') }),
    done([{ type: 'ParentU2fLoginReported', data: { userId: MUM } }], ''),
  )
  t.is(push('REPORT_U2F_LOGIN', {}), 'METHOD')
  t.is(push('REPORT_U2F_LOGIN', {}, { as: parent(MUM, 'device') }), 'METHOD')
})
