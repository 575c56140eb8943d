import { COMMAND_RESOURCES } from './commands.ts'
import { EVENT_RESOURCES } from './events.ts'
import { LINK_RESOURCES } from './links.ts'
import { MESSAGE_RESOURCES } from './messages-clear.ts'
import { MODEL_NODE_RESOURCES } from './model-nodes.ts'
import { MODEL_VIEW_RESOURCES } from './model-view.ts'
import { REPORT_BUILD_RESOURCES } from './report-builds.ts'
import { PACKET_RESOURCES } from './packets.ts'
import type { Resource } from './resources.ts'
import { TABLE_ROW_RESOURCES } from './table-rows.ts'

/** Every path beside the operations of the stores (rightech 3). */
export const RESOURCES: readonly Resource[] = [
  ...MODEL_VIEW_RESOURCES,
  ...MODEL_NODE_RESOURCES,
  ...LINK_RESOURCES,
  ...COMMAND_RESOURCES,
  ...EVENT_RESOURCES,
  ...TABLE_ROW_RESOURCES,
  ...REPORT_BUILD_RESOURCES,
  ...MESSAGE_RESOURCES,
  ...PACKET_RESOURCES,
]
