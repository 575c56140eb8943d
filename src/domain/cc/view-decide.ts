import * as E from 'fp-ts/lib/Either.js'
import type { Decider, Fact } from '../decider.ts'
import { DIALOG_TYPES } from './dialog-events.ts'
import { above, covering, covers, othersIn } from './spans.ts'
import { viewEvents } from './view-events.ts'
import { evolveView, NO_VIEW } from './view-evolve.ts'
import type { ViewAction, ViewCommand, ViewPlace, ViewState } from './view.ts'

/** What a user does with a dialog for himself (connectycube 8.4 to 8.6). It never refuses: that he is in it was looked at before. */
export const viewDecider: Decider<ViewState, ViewCommand> = {
  initial: NO_VIEW,
  stateVersion: 1,
  evolve: evolveView,
  decide: ({ action, ...at }, state) => {
    const facts = decide(action, at, state)
    const opens = facts.length > 0 && at.dialogType === DIALOG_TYPES.broadcast && !state.isOpen
    return E.right(opens ? [fact('ViewOpened', placeOf(at)), ...facts] : facts)
  },
}

type Of<T extends ViewAction['type']> = Extract<ViewAction, { readonly type: T }>
const { fact } = viewEvents

const placeOf = ({ app, dialog, user }: ViewPlace) => ({ app, dialog, user })

const decide = (action: ViewAction, at: ViewPlace, state: ViewState): readonly Fact[] => {
  switch (action.type) {
    case 'ReadAll':
      return readAll(at, state)
    case 'Read':
      return read(action, at, state)
    case 'DeliverAll':
      return deliverAll(at, state)
    case 'Deliver':
      return deliver(action, at, state)
    case 'Hide':
      return hide(action, at, state)
    case 'ClearHistory':
      return clear(at, state)
    default:
      return decideDialog(action, at, state)
  }
}

const decideDialog = (
  action: Of<'HideDialog' | 'ShowDialog' | 'Notify'>,
  at: ViewPlace,
  { hiddenAt, notifies }: ViewState,
): readonly Fact[] => {
  const { seq } = at.moment
  switch (action.type) {
    case 'HideDialog':
      return isStillHidden(at, hiddenAt) ? [] : [fact('DialogHidden', { ...placeOf(at), seq })]
    case 'ShowDialog':
      return hiddenAt === null ? [] : [fact('DialogShown', placeOf(at))]
    case 'Notify':
      return notifies === action.enabled
        ? []
        : [fact('NotificationsToggled', { ...placeOf(at), enabled: action.enabled })]
  }
}

/** A private dialog comes back with the next message, which is in another stream. */
const isStillHidden = ({ dialogType, moment }: ViewPlace, hiddenAt: number | null): boolean =>
  dialogType === DIALOG_TYPES.private ? hiddenAt === moment.seq : hiddenAt !== null

/** The watermark as it is now: own messages are counted anew once the history went for all. */
const markOf = ({ moment: { floor } }: ViewPlace, { readSeq, readOwn }: ViewState) =>
  floor >= readSeq ? { seq: floor, own: 0 } : { seq: readSeq, own: readOwn }

/** Others' messages above the watermark, deleted ones included. */
const othersAbove = (at: ViewPlace, state: ViewState): number => {
  const mark = markOf(at, state)
  const { seq, own } = at.moment
  return seq - mark.seq - (own - mark.own)
}

const readUpTo = (at: ViewPlace, state: ViewState): readonly Fact[] => {
  const { seq, own } = at.moment
  const behind = markOf(at, state).seq
  return [fact('DialogReadUpTo', { ...placeOf(at), seq, own, behind, spans: above(state.spans, behind) })]
}

const readAll = (at: ViewPlace, state: ViewState): readonly Fact[] =>
  othersAbove(at, state) > 0 ? readUpTo(at, state) : []

/** When nothing is left above the watermark, it rises: one by one or all at once is the same then. */
const read = (
  { seqs, mine = [], gone = [] }: Of<'Read'>,
  at: ViewPlace,
  state: ViewState,
): readonly Fact[] => {
  const mark = markOf(at, state)
  const isAbove = (seq: number): boolean => seq > mark.seq && seq <= at.moment.seq
  const known = above(state.spans, mark.seq)
  const fresh = distinct(seqs).filter((seq) => isAbove(seq) && !covers(known, seq))
  if (fresh.length === 0) return []
  const spans = covering(known, fresh, { gone: gone.filter(isAbove), mine: mine.filter(isAbove) })
  return othersIn(spans) >= othersAbove(at, state)
    ? readUpTo(at, state)
    : [fact('MessagesRead', { ...placeOf(at), seqs: fresh, spans })]
}

const deliveredOf = (at: ViewPlace, state: ViewState): number =>
  Math.max(markOf(at, state).seq, state.deliveredSeq)

const deliverAll = (at: ViewPlace, state: ViewState): readonly Fact[] =>
  at.moment.seq > deliveredOf(at, state) && othersAbove(at, state) > 0
    ? [fact('DialogDeliveredUpTo', { ...placeOf(at), seq: at.moment.seq })]
    : []

const deliver = ({ seqs, mine = [] }: Of<'Deliver'>, at: ViewPlace, state: ViewState): readonly Fact[] => {
  const from = deliveredOf(at, state)
  const isAbove = (seq: number): boolean => seq > from && seq <= at.moment.seq
  const known = above(state.delivered, from)
  const fresh = distinct(seqs).filter(
    (seq) => isAbove(seq) && !covers(known, seq) && !covers(state.spans, seq),
  )
  if (fresh.length === 0) return []
  const all = covering(known, fresh, { mine: mine.filter(isAbove) })
  const [first, ...others] = all
  const isNext = first?.from === from + 1
  return [
    fact('MessagesDelivered', {
      ...placeOf(at),
      seqs: fresh,
      seq: isNext ? first.to : from,
      spans: isNext ? others : all,
    }),
  ]
}

const hide = ({ messages }: Of<'Hide'>, at: ViewPlace, state: ViewState): readonly Fact[] => {
  const mark = markOf(at, state).seq
  const from = Math.max(state.clearedSeq, at.moment.floor)
  const seen = new Set<number>()
  const fresh = messages.filter(({ seq }) => {
    if (seq <= from || seq > at.moment.seq || covers(state.hidden, seq) || seen.has(seq)) return false
    return seen.add(seq)
  })
  if (fresh.length === 0) return []
  return [
    fact('MessagesHidden', {
      ...placeOf(at),
      messages: fresh.map(({ message, seq, sender }) => ({
        message,
        seq,
        counted: sender !== at.user && seq > mark && !covers(state.spans, seq),
      })),
    }),
  ]
}

const clear = (at: ViewPlace, state: ViewState): readonly Fact[] => {
  const { seq, own, floor } = at.moment
  return seq > Math.max(state.clearedSeq, floor) ? [fact('HistoryCleared', { ...placeOf(at), seq, own })] : []
}

const distinct = (seqs: readonly number[]): readonly number[] => [...new Set(seqs)].sort((a, b) => a - b)
