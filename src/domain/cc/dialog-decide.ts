import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import {
  CONNECTYCUBE_ADMINS_MAX,
  CONNECTYCUBE_CLOCKS_APART_SECONDS_MAX,
  CONNECTYCUBE_OCCUPANTS_MAX,
  CONNECTYCUBE_PINS_MAX,
} from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { DIALOG_TYPES, dialogEvents } from './dialog-events.ts'
import { evolveDialog, NO_DIALOG } from './dialog-evolve.ts'
import type { Action } from './dialog-rights.ts'
import { RULES } from './rules.ts'
import {
  isAllowed,
  isIn,
  opponentOf,
  occupantsOf,
  sentBy,
  type DialogCommand,
  type DialogState,
  type SendMessage,
  type UpdateDialog,
} from './dialog.ts'
import { valueOf } from './spread.ts'

/** Who is in a dialog, what becomes of it, and who may write (connectycube 8.3, 8.4). */
export const dialogDecider: Decider<DialogState, DialogCommand> = {
  initial: NO_DIALOG,
  stateVersion: 2,
  evolve: evolveDialog,
  decide: (command, state) => {
    if (command.type === 'Create') return create(command, state)
    return state.life === 'there' ? decideThere(command, state) : E.left(NO_DIALOG_THERE)
  },
}

type Decided = Either<Rejection, readonly Fact[]>
type Of<T extends DialogCommand['type']> = Extract<DialogCommand, { readonly type: T }>

/** None, or one that was deleted. */
const NO_DIALOG_THERE = rejection('NotFound', 'no_dialog')
const FORBIDDEN: Decided = E.left(rejection('Forbidden', 'no_right'))
const NOTHING: Decided = E.right([])
const { fact } = dialogEvents

const invalid = (reason: string, field: string, text: string): Decided =>
  E.left(rejection('Unprocessable', reason, { fields: { [field]: [text] } }))

/** Of one that is there already nothing: whoever made its id first made it. */
const create = (command: Of<'Create'>, { life }: DialogState): Decided => {
  if (life !== 'none') return life === 'there' ? NOTHING : E.left(NO_DIALOG_THERE)
  const { app, dialog, dialogType, owner, allowPreview, details } = command
  const occupants = ascending(command.occupants)
  const admins = ascending(command.admins)
  if (admins.length > CONNECTYCUBE_ADMINS_MAX) return tooManyAdmins()
  if (occupants.length > CONNECTYCUBE_OCCUPANTS_MAX) return tooManyOccupants()
  return E.right([
    fact('DialogCreated', {
      ...{ app, dialog, type: dialogType, owner, occupants, admins, allowPreview },
      ...(details === undefined ? {} : { sealed: details }),
    }),
  ])
}

const ascending = (users: readonly number[]): readonly number[] => [...new Set(users)].sort((a, b) => a - b)

const tooManyAdmins = (): Decided =>
  invalid('too_many_admins', 'admins_ids', `is too long (maximum is ${CONNECTYCUBE_ADMINS_MAX} users)`)
const tooManyOccupants = (): Decided =>
  invalid(
    'too_many_occupants',
    'occupants_ids',
    `is too long (maximum is ${CONNECTYCUBE_OCCUPANTS_MAX} users)`,
  )

const decideThere = (command: Exclude<DialogCommand, Of<'Create'>>, state: DialogState): Decided => {
  const { by } = command
  switch (command.type) {
    case 'Update':
      return update(command, state)
    case 'Subscribe':
      return subscribe(by, state)
    case 'Leave':
      return isAllowed(state, by, 'leave') ? E.right([removed(state, by, [by])]) : FORBIDDEN
    case 'Delete':
      return isAllowed(state, by, 'deleteForAll')
        ? E.right([fact('DialogDeleted', { app: state.app, dialog: state.dialog, by })])
        : FORBIDDEN
    case 'DeleteHistory':
      return deleteHistory(by, state)
    case 'SendMessage':
      return send(command, state)
  }
}

const removed = ({ app, dialog, type }: DialogState, by: number, users: readonly number[]): Fact =>
  fact('DialogOccupantsRemoved', { app, dialog, dialogType: type, by, users })

const added = (state: DialogState, by: number, users: readonly number[]): Fact => {
  const { app, dialog, type, floor, occupants } = state
  const returning = users.filter((user) => valueOf(occupants, user) !== undefined)
  return fact('DialogOccupantsAdded', { app, dialog, dialogType: type, by, users, returning, floor })
}

/** A group only while strangers may look into it. */
const subscribe = (by: number, state: DialogState): Decided => {
  if (isIn(state, by)) return NOTHING
  const { type, allowPreview } = state
  const isOpen = type === DIALOG_TYPES.public || (type === DIALOG_TYPES.group && allowPreview)
  if (!isOpen) return FORBIDDEN
  if (type === DIALOG_TYPES.group && occupantsOf(state).length >= CONNECTYCUBE_OCCUPANTS_MAX)
    return tooManyOccupants()
  return E.right([added(state, by, [by])])
}

const deleteHistory = (by: number, state: DialogState): Decided => {
  const { app, dialog, seq, floor } = state
  if (!isAllowed(state, by, 'deleteForAll')) return FORBIDDEN
  return seq === floor ? NOTHING : E.right([fact('DialogHistoryDeleted', { app, dialog, by, seq })])
}

