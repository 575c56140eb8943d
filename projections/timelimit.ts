import { MailSettled, StatusMessageChanged } from '../src/domain/timelimit/events.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { ProjectedWrite, Projection } from '../src/projecting/projection.ts'
import { CATEGORIES, categoryHandlers, USED_TIMES } from './timelimit/categories.ts'
import {
  APP_LISTS,
  BY_TOKEN,
  deviceHandlers,
  DEVICES,
  KEY_REQUESTS,
  OLD_TOKENS,
} from './timelimit/devices.ts'
import { FAMILIES, familyWrite } from './timelimit/family.ts'
import { keyHandlers } from './timelimit/keys.ts'
import { on, type Handlers } from './timelimit/row.ts'
import { U2F, userHandlers, USERS } from './timelimit/users.ts'

export const MAILS = 'timelimit_mails'
export const STATUS = 'timelimit_status'

const MINE = [{ keys: ['_s'] }] as const

/**
 * Everything that devices pull (timelimit 9.5): one document a part, with the part's version in it, and the family's document, which
 * names the version of every part and is written last, so that whoever reads it first reads parts that belong together (decisions 13).
 */
export const timelimit: Projection = {
  name: 'timelimit',
  version: 1,
  prefixes: ['timelimit.'],
  collections: {
    [FAMILIES]: {
      indexes: [...MINE, { keys: ['premium.due'] }, { keys: ['premium.until'] }, { keys: ['ended'] }],
    },
    [DEVICES]: { indexes: MINE },
    [USERS]: { indexes: [...MINE, { keys: ['mails.mail'] }] },
    [U2F]: { indexes: MINE },
    [CATEGORIES]: { indexes: MINE },
    [USED_TIMES]: { indexes: [...MINE, { keys: ['touched.counters'] }, { keys: ['touched.sessions'] }] },
    [APP_LISTS]: { indexes: MINE },
    [KEY_REQUESTS]: { indexes: MINE },
    [BY_TOKEN]: { indexes: MINE },
    [OLD_TOKENS]: { indexes: [] },
    [MAILS]: { indexes: [...MINE, { keys: ['at'] }] },
    [STATUS]: { indexes: [] },
  },
  on: joined([
    userHandlers,
    deviceHandlers,
    keyHandlers,
    categoryHandlers,
    {
      MailQueued: on('MailQueued', ({ data: { kind, at, sealed }, family, _s, event }) =>
        sealed === null
          ? []
          : [{ collection: MAILS, id: event.id, put: { family, kind, at, ...sealed, _s } }],
      ),
      MailSettled: (event) =>
        MailSettled.is(event.data)
          ? [{ collection: MAILS, id: event.data.mail, delete: true }]
          : malformed(event),
      StatusMessageChanged: (event) =>
        StatusMessageChanged.is(event.data)
          ? [{ collection: STATUS, id: 'message', put: { message: event.data.message } }]
          : malformed(event),
      PremiumExtended: () => [],
      PremiumExpired: () => [],
    },
  ]),
}

/** All handlers of a type one after the other, and the family's document behind them. */
function joined(tables: readonly Handlers[]): Handlers {
  const types = new Set(tables.flatMap((table) => Object.keys(table)))
  return Object.fromEntries(
    [...types].map((type) => {
      const handlers = tables.flatMap((table) => table[type] ?? [])
      const project = (event: StoredEvent): readonly ProjectedWrite[] => {
        const writes = handlers.flatMap((handler) => handler(event))
        const family = familyWrite(event)
        return family === undefined ? writes : [...writes, family]
      }
      return [type, project]
    }),
  )
}

const malformed = ({ type }: StoredEvent): never => {
  throw new TypeError(`Malformed data of ${type}`)
}
