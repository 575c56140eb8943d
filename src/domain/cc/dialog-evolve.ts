import { DIALOG_TYPES, dialogEvents, type DIALOG_EVENTS } from './dialog-events.ts'
import type { DialogState } from './dialog.ts'
import { evolveBy, type Rows } from './evolving.ts'
import { NOBODY, withValue, withValues } from './spread.ts'

export const NO_DIALOG: DialogState = {
  life: 'none',
  app: 0,
  dialog: '',
  type: DIALOG_TYPES.group,
  owner: 0,
  admins: [],
  allowPreview: false,
  pinned: [],
  seq: 0,
  lastDate: 0,
  floor: 0,
  occupants: NOBODY,
  sent: NOBODY,
}

const same = (state: DialogState): DialogState => state

const ROWS: Rows<DialogState, typeof DIALOG_EVENTS> = {
  DialogCreated: (_, { app, dialog, type, owner, occupants, admins, allowPreview }) => ({
    ...NO_DIALOG,
    life: 'there',
    ...{ app, dialog, type, owner, admins, allowPreview },
    occupants: withValues(NOBODY, occupants, true),
  }),
  DialogDetailsChanged: same,
  DialogPreviewChanged: (state, { allowPreview }) => ({ ...state, allowPreview }),
  DialogOccupantsAdded: (state, { users }) => ({
    ...state,
    occupants: withValues(state.occupants, users, true),
  }),
  DialogOccupantsRemoved: (state, { users }) => ({
    ...state,
    occupants: withValues(state.occupants, users, false),
    admins: state.admins.filter((admin) => !users.includes(admin)),
  }),
  DialogAdminsChanged: (state, { admins }) => ({ ...state, admins }),
  DialogPinsChanged: (state, { pinned }) => ({ ...state, pinned }),
  DialogDeleted: ({ app, dialog, type }) => ({ ...NO_DIALOG, life: 'deleted', app, dialog, type }),
  DialogHistoryDeleted: (state, { seq }) => ({ ...state, floor: seq, pinned: [], sent: NOBODY }),
  MessageSent: (state, { seq, own, sender, dateSent }) => ({
    ...state,
    seq,
    lastDate: dateSent,
    sent: withValue(state.sent, sender, own),
  }),
}

/** The dialog after an event. Unknown types leave it alone. Throws if a known one has data of another shape. */
export const evolveDialog = evolveBy(dialogEvents, ROWS)