const send = (command: SendMessage, state: DialogState): Decided => {
  const { by, message, origin, sendToChat, silent, content } = command
  const { app, dialog, type } = state
  const dateSent = dateOf(command.dateSent, state)
  if (by === 0 || !isAllowed(state, by, 'write')) return FORBIDDEN
  return E.right([
    fact('MessageSent', {
      ...{ app, dialog, message, dialogType: type, dateSent, origin, sendToChat, silent },
      seq: state.seq + 1,
      own: sentBy(state, by) + 1,
      sender: by,
      recipient: opponentOf(state, by),
      sealed: content,
    }),
  ])
}

/** By clocks that are a little apart a message would be before those that it came after. One that was set back has to be believed some time. */
const dateOf = (dateSent: number, { lastDate }: DialogState): number =>
  lastDate - dateSent > CONNECTYCUBE_CLOCKS_APART_SECONDS_MAX ? dateSent : Math.max(dateSent, lastDate)

/** Rights are those that `by` has before it. */
const update = (command: UpdateDialog, state: DialogState): Decided => {
  const { by } = command
  const isPrivate = state.type === DIALOG_TYPES.private
  if (
    isPrivate &&
    (command.add !== undefined || command.remove !== undefined) &&
    isAllowed(state, by, 'read')
  )
    return invalid('occupants_are_fixed', 'occupants_ids', 'cannot be changed in a private dialog')
  const changes = changesOf(command, state)
  if (!changes.needs.every((action) => isAllowed(state, by, action))) return FORBIDDEN
  // Nobody but himself takes the owner out.
  if (changes.removed.some((user) => user === state.owner && user !== by && by !== 0)) return FORBIDDEN
  return checked(changes, state) ?? E.right(factsOf(command, changes, state))
}

type Changes = {
  readonly needs: readonly Action[]
  readonly added: readonly number[]
  readonly removed: readonly number[]
  /** As they are when it is done. */
  readonly admins: readonly number[]
  readonly pinned: readonly string[]
}

const changesOf = (command: UpdateDialog, state: DialogState): Changes => {
  const { by, remove = [], appoint = [], dismiss = [], pin = [], unpin = [] } = command
  const out = ascending(remove)
  const wanted = ascending(command.add ?? []).filter((user) => !isIn(state, user) && !out.includes(user))
  const gone = out.filter((user) => valueOf(state.occupants, user) === true)
  const admins = ascending([...state.admins, ...appoint]).filter(
    (user) => !dismiss.includes(user) && !gone.includes(user),
  )
  const pins = [...new Set([...state.pinned.filter((one) => !pin.includes(one)), ...pin])]
  return {
    needs: needsOf(command, gone.length > 0 && gone.every((user) => user === by)),
    added: wanted,
    removed: gone,
    admins,
    pinned: pins.filter((one) => !unpin.includes(one)),
  }
}

const needsOf = (command: UpdateDialog, isLeaving: boolean): readonly Action[] => {
  const { details, allowPreview, add, remove, appoint, dismiss, pin, unpin } = command
  const rows: readonly (readonly [Action, boolean])[] = [
    ['read', true],
    ['change', details !== undefined || allowPreview !== undefined],
    ['addUsers', add !== undefined],
    ['leave', remove !== undefined && isLeaving],
    ['removeUsers', remove !== undefined && !isLeaving],
    ['appointAdmins', appoint !== undefined || dismiss !== undefined],
    ['pin', pin !== undefined || unpin !== undefined],
  ]
  return rows.flatMap(([action, isNeeded]) => (isNeeded ? [action] : []))
}

const checked = ({ added, admins, pinned }: Changes, state: DialogState): Decided | undefined => {
  if (admins.length > CONNECTYCUBE_ADMINS_MAX) return tooManyAdmins()
  if (admins.some((user) => !isIn(state, user) && !added.includes(user)))
    return invalid('admin_not_in_it', 'admins_ids', RULES.invalid)
  if (pinned.length > CONNECTYCUBE_PINS_MAX)
    return invalid(
      'too_many_pins',
      'pinned_messages_ids',
      `is too long (maximum is ${CONNECTYCUBE_PINS_MAX} messages)`,
    )
  return added.length > 0 && occupantsOf(state).length + added.length > CONNECTYCUBE_OCCUPANTS_MAX
    ? tooManyOccupants()
    : undefined
}

const factsOf = (
  { by, details, allowPreview }: UpdateDialog,
  changes: Changes,
  state: DialogState,
): readonly Fact[] => {
  const { app, dialog, owner } = state
  const place = { app, dialog, by }
  // Who goes is an admin no more by that alone.
  const left = state.admins.filter((admin) => !changes.removed.includes(admin))
  return [
    ...(details === undefined || Object.keys(details).length === 0
      ? []
      : [fact('DialogDetailsChanged', { ...place, owner, sealed: details })]),
    ...(allowPreview === undefined || allowPreview === state.allowPreview
      ? []
      : [fact('DialogPreviewChanged', { ...place, allowPreview })]),
    ...(changes.added.length === 0 ? [] : [added(state, by, changes.added)]),
    ...(changes.removed.length === 0 ? [] : [removed(state, by, changes.removed)]),
    ...(sameList(changes.admins, left)
      ? []
      : [fact('DialogAdminsChanged', { ...place, admins: changes.admins })]),
    ...(sameList(changes.pinned, state.pinned)
      ? []
      : [fact('DialogPinsChanged', { ...place, pinned: changes.pinned })]),
  ]
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index])
