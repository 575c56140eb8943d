import { randomUUID } from 'node:crypto'
import type { Protocol } from '../../http/protocol.ts'
import type { Hub } from '../../live/hub.ts'
import type { NodeLease } from '../../live/node-lease.ts'
import { findSession } from '../../queries/afrodite/sessions.ts'
import { ACCOUNT_ENDPOINTS } from './account.ts'
import { DELETION_ENDPOINTS } from './deletion.ts'
import { createDemoMode } from './demo-mode.ts'
import { DEMO_ENDPOINTS } from './demo.ts'
import { describeAfrodite } from './describe.ts'
import { CORS, renderError } from './errors.ts'
import { createGoogle } from './google-identity.ts'
import { LINK_ENDPOINTS } from './link.ts'
import { afroditeLive } from './live.ts'
import { LOGIN_ENDPOINTS } from './logins.ts'
import { PUSH_ENDPOINTS } from './push.ts'
import { createRoutes } from './routes.ts'
import type { AfroditeParts } from './services.ts'
import { createStoreChanges } from './store-changes.ts'
import { VERSION_ENDPOINTS } from './version.ts'

/** The Afrodite protocol whole: HTTP, and the sockets of its clients. */
export const afroditeProtocol = (
  parts: AfroditeParts & { readonly hub: Hub; readonly nodes: NodeLease },
): Protocol => {
  const { reader } = parts
  const live = afroditeLive({
    ...parts,
    findSession: (accessHash) => findSession(reader, accessHash),
    storeChanges: createStoreChanges(parts),
    newId: randomUUID,
  })
  const services = { ...parts, google: createGoogle(parts), demo: createDemoMode(parts) }
  return {
    name: 'afrodite',
    renderError,
    handle: createRoutes(services, ENDPOINTS),
    upgrade: live.upgrade,
    describe: () => describeAfrodite(ENDPOINTS, parts.settings),
    cors: CORS,
    close: live.close,
  }
}

/** Every row of the tables of afrodite 2 to 6. */
export const ENDPOINTS = [
  ...VERSION_ENDPOINTS,
  ...LOGIN_ENDPOINTS,
  ...DEMO_ENDPOINTS,
  ...DELETION_ENDPOINTS,
  ...ACCOUNT_ENDPOINTS,
  ...PUSH_ENDPOINTS,
  ...LINK_ENDPOINTS,
]
