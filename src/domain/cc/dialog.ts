import type { Json } from '../../json.ts'
import { DIALOG_TYPES, type DialogType } from './dialog-events.ts'
import { may, type Action, type Role } from './dialog-rights.ts'
import { usersWith, valueOf, type Spread } from './spread.ts'

/** What the decider of a dialog's stream knows: as much as the dialog has members, and nothing of what they wrote. */
export type DialogState = {
  readonly life: 'none' | 'there' | 'deleted'
  readonly app: number
  readonly dialog: string
  readonly type: DialogType
  readonly owner: number
  readonly admins: readonly number[]
  readonly allowPreview: boolean
  /** Newest pin last. */
  readonly pinned: readonly string[]
  /** Number of the last message. */
  readonly seq: number
  /** When that was sent: seconds since the Unix epoch. */
  readonly lastDate: number
  /** Up to here the history went for all. */
  readonly floor: number
  /** Who is in it; false: who was. Nobody of type 1. */
  readonly occupants: Spread<boolean>
  /** Messages of each since the history went for all. */
  readonly sent: Spread<number>
}

/** `null` takes a detail away, what is not there stays. */
export type Details = {
  readonly name?: string | null
  readonly description?: string | null
  readonly photo?: string | null
  readonly extensions?: { readonly [key: string]: string } | null
}

/** `by` is the user who wants it; 0 is the administrator, who may everything. */
export type DialogCommand =
  | {
      readonly type: 'Create'
      readonly app: number
      readonly dialog: string
      readonly dialogType: DialogType
      readonly owner: number
      readonly occupants: readonly number[]
      readonly admins: readonly number[]
      readonly allowPreview: boolean
      readonly details?: Details
    }
  | UpdateDialog
  | { readonly type: 'Subscribe'; readonly by: number }
  | { readonly type: 'Leave'; readonly by: number }
  | { readonly type: 'Delete'; readonly by: number }
  /** All messages that are there, for all. */
  | { readonly type: 'DeleteHistory'; readonly by: number }
  | SendMessage

/** All of it or nothing. What is there needs its right, even if it changes nothing: empty details or lists. */
export type UpdateDialog = {
  readonly type: 'Update'
  readonly by: number
  readonly details?: Details
  readonly allowPreview?: boolean
  readonly add?: readonly number[]
  readonly remove?: readonly number[]
  readonly appoint?: readonly number[]
  readonly dismiss?: readonly number[]
  readonly pin?: readonly string[]
  readonly unpin?: readonly string[]
}

export type SendMessage = {
  readonly type: 'SendMessage'
  readonly by: number
  readonly message: string
  /** Seconds since the Unix epoch. */
  readonly dateSent: number
  readonly origin: 'rest' | 'xmpp'
  readonly sendToChat: boolean
  readonly silent: boolean
  readonly content: {
    readonly text?: string
    readonly attachments?: readonly Json[]
    readonly params?: { readonly [key: string]: Json }
  }
}

export const isIn = ({ type, occupants }: DialogState, user: number): boolean =>
  type === DIALOG_TYPES.broadcast || valueOf(occupants, user) === true

/** Ascending; of type 1 nobody. */
export const occupantsOf = ({ occupants }: DialogState): readonly number[] => usersWith(occupants, true)

/** Of a private dialog; 0 of any other. */
export const opponentOf = (state: DialogState, user: number): number =>
  state.type === DIALOG_TYPES.private ? (occupantsOf(state).find((other) => other !== user) ?? 0) : 0

export const sentBy = ({ sent }: DialogState, user: number): number => valueOf(sent, user) ?? 0

/** Nobody is an admin of a private dialog. */
export const roleOf = (state: DialogState, user: number): Role => {
  if (!isIn(state, user)) return 'outsider'
  if (state.owner === user) return 'owner'
  return state.type !== DIALOG_TYPES.private && state.admins.includes(user) ? 'admin' : 'member'
}

export const ADMINISTRATOR = 0

export const isAllowed = (state: DialogState, user: number, action: Action): boolean =>
  user === ADMINISTRATOR || may(state.type, roleOf(state, user), action)
