/**
 * Proves who may do what in which dialog (connectycube 8.3): every action by every role in every type, decided on a dialog that has one of each
 * role, against a table written down by hand from the specification; and that the administrator may everything.
 */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { dialogDecider } from '../../../../src/domain/cc/dialog-decide.ts'
import { DIALOG_TYPES, type DialogType } from '../../../../src/domain/cc/dialog-events.ts'
import { RIGHTS, type Action } from '../../../../src/domain/cc/dialog-rights.ts'
import { isAllowed, roleOf, type DialogCommand } from '../../../../src/domain/cc/dialog.ts'
import { after } from '../../../support/afrodite-domain.ts'
import { creating, messageId, sending } from '../../../support/cc-dialogs.ts'

const OUTSIDER = 5
const OTHER = 4
const ACTORS = { outsider: OUTSIDER, member: 3, admin: 2, owner: 1 } as const
type Actor = keyof typeof ACTORS

/** Who may, by type 1 to 5: m(ember), a(dmin), o(wner). Nobody is an admin of a private dialog. */
const MAY: { readonly [A in Action]: readonly [string, string, string, string, string] } = {
  read: ['mao', 'mao', 'mo', 'mao', 'mao'],
  write: ['ao', 'mao', 'mo', 'mao', 'mao'],
  deleteOwn: ['ao', 'mao', 'mo', 'mao', 'mao'],
  deleteAny: ['ao', 'ao', '', 'ao', 'ao'],
  change: ['ao', 'mao', '', 'ao', 'mao'],
  pin: ['ao', 'ao', 'mo', 'ao', 'ao'],
  addUsers: ['', 'mao', '', '', 'mao'],
  removeUsers: ['', 'ao', '', '', 'ao'],
  appointAdmins: ['o', 'o', '', 'o', 'o'],
  deleteForAll: ['o', 'o', 'o', 'o', 'o'],
  leave: ['', 'mao', '', 'mao', 'mao'],
}

const update = (by: number, more: Partial<Extract<DialogCommand, { type: 'Update' }>>): DialogCommand => ({
  type: 'Update',
  by,
  ...more,
})

/** Commands that need the right; none where it is a matter of messages. */
const COMMANDS: { readonly [A in Action]: readonly ((by: number) => DialogCommand)[] } = {
  read: [(by) => update(by, {})],
  write: [(by) => sending(by, 1)],
  deleteOwn: [],
  deleteAny: [],
  change: [
    (by) => update(by, { details: { name: 'x' } }),
    (by) => update(by, { details: {} }),
    (by) => update(by, { allowPreview: true }),
  ],
  pin: [(by) => update(by, { pin: [messageId(1)] }), (by) => update(by, { unpin: [messageId(1)] })],
  addUsers: [(by) => update(by, { add: [9] })],
  removeUsers: [(by) => update(by, { remove: [OTHER] }), (by) => update(by, { remove: [OTHER, by] })],
  appointAdmins: [(by) => update(by, { appoint: [OTHER] }), (by) => update(by, { dismiss: [2] })],
  deleteForAll: [(by) => ({ type: 'Delete', by }), (by) => ({ type: 'DeleteHistory', by })],
  leave: [(by) => ({ type: 'Leave', by }), (by) => update(by, { remove: [by] })],
}

const given = (type: DialogType) => {
  const isPrivate = type === DIALOG_TYPES.private
  const occupants = isPrivate ? [ACTORS.owner, ACTORS.member] : [1, 2, 3, OTHER]
  const created = dialogDecider.decide(
    creating(type, type === DIALOG_TYPES.broadcast ? [] : occupants, {
      owner: ACTORS.owner,
      admins: isPrivate ? [] : [ACTORS.admin],
    }),
    dialogDecider.initial,
  )
  return after(dialogDecider, E.isRight(created) ? created.right : [])
}

/** A broadcast has no outsiders, a private dialog no admins. */
const actorsOf = (type: DialogType): readonly Actor[] => {
  if (type === DIALOG_TYPES.broadcast) return ['member', 'admin', 'owner']
  return type === DIALOG_TYPES.private
    ? ['outsider', 'member', 'owner']
    : ['outsider', 'member', 'admin', 'owner']
}

for (const type of Object.values(DIALOG_TYPES)) {
  for (const actor of actorsOf(type)) {
    test(`type ${type}, ${actor}`, (t) => {
      const state = given(type)
      const by = ACTORS[actor]
      t.is(roleOf(state, by), actor)
      for (const action of Object.keys(RIGHTS) as readonly Action[]) {
        const expected = actor !== 'outsider' && (MAY[action][type - 1] ?? '').includes(actor.charAt(0))
        t.is(isAllowed(state, by, action), expected, action)
        for (const command of COMMANDS[action]) {
          const decided = dialogDecider.decide(command(by), state)
          const kind = E.isLeft(decided) ? decided.left.kind : 'allowed'
          // A private dialog's occupants are fixed for whoever is in it: that is no matter of rights.
          const isFixed =
            type === DIALOG_TYPES.private &&
            actor !== 'outsider' &&
            /add|remove/.test(JSON.stringify(command(by)))
          t.is(
            kind,
            isFixed ? 'Unprocessable' : expected ? 'allowed' : 'Forbidden',
            `${action} ${command(by).type}`,
          )
        }
      }
    })
  }
  test(`type ${type}, administrator`, (t) => {
    const state = given(type)
    for (const action of Object.keys(RIGHTS) as readonly Action[]) t.true(isAllowed(state, 0, action))
    const sent = dialogDecider.decide(sending(0, 1), state)
    t.true(E.isLeft(sent), 'nobody writes as the administrator')
  })
}

test('nobody may anything in a dialog that there is not, or is not any more', (t) => {
  const created = dialogDecider.decide(creating(2, [1, 2]), dialogDecider.initial)
  const facts = E.isRight(created) ? created.right : []
  const deleted = dialogDecider.decide({ type: 'Delete', by: 1 }, after(dialogDecider, facts))
  const gone = after(dialogDecider, [...facts, ...(E.isRight(deleted) ? deleted.right : [])])
  for (const state of [dialogDecider.initial, gone])
    for (const commands of Object.values(COMMANDS))
      for (const command of commands) {
        const decided = dialogDecider.decide(command(1), state)
        t.is(E.isLeft(decided) && decided.left.kind, 'NotFound')
      }
})
