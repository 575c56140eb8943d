import { evolveBy, type Rows } from './evolving.ts'
import { above, covering } from './spans.ts'
import { viewEvents, type VIEW_EVENTS } from './view-events.ts'
import type { ViewState } from './view.ts'

export const NO_VIEW: ViewState = {
  isOpen: false,
  readSeq: 0,
  readOwn: 0,
  spans: [],
  deliveredSeq: 0,
  delivered: [],
  hidden: [],
  clearedSeq: 0,
  hiddenAt: null,
  notifies: true,
}

type Mark = { readonly seq: number; readonly own: number }

const readUpTo = (state: ViewState, { seq, own }: Mark): ViewState => ({
  ...state,
  readSeq: seq,
  readOwn: own,
  spans: above(state.spans, seq),
  delivered: above(state.delivered, seq),
})

const ROWS: Rows<ViewState, typeof VIEW_EVENTS> = {
  ViewOpened: (state) => ({ ...state, isOpen: true }),
  DialogReadUpTo: readUpTo,
  MessagesRead: (state, { spans }) => ({ ...state, spans }),
  DialogDeliveredUpTo: (state, { seq }) => ({
    ...state,
    deliveredSeq: seq,
    delivered: above(state.delivered, seq),
  }),
  MessagesDelivered: (state, { seq, spans }) => ({ ...state, deliveredSeq: seq, delivered: spans }),
  MessagesHidden: (state, { messages }) => ({
    ...state,
    hidden: covering(
      state.hidden,
      messages.map(({ seq }) => seq),
    ),
  }),
  HistoryCleared: (state, mark) => ({
    ...(mark.seq > state.readSeq ? readUpTo(state, mark) : state),
    clearedSeq: mark.seq,
    hidden: above(state.hidden, mark.seq),
  }),
  DialogHidden: (state, { seq }) => ({ ...state, hiddenAt: seq }),
  DialogShown: (state) => ({ ...state, hiddenAt: null }),
  NotificationsToggled: (state, { enabled }) => ({ ...state, notifies: enabled }),
}

/** The view after an event. Unknown types leave it alone. Throws if a known one has data of another shape. */
export const evolveView = evolveBy(viewEvents, ROWS)
