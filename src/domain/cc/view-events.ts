import * as t from 'io-ts'
import { eventsOf } from './codec.ts'

const place = { app: t.number, dialog: t.string, user: t.number }
/**
 * Messages `from` to `to`, both included: `n` were marked one by one, `others` are all that are not his own, for some were deleted before. The
 * rest are his own.
 */
const Spans = t.readonlyArray(t.type({ from: t.number, to: t.number, n: t.number, others: t.number }))
const Seqs = t.readonlyArray(t.number)

/**
 * Of a view's stream: what a user has done with a dialog for himself. A watermark is the number of the last message that it covers, and how
 * many of these were his own: both are taken from the dialog's state at one moment, when the message was its last. So what he has not read is
 * `(dialog.seq − seq) − (his sent − own)`, less what above the watermark he has read or hidden one by one or was deleted for all; and marking
 * everything is one event (decisions 12). What was read one by one stands there as spans, so that it stays small while new messages are read
 * and old ones are not: an event has the resulting spans, because a projection never computes.
 */
export const VIEW_EVENTS = {
  /** Of a broadcast dialog, which everybody is in without having been added: before his first event. */
  ViewOpened: t.type(place),
  /**
   * Everything up to there; delivered as well. What is read by that is behind `behind`, where the watermark stood, and not in `spans`, which were
   * read already: their senders are to be told of it (connectycube 8.6). Events from before that was wanted do not say it.
   */
  DialogReadUpTo: t.intersection([
    t.type({ ...place, seq: t.number, own: t.number }),
    t.partial({ behind: t.number, spans: Spans }),
  ]),
  /** Some above the watermark, each by its number; delivered as well. `spans`: all that is read above it now. */
  MessagesRead: t.type({ ...place, seqs: Seqs, spans: Spans }),
  DialogDeliveredUpTo: t.type({ ...place, seq: t.number }),
  /** `seqs` now; `seq` and `spans`: all that is delivered now. */
  MessagesDelivered: t.type({ ...place, seqs: Seqs, seq: t.number, spans: Spans }),
  /** Gone for this user only, with their numbers. `counted`: another's that he had not read. */
  MessagesHidden: t.type({
    ...place,
    messages: t.readonlyArray(t.type({ message: t.string, seq: t.number, counted: t.boolean })),
  }),
  /** All up to there are gone for this user, and count as read. */
  HistoryCleared: t.type({ ...place, seq: t.number, own: t.number }),
  /** `seq`: the last message then. */
  DialogHidden: t.type({ ...place, seq: t.number }),
  DialogShown: t.type(place),
  NotificationsToggled: t.type({ ...place, enabled: t.boolean }),
} as const

export const viewEvents = eventsOf(VIEW_EVENTS)
