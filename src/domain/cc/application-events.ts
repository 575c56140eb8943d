import * as t from 'io-ts'
import { eventsOf, JsonValue, sealed, type Sealing } from './codec.ts'
import { applicationStream } from './names.ts'

const Keys = t.readonly(t.type({ authKey: t.string, authSecret: t.string, adminKey: t.string }))
/** The secret is the key of signatures, so that all three are kept as they are, sealed. */
export type ApplicationKeys = t.TypeOf<typeof Keys>

const Settings = t.record(t.string, JsonValue)

/** Of an application's stream. */
export const APPLICATION_EVENTS = {
  ApplicationRegistered: t.type({ app: t.number, sealed: sealed(Keys) }),
  ApplicationKeysChanged: t.type({ app: t.number, sealed: sealed(Keys) }),
  /** Only what changed (connectycube 12.3); those that may hold a secret are in `sealed`. */
  ApplicationSettingsChanged: t.intersection([
    t.type({ app: t.number, settings: Settings }),
    t.partial({ sealed: sealed(Settings) }),
  ]),
} as const

export const applicationEvents = eventsOf(APPLICATION_EVENTS)

const OWN: Sealing[string] = {
  fields: ['sealed'],
  subject: (event) =>
    typeof event.data['app'] === 'number' ? applicationStream(event.data['app']) : undefined,
}

/** Sealed with the application's own key. */
export const APPLICATION_SEALED: Sealing = {
  ApplicationRegistered: OWN,
  ApplicationKeysChanged: OWN,
  ApplicationSettingsChanged: OWN,
}
