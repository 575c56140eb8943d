import * as E from 'fp-ts/lib/Either.js'
import { equalJson, type JsonObject } from '../../json.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { applicationEvents, type APPLICATION_EVENTS, type ApplicationKeys } from './application-events.ts'
import { isSecretSetting, readSettings, settingsFrom } from './settings.ts'

/** An application (connectycube 12.3): who may call for it, and how it is set up. */
export type ApplicationState = {
  readonly exists: boolean
  /** Null once they were erased. */
  readonly keys: ApplicationKeys | null
  /** Those that were ever set. */
  readonly settings: JsonObject
}

export type ApplicationCommand =
  /** Registers it, or gives it other keys. */
  | { readonly type: 'ProvideApplication'; readonly app: number; readonly keys: ApplicationKeys }
  /** Partial. */
  | { readonly type: 'ChangeSettings'; readonly app: number; readonly body: JsonObject }

const { fact, dataOf } = applicationEvents

const decide = (
  command: ApplicationCommand,
  state: ApplicationState,
): E.Either<Rejection, readonly Fact[]> => {
  const { app } = command
  if (command.type === 'ProvideApplication') {
    if (!state.exists) return E.right([fact('ApplicationRegistered', { app, sealed: command.keys })])
    const isSame = state.keys !== null && equalJson(state.keys, command.keys)
    return E.right(isSame ? [] : [fact('ApplicationKeysChanged', { app, sealed: command.keys })])
  }
  if (!state.exists) return E.left(rejection('NotFound', 'no_application'))
  const read = readSettings(command.body)
  if (E.isLeft(read)) return E.left(rejection('Invalid', 'settings', { fields: read.left }))
  const before = new Map(Object.entries(settingsFrom(state.settings)))
  const changed = Object.entries(read.right).filter(([name, value]) => !equalJson(value, before.get(name)))
  if (changed.length === 0) return E.right([])
  const settings = Object.fromEntries(changed.filter(([name]) => !isSecretSetting(name)))
  const secret = Object.fromEntries(changed.filter(([name]) => isSecretSetting(name)))
  const sealed = Object.keys(secret).length === 0 ? {} : { sealed: secret }
  return E.right([fact('ApplicationSettingsChanged', { app, settings, ...sealed })])
}

const evolve = (state: ApplicationState, event: Fact): ApplicationState => {
  switch (event.type as keyof typeof APPLICATION_EVENTS) {
    case 'ApplicationRegistered':
      return { ...state, exists: true, keys: dataOf('ApplicationRegistered', event).sealed }
    case 'ApplicationKeysChanged':
      return { ...state, keys: dataOf('ApplicationKeysChanged', event).sealed }
    case 'ApplicationSettingsChanged': {
      const { settings, sealed } = dataOf('ApplicationSettingsChanged', event)
      return { ...state, settings: { ...state.settings, ...settings, ...sealed } }
    }
    default:
      return state
  }
}

export const applicationDecider: Decider<ApplicationState, ApplicationCommand> = {
  initial: { exists: false, keys: null, settings: {} },
  stateVersion: 2,
  evolve,
  decide,
  subject: (stream) => stream,
}
