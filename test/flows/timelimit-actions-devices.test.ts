/**
 * Proves the actions of app logic, of children, and of a child that limits itself, a family a row: what each changes, which versions it raises, who is
 * told, and that what is refused changes nothing (timelimit 3.3.5, 4.2–4.5).
 */
import { CHILD, LEGACY } from '../support/timelimit-rows-child.ts'
import { MAILBOXES } from '../support/timelimit-rows-mailboxes.ts'
import { SELF } from '../support/timelimit-rows-self.ts'
import { SAID, STATUS } from '../support/timelimit-rows-status.ts'
import { USED } from '../support/timelimit-rows-used.ts'
import { testRows } from '../support/timelimit-rows.ts'

testRows(
  [...USED, ...MAILBOXES, ...STATUS, ...SAID, ...LEGACY, ...CHILD, ...SELF],
  [
    'ADD_CATEGORY_APPS',
    'ADD_INSTALLED_APPS',
    'ADD_USED_TIME',
    'ADD_USED_TIME_V2',
    'CHILD_CHANGE_PASSWORD',
    'CHILD_SIGN_IN',
    'CREATE_CATEGORY',
    'CREATE_TIMELIMIT_RULE',
    'FINISH_KEY_REQUEST',
    'FORCE_SYNC',
    'MARK_TASK_PENDING',
    'PING',
    'REMOVE_INSTALLED_APPS',
    'REPLY_TO_KEY_REQUEST',
    'SEND_KEY_REQUEST',
    'SET_PARENT_CATEGORY',
    'SIGN_OUT_AT_DEVICE',
    'TRIED_DISABLING_DEVICE_ADMIN',
    'UPDATE_APP_ACTIVITIES',
    'UPDATE_CATEGORY_BLOCKED_TIMES',
    'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
    'UPDATE_CATEGORY_DISABLE_LIMITS',
    'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
    'UPDATE_DEVICE_STATUS',
    'UPDATE_INSTALLED_APPS',
    'UPDATE_TIMELIMIT_RULE',
    'UPLOAD_DEVICE_PUBLIC_KEY',
  ],
)
