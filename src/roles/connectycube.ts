import { createIdentityProviders } from '../commands/cc/identity-providers.ts'
import { provisionApplication, type Provisioning } from '../commands/cc/provision-application.ts'
import { createSessions } from '../commands/cc/sessions.ts'
import { raiseCounters } from '../commands/cc/raise-counters.ts'
import { noteOf, seenBy } from '../commands/cc/session-notes.ts'
import { createUsers } from '../commands/cc/users.ts'
import type { Config } from '../config.ts'
import { DEVELOPMENT_KEYS } from '../config/rules.ts'
import { startAlerting, type AlertJob } from '../jobs/connectycube/alerts.ts'
import { startCascades } from '../jobs/connectycube/cascades.ts'
import { createGuarded } from '../http/guarded.ts'
import { startTellingContacts } from '../jobs/connectycube/contacts.ts'
import { startDeletingGuests } from '../jobs/connectycube/guests.ts'
import { startSendingCcMails } from '../jobs/connectycube/mails.ts'
import { startPushing } from '../jobs/connectycube/push.ts'
import { startAnnouncingRecordings } from '../jobs/connectycube/recordings.ts'
import type { ConnectycubeParts, Services } from '../protocols/connectycube/services.ts'
import { openGateways } from '../pushing/gateways.ts'
import { createUnfurler } from '../unfurling/unfurl.ts'

/** What the ConnectyCube protocol needs beside its own: who may act, and the jobs. */
export type Connectycube = {
  readonly services: Services
  readonly close: () => Promise<void>
}

export const startConnectycube = (
  parts: ConnectycubeParts &
    Pick<AlertJob, 'history' | 'applied'> & {
      readonly imprint: string | undefined
      readonly onFailure: (error: unknown) => void
    },
): Connectycube => {
  const { onFailure, imprint, history, applied, ...shared } = parts
  const sessions = createSessions({ ...shared, note: noteOf(shared), seen: seenBy(shared) })
  const services: Services = {
    ...shared,
    sessions,
    users: createUsers({ ...shared, sessions }),
    online: () => Promise.resolve([]),
    identityProviders: createIdentityProviders({}),
    unfurler: unfurlerOf(parts.settings),
  }
  const jobs = [
    startSendingCcMails({ ...shared, imprint, onFailure }),
    startDeletingGuests({ ...services, onFailure }),
    startCascades({ ...services, onFailure }),
    startTellingContacts({ ...services, onFailure }),
    startAnnouncingRecordings({ ...services, onFailure }),
    startAlerting({ ...services, history, applied, onFailure }),
    startPushing({ ...services, gateways: openGateways(parts.settings.push, shared.now), onFailure }),
  ]
  return {
    services,
    close: async () => {
      services.unfurler?.close()
      await Promise.all(jobs.map(({ stop }) => stop()))
    },
  }
}

const unfurlerOf = ({ linkPreview }: ConnectycubeParts['settings']): Services['unfurler'] =>
  linkPreview === 'off'
    ? undefined
    : createUnfurler(createGuarded(linkPreview === 'local' ? 'local' : 'public'))

export type AnnounceKeys = Provisioning['announce']

/** A step of the first start. */
export const provideApplication =
  (
    {
      config: { production, connectycube },
      announceKeys,
    }: {
      readonly config: Pick<Config, 'production' | 'connectycube'>
      readonly announceKeys: AnnounceKeys
    },
    services: Pick<Services, 'engine' | 'vault' | 'reader' | 'now' | 'random'>,
  ) =>
  async (signal: AbortSignal): Promise<void> => {
    const { appId, authKey, authSecret, adminKey } = connectycube
    await raiseCounters(services.vault, services.reader, appId)
    await provisionApplication({
      ...services,
      app: appId,
      keys: {
        ...(authKey === undefined ? {} : { authKey }),
        ...(authSecret === undefined ? {} : { authSecret }),
        ...(adminKey === undefined ? {} : { adminKey }),
      },
      known: production ? KNOWN : {},
      announce: announceKeys,
      signal,
    })
  }

const KNOWN = {
  authKey: DEVELOPMENT_KEYS.CC_AUTH_KEY,
  authSecret: DEVELOPMENT_KEYS.CC_AUTH_SECRET,
  adminKey: DEVELOPMENT_KEYS.CC_ADMIN_KEY,
}
