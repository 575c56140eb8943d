import { PROTOCOL_NAMES } from '../http/protocol.ts'
import type { TrustProxy } from '../http/address.ts'
import * as d from './decoders.ts'
import type { TextDecoder } from './decoders.ts'

/** One environment variable: how it is read, what it is when it is unset, and whether faults may show it. */
export type Setting<A> = {
  readonly decoder: TextDecoder<unknown>
  readonly unset: A
  readonly secret: boolean
}

const setting = <A>(decoder: TextDecoder<A>, unset: NoInfer<A>): Setting<A> => ({
  decoder,
  unset,
  secret: false,
})
const optional = <A>(decoder: TextDecoder<A>): Setting<A | undefined> => ({
  decoder,
  unset: undefined,
  secret: false,
})
/** Secrets, and URLs that may carry one. */
const secret = <A>(decoder: TextDecoder<A>): Setting<A | undefined> => ({
  ...optional(decoder),
  secret: true,
})

export const ROLES = ['api', 'projector'] as const
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const NO_PROXY: TrustProxy = { _tag: 'None' }
const DAY_SECONDS = 86_400
const YEAR_SECONDS = 366 * DAY_SECONDS

/** Every setting with its default in development (one-port 8). What production changes stands in `rules.ts`. */
export const SETTINGS = {
  HOST: setting(d.host, '127.0.0.1'),
  PORT: setting(d.port, 8080),
  PUBLIC_URL: optional(d.publicUrl),
  TRUST_PROXY: setting(d.trustProxy, NO_PROXY),
  PROTOCOLS: setting(d.setOf(PROTOCOL_NAMES), new Set(PROTOCOL_NAMES)),
  ROLES: setting(d.setOf(ROLES), new Set(ROLES)),
  DATA_DIR: setting(d.text, './data'),
  EVENTSTORE_URL: secret(d.connectionString('esdb://', 'esdb+discover://')),
  MONGODB_URL: secret(d.connectionString('mongodb://', 'mongodb+srv://')),
  ADMIN_LOGIN: setting(d.text, 'admin'),
  ADMIN_PASSWORD: secret(d.password),
  MAIL_URL: secret(d.url('log:', 'off:', 'smtp:', 'smtps:')),
  MAIL_SENDER: optional(d.text),
  MAIL_IMPRINT: optional(d.text),
  CORS_ORIGINS: setting(d.corsOrigins, []),
  METRICS_TOKEN: secret(d.text),
  LOG_LEVEL: setting(d.oneOf(LOG_LEVELS), 'info'),
  EVENTSTORE_LISTEN: optional(d.hostAndPort),
  EVENTSTORE_LISTEN_TOKEN: secret(d.text),

  RIGHTECH_PORT: optional(d.port),
  RIGHTECH_TOKEN_SECONDS: setting(d.wholeNumber(1, 10 * YEAR_SECONDS), DAY_SECONDS),
  RIGHTECH_OFFLINE_COMMANDS: setting(d.oneOf(['accept', 'refuse'] as const), 'accept'),
  RIGHTECH_PACKET_DAYS: setting(d.wholeNumber(0, 36_500), 0),

  TIMELIMIT_PORT: optional(d.port),
  ADMIN_TOKEN: secret(d.text),
  SIGN_SECRET: secret(d.text),
  ALWAYS_PRO: setting(d.boolean, false),
  DISABLE_SIGNUP: setting(d.boolean, false),
  MAIL_WHITELIST: setting(d.list, []),
  MAIL_SERVER_BLACKLIST: setting(d.list, []),
  PING_INTERVAL_SEC: setting(d.wholeNumber(1, 3_600), 25),
  GOOGLE_PLAY_PUBLIC_KEY: optional(d.text),

  AFRODITE_PORT: optional(d.port),
  AFRODITE_INTERNAL_PORT: optional(d.port),
  AFRODITE_INTERNAL_HOST: setting(d.host, '127.0.0.1'),
  AFRODITE_BOT_LOGIN: setting(d.boolean, false),
  AFRODITE_KEEPALIVE_SECONDS: setting(d.seconds(0.001), 360),
  AFRODITE_TEST_SECONDS: setting(d.seconds(0), 60),
  AFRODITE_HANDSHAKE_SECONDS: setting(d.seconds(0.001), 10),
  AFRODITE_NODE_LEASE_SECONDS: setting(d.seconds(0.1), 15),
  AFRODITE_IP_BINDING: setting(d.boolean, true),
  AFRODITE_REVOKE_ON_MALFORMED: setting(d.boolean, true),
  AFRODITE_MIN_CLIENT: setting(d.minClients, []),
  AFRODITE_DEMO: optional(d.text),
  AFRODITE_GOOGLE_CLIENT_ID_WEB: optional(d.text),
  AFRODITE_GOOGLE_CLIENT_ID_SERVER: optional(d.text),
  AFRODITE_GOOGLE_CLIENT_ID_ANDROID: optional(d.text),
  AFRODITE_GOOGLE_CLIENT_ID_IOS: optional(d.text),
  AFRODITE_GOOGLE_KEYS_URL: setting(d.url('https:', 'http:'), 'https://www.googleapis.com/oauth2/v3/certs'),
  AFRODITE_BACKEND_VERSION: optional(d.text),

  CONNECTYCUBE_PORT: optional(d.port),
  CC_APP_ID: setting(d.wholeNumber(1, 2 ** 31 - 1), 1),
  CC_AUTH_KEY: secret(d.text),
  CC_AUTH_SECRET: secret(d.text),
  CC_ADMIN_KEY: secret(d.text),
  CC_CHAT_DOMAIN: optional(d.host),
  CC_REQUESTS_PER_MINUTE: setting(d.wholeNumber(0, 1_000_000), 0),
  CC_LINK_PREVIEW: setting(d.oneOf(['off', 'on', 'local'] as const), 'off'),
  CC_WEBPUSH_KEYS: secret(d.text),
  CC_FCM_SERVICE_ACCOUNT: secret(d.text),
  CC_FCM_URL: optional(d.url('https:', 'http:')),
  CC_APNS_KEY: secret(d.text),
  CC_APNS_KEY_ID: optional(d.text),
  CC_APNS_TEAM_ID: optional(d.text),
  CC_APNS_URL: optional(d.url('https:', 'http:')),
}

export type SettingName = keyof typeof SETTINGS
/** What the variables come to, each on its own. */
export type Values = {
  readonly [K in SettingName]: (typeof SETTINGS)[K] extends Setting<infer A> ? A : never
}
