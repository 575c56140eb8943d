import type { ActionDef } from './action.ts'
import { APP_LOGIC_ACTIONS } from './app-logic.ts'
import { CATEGORY_ACTIONS } from './categories.ts'
import { CATEGORY_SETTING_ACTIONS } from './category-settings.ts'
import { CHILD_ACTIONS } from './child.ts'
import { STATUS_ACTIONS } from './device-status.ts'
import { DEVICE_ACTIONS } from './devices.ts'
import { KEY_ACTIONS } from './keys.ts'
import { RULE_ACTIONS } from './rules.ts'
import { TASK_ACTIONS } from './tasks.ts'
import { USED_TIME_ACTIONS } from './used-time.ts'
import { USER_ACTIONS } from './users.ts'

/** Every action that a device may push (timelimit 4), by its type. */
export const ACTIONS: { readonly [type: string]: ActionDef } = {
  ...USED_TIME_ACTIONS,
  ...STATUS_ACTIONS,
  ...KEY_ACTIONS,
  ...APP_LOGIC_ACTIONS,
  ...USER_ACTIONS,
  ...DEVICE_ACTIONS,
  ...CHILD_ACTIONS,
  ...CATEGORY_ACTIONS,
  ...CATEGORY_SETTING_ACTIONS,
  ...RULE_ACTIONS,
  ...TASK_ACTIONS,
}

export const actionNamed = (type: string): ActionDef | undefined =>
  Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : undefined
