import type { Upcasters } from '../upcasters.ts'
import { ADDRESS_BOOK_EVENTS, ADDRESS_BOOK_SEALED } from './address-book-events.ts'
import { CONTACT_NOTICE_EVENTS } from './address-book-notices.ts'
import { APPLICATION_EVENTS, APPLICATION_SEALED } from './application-events.ts'
import { BLOB_EVENTS, BLOB_SEALED } from './blob-events.ts'
import { CLASS_EVENTS } from './class-events.ts'
import type { EventTable, Sealing } from './codec.ts'
import { DIALOG_EVENTS, DIALOG_SEALED, PAIR_EVENTS } from './dialog-events.ts'
import { MAIL_EVENTS, MAIL_SEALED } from './mail-events.ts'
import { MEETING_EVENTS, MEETING_SEALED, MEETING_UPCASTERS } from './meeting-events.ts'
import { MESSAGE_EVENTS, MESSAGE_SEALED, MESSAGE_UPCASTERS } from './message-events.ts'
import { PUSH_EVENTS, PUSH_SEALED } from './push-events.ts'
import { RECORD_EVENTS, RECORD_SEALED } from './record-events.ts'
import { SESSION_EVENTS } from './session-events.ts'
import { USER_EVENTS, USER_SEALED } from './user-events.ts'
import { VIEW_EVENTS } from './view-events.ts'
import { WHITEBOARD_EVENTS, WHITEBOARD_SEALED } from './whiteboard.ts'

/** Every event of the ConnectyCube context with the codec of its data. */
export const CC_EVENTS: EventTable = {
  ...APPLICATION_EVENTS,
  ...SESSION_EVENTS,
  ...USER_EVENTS,
  ...ADDRESS_BOOK_EVENTS,
  ...CONTACT_NOTICE_EVENTS,
  ...MAIL_EVENTS,
  ...CLASS_EVENTS,
  ...RECORD_EVENTS,
  ...BLOB_EVENTS,
  ...DIALOG_EVENTS,
  ...PAIR_EVENTS,
  ...VIEW_EVENTS,
  ...MESSAGE_EVENTS,
  ...PUSH_EVENTS,
  ...MEETING_EVENTS,
  ...WHITEBOARD_EVENTS,
}

/** What of them is sealed, and with whose key. */
export const CC_SEALED: Sealing = {
  ...APPLICATION_SEALED,
  ...USER_SEALED,
  ...ADDRESS_BOOK_SEALED,
  ...MAIL_SEALED,
  ...RECORD_SEALED,
  ...BLOB_SEALED,
  ...DIALOG_SEALED,
  ...MESSAGE_SEALED,
  ...PUSH_SEALED,
  ...MEETING_SEALED,
  ...WHITEBOARD_SEALED,
}

export const CC_UPCASTERS: Upcasters = { ...MESSAGE_UPCASTERS, ...MEETING_UPCASTERS }
