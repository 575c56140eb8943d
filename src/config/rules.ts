import type { ProtocolName } from '../http/protocol.ts'
import { isLoopbackHost } from './decoders.ts'
import type { SettingName, Values } from './settings.ts'

/** What settings must be together, and what production refuses (one-port 7 and 8). Answers every fault. */
export const faultsOf = (values: Values, production: boolean): readonly string[] => [
  ...RULES.flatMap((rule) => rule(values)),
  ...(production ? PRODUCTION_RULES.flatMap((rule) => rule(values)) : []),
]

/** In production these are made at the first start, never the ones that everybody knows. */
export const DEVELOPMENT_KEYS = {
  CC_AUTH_KEY: 'dev-auth-key',
  CC_AUTH_SECRET: 'dev-auth-secret',
  CC_ADMIN_KEY: 'dev-admin-key',
} as const

type Rule = (values: Values) => readonly string[]

const fault = (broken: boolean, message: string): readonly string[] => (broken ? [message] : [])

const PORTS: readonly (readonly [SettingName & `${string}_PORT`, ProtocolName])[] = [
  ['RIGHTECH_PORT', 'rightech'],
  ['TIMELIMIT_PORT', 'timelimit'],
  ['AFRODITE_PORT', 'afrodite'],
  ['AFRODITE_INTERNAL_PORT', 'afrodite'],
  ['CONNECTYCUBE_PORT', 'connectycube'],
]

const portsOfProtocolsOn: Rule = (values) =>
  PORTS.flatMap(([name, protocol]) =>
    fault(
      values[name] !== undefined && !values.PROTOCOLS.has(protocol),
      `${name}: its protocol ${protocol} is not in PROTOCOLS`,
    ),
  )

const portsDiffer: Rule = (values) => {
  const owners = new Map<number, string>()
  const ports: readonly (readonly [string, number | undefined])[] = [
    ['PORT', values.PORT],
    ...PORTS.map(([name]) => [name, values[name]] as const),
    ['EVENTSTORE_LISTEN', values.EVENTSTORE_LISTEN?.port],
  ]
  return ports.flatMap(([name, port]) => {
    if (port === undefined || port === 0) return []
    const first = owners.get(port)
    if (first === undefined) owners.set(port, name)
    return fault(first !== undefined, `${name}: port ${port} is taken by ${first ?? ''}`)
  })
}

const RULES: readonly Rule[] = [
  portsOfProtocolsOn,
  portsDiffer,
  (values) =>
    fault(
      values.AFRODITE_INTERNAL_PORT !== undefined && !values.AFRODITE_BOT_LOGIN,
      'AFRODITE_INTERNAL_PORT: needs AFRODITE_BOT_LOGIN=true',
    ),
  (values) =>
    fault(
      values.ROLES.size === 1 && (values.EVENTSTORE_URL === undefined || values.MONGODB_URL === undefined),
      'ROLES: one role alone needs EVENTSTORE_URL and MONGODB_URL',
    ),
  ({ EVENTSTORE_LISTEN: listen, EVENTSTORE_LISTEN_TOKEN: token }) =>
    fault(
      listen !== undefined && !isLoopbackHost(listen.host) && token === undefined,
      'EVENTSTORE_LISTEN: an address that is not loopback needs EVENTSTORE_LISTEN_TOKEN',
    ),
  (values) =>
    fault(
      values.EVENTSTORE_LISTEN !== undefined && values.EVENTSTORE_URL !== undefined,
      'EVENTSTORE_LISTEN: only an embedded history is served, and EVENTSTORE_URL is set',
    ),
]

const SECRET_CHARS_MIN = 16
const tooShort = (secret: string | undefined): boolean =>
  secret !== undefined && secret.length < SECRET_CHARS_MIN

const secretsLongEnough: Rule = (values) =>
  (['ADMIN_TOKEN', 'SIGN_SECRET'] as const).flatMap((name) =>
    fault(tooShort(values[name]), `${name}: must have at least ${SECRET_CHARS_MIN} characters in production`),
  )

const mailIsSent: Rule = ({ MAIL_URL: url = 'log:', MAIL_SENDER: sender, PROTOCOLS: on }) => [
  ...fault(
    url.startsWith('log:') && (on.has('timelimit') || on.has('connectycube')),
    'MAIL_URL: must be set in production while timelimit or connectycube is on (off: if no mail shall be sent)',
  ),
  ...fault(url.startsWith('smtp') && sender === undefined, 'MAIL_SENDER: must be set in production'),
]

const keysAreOwn: Rule = (values) =>
  (['CC_AUTH_KEY', 'CC_AUTH_SECRET', 'CC_ADMIN_KEY'] as const).flatMap((name) =>
    fault(values[name] === DEVELOPMENT_KEYS[name], `${name}: the development value is refused in production`),
  )

const urlsAreEncrypted: Rule = (values) =>
  (['AFRODITE_GOOGLE_KEYS_URL', 'CC_FCM_URL', 'CC_APNS_URL'] as const).flatMap((name) =>
    fault(values[name]?.startsWith('http:') === true, `${name}: http: is refused in production`),
  )

/** A history is not durable, nor a read model complete, on one node of a set. Unset is the server's default: majority. */
const writesReachMajority: Rule = ({ MONGODB_URL: url }) => {
  const query = new URLSearchParams(url?.split('?')[1])
  const concern = [...query].find(([name]) => name.toLowerCase() === 'w')?.[1]
  return fault(
    concern !== undefined && concern !== 'majority',
    'MONGODB_URL: a write concern below majority is refused in production',
  )
}

const PRODUCTION_RULES: readonly Rule[] = [
  (values) =>
    fault(
      values.PROTOCOLS.has('connectycube') && values.PUBLIC_URL === undefined,
      'PUBLIC_URL: must be set in production while connectycube is on',
    ),
  writesReachMajority,
  mailIsSent,
  (values) =>
    fault(
      values.EVENTSTORE_LISTEN !== undefined && values.EVENTSTORE_LISTEN_TOKEN === undefined,
      'EVENTSTORE_LISTEN_TOKEN: must be set in production with EVENTSTORE_LISTEN',
    ),
  secretsLongEnough,
  (values) =>
    fault(
      !isLoopbackHost(values.AFRODITE_INTERNAL_HOST),
      'AFRODITE_INTERNAL_HOST: a host that is not loopback is refused in production',
    ),
  (values) =>
    fault(
      values.AFRODITE_BOT_LOGIN && values.AFRODITE_INTERNAL_PORT === undefined,
      'AFRODITE_BOT_LOGIN: needs AFRODITE_INTERNAL_PORT in production',
    ),
  urlsAreEncrypted,
  keysAreOwn,
  (values) =>
    fault(
      values.CC_LINK_PREVIEW === 'local',
      'CC_LINK_PREVIEW: local is refused in production, it looks at pages of this machine',
    ),
]
