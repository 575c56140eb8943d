import type { Protocol } from '../../http/protocol.ts'
import { ADDRESS_BOOK_ENDPOINTS } from './address-book.ts'
import { APPLICATION_ENDPOINTS } from './application.ts'
import { CALL_ENDPOINTS } from './calls.ts'
import { CLASS_ENDPOINTS } from './data-classes.ts'
import { FILE_ENDPOINTS } from './data-files.ts'
import { DATA_ENDPOINTS } from './data.ts'
import { asDescribed, describeConnectycube } from './describe.ts'
import { renderError } from './errors.ts'
import { MESSAGE_ADMIN_ENDPOINTS } from './message-admin.ts'
import { ADMIN_DIALOG_ENDPOINTS } from './admin-dialogs.ts'
import { SEARCH_ENDPOINTS } from './search.ts'
import { MESSAGE_ENDPOINTS } from './messages.ts'
import { DIALOG_ENDPOINTS } from './dialogs.ts'
import { MAIL_OUTBOX_ENDPOINTS } from './mail-outbox.ts'
import { MEETING_ENDPOINTS } from './meetings.ts'
import { PUSH_ENDPOINTS } from './push.ts'
import { RECORDING_ENDPOINTS } from './recordings.ts'
import { createRoutes, type Row } from './routes.ts'
import type { Services } from './services.ts'
import { SESSION_ENDPOINTS } from './sessions.ts'
import { STORAGE_ENDPOINTS } from './storage.ts'
import { UNFURL_ENDPOINTS } from './unfurl.ts'
import { USERS_ENDPOINTS } from './users.ts'
import { WHITEBOARD_ENDPOINTS } from './whiteboards.ts'

/** The ConnectyCube protocol: REST. An upgrade is 404 until its realtime part is there. */
export const connectycubeProtocol = (services: Services): Protocol => ({
  name: 'connectycube',
  renderError,
  handle: createRoutes(services, ROWS.map(asDescribed)),
  describe: () => describeConnectycube(ROWS),
})

/** Every row of connectycube 3 to 12; of two that fit the earlier one serves. */
export const ROWS: readonly Row[] = [
  ...SESSION_ENDPOINTS,
  ...USERS_ENDPOINTS,
  ...ADDRESS_BOOK_ENDPOINTS,
  ...CLASS_ENDPOINTS,
  ...FILE_ENDPOINTS,
  ...DATA_ENDPOINTS,
  ...STORAGE_ENDPOINTS,
  ...DIALOG_ENDPOINTS,
  ...MESSAGE_ENDPOINTS,
  ...SEARCH_ENDPOINTS,
  ...ADMIN_DIALOG_ENDPOINTS,
  ...MESSAGE_ADMIN_ENDPOINTS,
  ...APPLICATION_ENDPOINTS,
  ...MAIL_OUTBOX_ENDPOINTS,
  ...PUSH_ENDPOINTS,
  ...MEETING_ENDPOINTS,
  ...RECORDING_ENDPOINTS,
  ...CALL_ENDPOINTS,
  ...WHITEBOARD_ENDPOINTS,
  ...UNFURL_ENDPOINTS,
]
