/**
 * Proves the actions of parents, a family a row: what each changes, which versions it raises, who is told, and that what is refused changes nothing
 * (timelimit 4.1, 4.4).
 */
import { CATEGORIES } from '../support/timelimit-rows-categories.ts'
import { CHILDREN } from '../support/timelimit-rows-children.ts'
import { DEVICES } from '../support/timelimit-rows-devices.ts'
import { CATEGORY_LIMITS } from '../support/timelimit-rows-limits.ts'
import { RULES, TASKS } from '../support/timelimit-rows-rules.ts'
import { USERS } from '../support/timelimit-rows-users.ts'
import { testRows } from '../support/timelimit-rows.ts'

testRows(
  [...USERS, ...CHILDREN, ...DEVICES, ...CATEGORIES, ...CATEGORY_LIMITS, ...RULES, ...TASKS],
  [
    'ADD_CATEGORY_APPS',
    'ADD_CATEGORY_NETWORK_ID',
    'ADD_PARENT_U2F',
    'ADD_USER',
    'CHANGE_PARENT_PASSWORD',
    'CREATE_CATEGORY',
    'CREATE_TIMELIMIT_RULE',
    'DELETE_CATEGORY',
    'DELETE_CHILD_TASK',
    'DELETE_TIMELIMIT_RULE',
    'IGNORE_MANIPULATION',
    'INCREMENT_CATEGORY_EXTRATIME',
    'REMOVE_CATEGORY_APPS',
    'REMOVE_PARENT_U2F',
    'REMOVE_USER',
    'RENAME_CHILD',
    'REPORT_U2F_LOGIN',
    'RESET_CATEGORY_NETWORK_IDS',
    'REVIEW_CHILD_TASK',
    'SET_CATEGORY_EXTRA_TIME',
    'SET_CATEGORY_FOR_UNASSIGNED_APPS',
    'SET_CHILD_PASSWORD',
    'SET_CONSIDER_REBOOT_MANIPULATION',
    'SET_DEVICE_DEFAULT_USER',
    'SET_DEVICE_DEFAULT_USER_TIMEOUT',
    'SET_DEVICE_USER',
    'SET_KEEP_SIGNED_IN',
    'SET_PARENT_CATEGORY',
    'SET_RELAX_PRIMARY_DEVICE',
    'SET_SEND_DEVICE_CONNECTED',
    'SET_USER_DISABLE_LIMITS_UNTIL',
    'SET_USER_TIMEZONE',
    'UPDATE_CATEGORY_BATTERY_LIMIT',
    'UPDATE_CATEGORY_BLOCKED_TIMES',
    'UPDATE_CATEGORY_BLOCK_ALL_NOTIFICATIONS',
    'UPDATE_CATEGORY_DISABLE_LIMITS',
    'UPDATE_CATEGORY_FLAGS',
    'UPDATE_CATEGORY_SORTING',
    'UPDATE_CATEGORY_TEMPORARILY_BLOCKED',
    'UPDATE_CATEGORY_TIME_WARNINGS',
    'UPDATE_CATEGORY_TITLE',
    'UPDATE_CHILD_TASK',
    'UPDATE_DEVICE_NAME',
    'UPDATE_ENABLE_ACTIVITY_LEVEL_BLOCKING',
    'UPDATE_NETWORK_TIME_VERIFICATION',
    'UPDATE_PARENT_NOTIFICATION_FLAGS',
    'UPDATE_TIMELIMIT_RULE',
    'UPDATE_USER_FLAGS',
    'UPDATE_USER_LIMIT_LOGIN_CATEGORY',
    'UPDATE_USER_LIMIT_LOGIN_PRE_BLOCK_DURATION',
  ],
)
