import { ADDRESS_BOOK_EVENTS } from '../../src/domain/cc/address-book-events.ts'
import { CONTACT_NOTICE_EVENTS } from '../../src/domain/cc/address-book-notices.ts'
import { addressBookDecider } from '../../src/domain/cc/address-book.ts'
import { APPLICATION_EVENTS } from '../../src/domain/cc/application-events.ts'
import { applicationDecider } from '../../src/domain/cc/application.ts'
import { BLOB_EVENTS } from '../../src/domain/cc/blob-events.ts'
import { blobDecider } from '../../src/domain/cc/blob.ts'
import { CLASS_EVENTS } from '../../src/domain/cc/class-events.ts'
import { classDecider } from '../../src/domain/cc/class.ts'
import { dialogDecider } from '../../src/domain/cc/dialog-decide.ts'
import { DIALOG_EVENTS, PAIR_EVENTS } from '../../src/domain/cc/dialog-events.ts'
import { MAIL_EVENTS } from '../../src/domain/cc/mail-events.ts'
import { mailDecider } from '../../src/domain/cc/mail.ts'
import { MEETING_EVENTS } from '../../src/domain/cc/meeting-events.ts'
import { meetingDecider } from '../../src/domain/cc/meeting.ts'
import { messageDecider } from '../../src/domain/cc/message-decide.ts'
import { MESSAGE_EVENTS } from '../../src/domain/cc/message-events.ts'
import { pairDecider } from '../../src/domain/cc/pair.ts'
import { pushEventDecider } from '../../src/domain/cc/push-event.ts'
import { PUSH_EVENT_EVENTS, SUBSCRIPTION_EVENTS } from '../../src/domain/cc/push-events.ts'
import { recordDecider } from '../../src/domain/cc/record-decide.ts'
import { RECORD_EVENTS } from '../../src/domain/cc/record-events.ts'
import { SESSION_EVENTS } from '../../src/domain/cc/session-events.ts'
import { subscriptionDecider } from '../../src/domain/cc/subscription.ts'
import { userDecider } from '../../src/domain/cc/user-decide.ts'
import { USER_EVENTS } from '../../src/domain/cc/user-events.ts'
import { viewDecider } from '../../src/domain/cc/view-decide.ts'
import { VIEW_EVENTS } from '../../src/domain/cc/view-events.ts'
import { WHITEBOARD_EVENTS, whiteboardDecider } from '../../src/domain/cc/whiteboard.ts'
import { kind, of, type StreamKind } from './folding.ts'

/** The streams of the ConnectyCube context. */
export const CC_STREAM_KINDS: readonly StreamKind[] = [
  kind('cc.application-<app>', of(APPLICATION_EVENTS), ['applicationDecider', applicationDecider]),
  kind('cc.user-<app>-<user>', of({ ...USER_EVENTS, ...SESSION_EVENTS, ...CONTACT_NOTICE_EVENTS }), [
    'userDecider',
    userDecider(1),
  ]),
  kind('cc.addressbook-<app>-<user>', of(ADDRESS_BOOK_EVENTS), [
    'addressBookDecider',
    addressBookDecider(1, 1),
  ]),
  kind('cc.mail-<app>-<mail>', of(MAIL_EVENTS), ['mailDecider', mailDecider]),
  kind('cc.class-<app>-<class>', of(CLASS_EVENTS), ['classDecider', classDecider]),
  kind('cc.record-<app>-<class>-<id>', of(RECORD_EVENTS), ['recordDecider', recordDecider(1, 1)]),
  kind('cc.blob-<app>-<blob>', of(BLOB_EVENTS), ['blobDecider', blobDecider(1, 1)]),
  kind('cc.dialog-<app>-<dialog>', of(DIALOG_EVENTS), ['dialogDecider', dialogDecider]),
  kind('cc.pair-<app>-<one user>-<other user>', of(PAIR_EVENTS), ['pairDecider', pairDecider]),
  kind('cc.view-<dialog>-<user>', of(VIEW_EVENTS), ['viewDecider', viewDecider]),
  kind('cc.message-<app>-<message>', of(MESSAGE_EVENTS), ['messageDecider', messageDecider]),
  kind('cc.push-<app>-<user>', of(SUBSCRIPTION_EVENTS), ['subscriptionDecider', subscriptionDecider(1, 1)]),
  kind('cc.pushevent-<app>-<event>', of(PUSH_EVENT_EVENTS), ['pushEventDecider', pushEventDecider]),
  kind('cc.meeting-<app>-<meeting>', of(MEETING_EVENTS), ['meetingDecider', meetingDecider(1, 1)]),
  kind('cc.whiteboard-<app>-<whiteboard>', of(WHITEBOARD_EVENTS), [
    'whiteboardDecider',
    whiteboardDecider(1, 1),
  ]),
]
