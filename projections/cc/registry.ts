import type { Projection } from '../../src/projecting/projection.ts'
import { ccApplications } from './applications.ts'
import { ccBlobs } from './blobs.ts'
import { ccContacts } from './contacts.ts'
import { ccDialogs } from './dialogs.ts'
import { ccMails } from './mails.ts'
import { ccMeetings } from './meetings.ts'
import { ccMessages } from './messages.ts'
import { ccPush } from './push.ts'
import { ccRecords } from './records.ts'
import { ccStats } from './stats.ts'
import { ccUsers } from './users.ts'

/** The read models of ConnectyCube, a part each. */
export const CC_PROJECTIONS: readonly Projection[] = [
  ccApplications,
  ccUsers,
  ccContacts,
  ccMails,
  ccRecords,
  ccBlobs,
  ccDialogs,
  ccMessages,
  ccStats,
  ccPush,
  ccMeetings,
]
