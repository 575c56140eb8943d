import { applicationEvents, type ApplicationKeys } from '../../src/domain/cc/application-events.ts'
import { applicationStream } from '../../src/domain/cc/names.ts'
import { sha256Hex } from '../../src/crypto/hashes.ts'
import type { ProjectedWrite, Projection } from '../../src/projecting/projection.ts'

const APPLICATIONS = 'cc_applications'
const KEYS = 'cc_application_keys'

const { dataOf } = applicationEvents

/** A request brings a key with nothing else, so that it is found by its hash; the secret is in no document. */
const keys = (app: number, opened: ApplicationKeys | null): readonly ProjectedWrite[] =>
  (['authKey', 'adminKey'] as const).map((kind) =>
    opened === null
      ? { collection: KEYS, id: `${app}-${kind}`, delete: true }
      : {
          collection: KEYS,
          id: `${app}-${kind}`,
          put: { app, kind, hash: sha256Hex(opened[kind]), _s: [applicationStream(app)] },
        },
  )

/** Applications with the settings that were ever set, and who may call for them (connectycube 2.4, 12.3). */
export const ccApplications: Projection = {
  name: 'cc-applications',
  version: 2,
  prefixes: ['cc.application-'],
  collections: {
    [APPLICATIONS]: { indexes: [{ keys: ['_s'] }] },
    [KEYS]: { indexes: [{ keys: ['_s'] }, { keys: ['hash'] }] },
  },
  on: {
    ApplicationRegistered: (event) => {
      const { app, sealed } = dataOf('ApplicationRegistered', event)
      const put = { app, settings: {}, _s: [applicationStream(app)] }
      return [{ collection: APPLICATIONS, id: String(app), put }, ...keys(app, sealed)]
    },
    ApplicationKeysChanged: (event) => {
      const { app, sealed } = dataOf('ApplicationKeysChanged', event)
      return keys(app, sealed)
    },
    ApplicationSettingsChanged: (event) => {
      const { app, settings, sealed } = dataOf('ApplicationSettingsChanged', event)
      const $set = Object.fromEntries(
        Object.entries({ ...settings, ...sealed }).map(([name, value]) => [`settings.${name}`, value]),
      )
      return [{ collection: APPLICATIONS, id: String(app), update: { $set } }]
    },
  },
}
