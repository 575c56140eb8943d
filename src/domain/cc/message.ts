import type { DialogType } from './dialog-events.ts'
import type { Role } from './dialog-rights.ts'
import type { Spread } from './spread.ts'

/** What the decider of a message's stream knows: nothing of what it says. */
export type MessageState = {
  readonly isDeleted: boolean
  /** Kinds of reactions that each user gave and did not take back. */
  readonly reactions: Spread<readonly string[]>
}

/** What its dialog knows of a message: that it was sent is an event there. */
export type MessagePlace = {
  readonly app: number
  readonly dialog: string
  readonly message: string
  readonly sender: number
}

/** Who wants it, and what he is in the dialog at that moment. */
export type Wisher = { readonly by: number; readonly dialogType: DialogType; readonly role: Role }

export type MessageAction =
  | { readonly type: 'Edit'; readonly text: string }
  | { readonly type: 'React'; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly type: 'DeleteForAll'; readonly seq: number; readonly previous?: Previous | null }

/** The newest message that is left when the dialog's last one goes; `dateSent` is seconds since the Unix epoch. */
export type Previous = {
  readonly message: string
  readonly seq: number
  readonly dateSent: number
  readonly sender: number
}

export type MessageCommand = MessagePlace & Wisher & { readonly action: MessageAction }
