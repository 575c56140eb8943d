import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { dialogDecider } from '../../domain/cc/dialog-decide.ts'
import { DIALOG_TYPES, type DialogType } from '../../domain/cc/dialog-events.ts'
import {
  ADMINISTRATOR,
  isIn,
  sentBy,
  type Details,
  type DialogCommand,
  type DialogState,
  type UpdateDialog,
} from '../../domain/cc/dialog.ts'
import { adminActor, dialogStream, pairStream, userActor, viewStream } from '../../domain/cc/names.ts'
import { pairDecider } from '../../domain/cc/pair.ts'
import { RULES } from '../../domain/cc/rules.ts'
import { viewDecider } from '../../domain/cc/view-decide.ts'
import type { ViewAction, ViewCommand, ViewPlace, ViewState } from '../../domain/cc/view.ts'
import type { Decider } from '../../domain/decider.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { findUsers } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Engine, Outcome } from '../engine.ts'

type Answered<A> = Promise<Either<Rejection, A>>

/** Dialogs and what each user does with them (connectycube 8.4). `me` is the user who wants it; 0 is the administrator. */
export type Dialogs = {
  readonly load: (app: number, dialog: string) => Promise<DialogState>
  /** The new one's id; of a pair's private dialog the one that they have, visible again for `me`. */
  readonly create: (app: number, me: number, dialog: NewDialog) => Answered<string>
  /** The private dialog of a pair, made if they have none. `Unprocessable`: there is no such other user. */
  readonly privateDialog: (app: number, me: number, other: number, details?: Details) => Answered<string>
  readonly update: (app: number, dialog: string, change: UpdateDialog) => Answered<Outcome<DialogState>>
  readonly run: (
    app: number,
    dialog: string,
    command: Exclude<DialogCommand, { readonly type: 'Create' }>,
    commandId?: string,
  ) => Answered<Outcome<DialogState>>
  /** For the user alone: `NotFound` without such a dialog, `Forbidden` if he is not in it. */
  readonly view: (app: number, dialog: string, me: number, action: ViewAction) => Answered<Outcome<ViewState>>
  /** For me: left, unsubscribed or hidden, as the type has it; `force`: for all. */
  readonly remove: (app: number, dialog: string, me: number, force: boolean) => Answered<unknown>
  readonly clearHistory: (app: number, dialog: string, me: number, force: boolean) => Answered<unknown>
}

export type NewDialog = {
  readonly type: DialogType
  /** Whoever makes it is added. */
  readonly occupants: readonly number[]
  readonly admins: readonly number[]
  readonly allowPreview: boolean
  readonly details: Details
}

export type DialogParts = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find'>
  readonly newId: (at: number) => string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

export const createDialogs = (parts: DialogParts): Dialogs => {
  const { reader } = parts
  const load: Dialogs['load'] = async (app, dialog) =>
    (await parts.engine.load(dialogStream(app, dialog), dialogDecider)).state
  const run: Dialogs['run'] = (app, dialog, command, commandId) =>
    executed(
      parts,
      { stream: dialogStream(app, dialog), decider: dialogDecider, command },
      {
        app,
        by: command.by,
        ...(commandId === undefined ? {} : { commandId }),
      },
    )
  const view: Dialogs['view'] = async (app, dialog, me, action) => {
    const state = await load(app, dialog)
    if (state.life !== 'there') return E.left(NO_DIALOG)
    if (!isIn(state, me)) return E.left(NOT_IN_IT)
    // Taken after the view's own state, so that no mark of it is behind this moment.
    const command = async (): Promise<ViewCommand> => ({ ...placeOf(await load(app, dialog), me), action })
    return executed(parts, { stream: viewStream(dialog, me), decider: viewDecider, command }, { app, by: me })
  }
  const privateDialog: Dialogs['privateDialog'] = (app, me, other, details) =>
    ofPair({ ...parts, load }, { app, me, other }, details)

  return {
    load,
    run,
    view,
    privateDialog,
    create: async (app, me, dialog) => {
      if (dialog.type !== DIALOG_TYPES.private) return createShared(parts, app, me, dialog)
      const [other, ...more] = dialog.occupants.filter((user) => user !== me)
      if (other === undefined || more.length > 0) return E.left(invalidOccupants('not_a_pair'))
      const found = await privateDialog(app, me, other, dialog.details)
      if (E.isLeft(found)) return found
      const shown = await view(app, found.right, me, { type: 'ShowDialog' })
      return E.map(() => found.right)(shown)
    },
    update: async (app, dialog, change) => {
      const users = [...(change.add ?? []), ...(change.appoint ?? [])]
      const unknown = await unknownAmong(reader, app, users)
      if (unknown.length === 0) return run(app, dialog, change)
      // Whoever may not change it is told that first.
      const harmless = {
        ...change,
        ...(change.add === undefined ? {} : { add: [] }),
        ...(change.appoint === undefined ? {} : { appoint: [] }),
      }
      const may = dialogDecider.decide(harmless, await load(app, dialog))
      const isAdded = change.add?.some((user) => unknown.includes(user)) === true
      return E.isLeft(may) ? may : E.left(unknownUsers(isAdded ? 'occupants_ids' : 'admins_ids'))
    },
    remove: async (app, dialog, me, force) => {
      if (force) return run(app, dialog, { type: 'Delete', by: me })
      const { type } = await load(app, dialog)
      return type === DIALOG_TYPES.private || type === DIALOG_TYPES.broadcast
        ? view(app, dialog, me, { type: 'HideDialog' })
        : run(app, dialog, { type: 'Leave', by: me })
    },
    clearHistory: (app, dialog, me, force) =>
      force
        ? run(app, dialog, { type: 'DeleteHistory', by: me })
        : view(app, dialog, me, { type: 'ClearHistory' }),
  }
}

