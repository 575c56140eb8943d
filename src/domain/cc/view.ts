import type { DialogType } from './dialog-events.ts'
import type { Spans } from './spans.ts'

/** What the decider of a view's stream knows. A watermark of 0 covers nothing. */
export type ViewState = {
  /** Of a broadcast dialog: there was an event. */
  readonly isOpen: boolean
  /** Watermark of what is read, and how many of that were his own. */
  readonly readSeq: number
  readonly readOwn: number
  /** Read one by one above it. */
  readonly spans: Spans
  readonly deliveredSeq: number
  readonly delivered: Spans
  /** Gone for him one by one, above `clearedSeq`. */
  readonly hidden: Spans
  readonly clearedSeq: number
  /** The dialog's last message when he hid it; null: he did not, or has it back. A message may have shown it since. */
  readonly hiddenAt: number | null
  readonly notifies: boolean
}

/** The dialog at one moment, for one user: its last message, how many up to that are his own, and up to where the history went for all. */
export type Moment = { readonly seq: number; readonly own: number; readonly floor: number }

/** Whose view of what, as of when. */
export type ViewPlace = {
  readonly app: number
  readonly dialog: string
  readonly dialogType: DialogType
  readonly user: number
  readonly moment: Moment
}

/** `seqs` are of others' messages that are there. */
export type ViewAction =
  | { readonly type: 'ReadAll' }
  | {
      readonly type: 'Read'
      readonly seqs: readonly number[]
      /** His own, as far as known: they let what is read grow together. */
      readonly mine?: readonly number[]
      /** Others' that were deleted for all: the same. */
      readonly gone?: readonly number[]
    }
  | { readonly type: 'DeliverAll' }
  | { readonly type: 'Deliver'; readonly seqs: readonly number[]; readonly mine?: readonly number[] }
  | {
      readonly type: 'Hide'
      readonly messages: readonly {
        readonly message: string
        readonly seq: number
        readonly sender: number
      }[]
    }
  | { readonly type: 'ClearHistory' }
  | { readonly type: 'HideDialog' }
  | { readonly type: 'ShowDialog' }
  | { readonly type: 'Notify'; readonly enabled: boolean }

export type ViewCommand = ViewPlace & { readonly action: ViewAction }