const NO_DIALOG = rejection('NotFound', 'no_dialog')
const NOT_IN_IT = rejection('Forbidden', 'not_an_occupant')

const placeOf = (state: DialogState, user: number): ViewPlace => ({
  app: state.app,
  dialog: state.dialog,
  dialogType: state.type,
  user,
  moment: { seq: state.seq, own: sentBy(state, user), floor: state.floor },
})

type Order<S, C> = {
  readonly stream: string
  readonly decider: Decider<S, C>
  readonly command: C | ((state: S) => Promise<C>)
  readonly isNew?: true
}
type Who = { readonly app: number; readonly by: number; readonly commandId?: string }

const executed = <S, C>(
  { engine, now }: DialogParts,
  order: Order<S, C>,
  { app, by, commandId = randomUUID() }: Who,
): Answered<Outcome<S>> =>
  engine.execute({
    ...order,
    commandId,
    actor: by === ADMINISTRATOR ? adminActor(app) : userActor(app, by),
    at: now(),
    via: { protocol: 'connectycube' },
  })()

const invalidOccupants = (reason: string): Rejection =>
  rejection('Unprocessable', reason, { fields: { occupants_ids: [RULES.invalid] } })
const unknownUsers = (field: 'occupants_ids' | 'admins_ids'): Rejection =>
  rejection('Unprocessable', 'unknown_users', { fields: { [field]: [RULES.invalid] } })

const unknownAmong = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  users: readonly number[],
): Promise<readonly number[]> => {
  if (users.length === 0) return []
  const known = await findUsers(reader, app, users)
  return users.filter((user) => !known.has(user))
}

/** Of any type but private. Admins are in it, whether they are named or not; everybody is in a broadcast, and nobody was added. */
const createShared = async (
  parts: DialogParts,
  app: number,
  me: number,
  { type, occupants, admins, allowPreview, details }: NewDialog,
): Answered<string> => {
  const others = type === DIALOG_TYPES.broadcast ? [] : occupants
  const unknown = await unknownAmong(parts.reader, app, [...others, ...admins])
  if (unknown.length > 0)
    return E.left(
      unknownUsers(others.some((user) => unknown.includes(user)) ? 'occupants_ids' : 'admins_ids'),
    )
  const dialog = parts.newId(parts.now())
  const command: DialogCommand = {
    type: 'Create',
    ...{ app, dialog, dialogType: type, owner: me, admins, allowPreview, details },
    occupants: type === DIALOG_TYPES.broadcast ? [] : [me, ...others, ...admins],
  }
  const order = { stream: dialogStream(app, dialog), decider: dialogDecider, command, isNew: true } as const
  return E.map(() => dialog)(await executed(parts, order, { app, by: me }))
}

type Pair = { readonly app: number; readonly me: number; readonly other: number }

/**
 * Reserved first and made then (decisions 9): whoever finds a reservation without a dialog makes it, so it does not matter who of two was
 * first, or that one crashed in between. One that was deleted for all gives its place to a new one.
 */
const ofPair = async (
  parts: DialogParts & Pick<Dialogs, 'load'>,
  pair: Pair,
  details: Details = {},
): Answered<string> => {
  const { app, me, other } = pair
  let { dialog } = (await parts.engine.load(pairStream(app, me, other), pairDecider)).state
  for (;;) {
    const made = dialog === undefined ? NONE : await madeFrom(parts, pair, dialog, details)
    if (E.isLeft(made)) return made
    if (made.right !== undefined) return E.right(made.right)
    if ((await unknownAmong(parts.reader, app, [other])).length > 0)
      return E.left(unknownUsers('occupants_ids'))
    const reserved = await reserve(parts, pair, dialog)
    if (E.isLeft(reserved)) return reserved
    dialog = reserved.right.state.dialog
  }
}

const NONE = E.right(undefined)

/** The dialog of a reservation, which is there afterwards; nothing if it was deleted for all. */
const madeFrom = async (
  parts: DialogParts & Pick<Dialogs, 'load'>,
  pair: Pair,
  dialog: string,
  details: Details,
): Answered<string | undefined> => {
  const { life } = await parts.load(pair.app, dialog)
  if (life !== 'none') return E.right(life === 'there' ? dialog : undefined)
  const made = await createPrivate(parts, pair, dialog, details)
  return E.isLeft(made) && made.left.kind === 'NotFound' ? NONE : made
}

const reserve = (parts: DialogParts, { app, me, other }: Pair, insteadOf: string | undefined) =>
  executed(
    parts,
    {
      stream: pairStream(app, me, other),
      decider: pairDecider,
      command: {
        type: 'Reserve',
        app,
        users: [me, other],
        dialog: parts.newId(parts.now()),
        ...(insteadOf === undefined ? {} : { insteadOf }),
      },
    },
    { app, by: me },
  )

const createPrivate = async (
  parts: DialogParts,
  { app, me, other }: Pair,
  dialog: string,
  details: Details,
): Answered<string> => {
  const command: DialogCommand = {
    type: 'Create',
    ...{ app, dialog, dialogType: DIALOG_TYPES.private, owner: me, allowPreview: false, details },
    occupants: [me, other],
    admins: [],
  }
  const order = { stream: dialogStream(app, dialog), decider: dialogDecider, command }
  return E.map(() => dialog)(await executed(parts, order, { app, by: me }))
}
