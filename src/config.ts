import * as E from 'fp-ts/lib/Either.js'
import { readFileSync } from 'node:fs'
import { readDemo } from './config/demo.ts'
import { readPush } from './config/push.ts'
import type { DemoEntry } from './config/demo.ts'
import { DEVELOPMENT_KEYS, faultsOf } from './config/rules.ts'
import { SETTINGS } from './config/settings.ts'
import type { Setting, Values } from './config/settings.ts'
import type { ListenerSetup } from './http/listeners.ts'
import type { HttpSettings } from './http/server.ts'
import type { PushSettings } from './pushing/gateways.ts'

/** Everything the environment says, grouped by who needs it. Secrets that are made at the first start are `undefined` here. */
export type Config = ReturnType<typeof grouped>

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads the environment (one-port 8): every fault at once, one line each, beginning with the variable's name. A fault never
 * shows a secret. An empty variable counts as unset.
 */
export const readConfig = (
  env: Environment,
  read: ReadFile = readText,
): E.Either<readonly string[], Config> => {
  const production = env['NODE_ENV'] === 'production'
  const { values, faults } = readValues(env)
  const demo = readDemoFile(values.AFRODITE_DEMO, production, read)
  const push = readPush(values, { production, read })
  const broken = faults.map(nameIn)
  const together = faultsOf(values, production).filter((fault) => !broken.includes(nameIn(fault)))
  const all = [...faults, ...together, ...[demo, push].flatMap((one) => (E.isLeft(one) ? one.left : []))]
  return all.length > 0 || E.isLeft(demo) || E.isLeft(push)
    ? E.left(all)
    : E.right(grouped(values, production, { demo: demo.right, push: push.right }))
}

type ReadFile = (path: string) => string

const nameIn = (fault: string): string => fault.slice(0, fault.indexOf(':'))

const readText: ReadFile = (path) => readFileSync(path, 'utf8')

/** A variable with a fault counts as unset for the rules; what they say of that variable is dropped: one mistake, one message. */
const readValues = (env: Environment): { readonly values: Values; readonly faults: readonly string[] } => {
  const faults: string[] = []
  const values = Object.entries<Setting<unknown>>(SETTINGS).map(([name, { decoder, unset, secret }]) => {
    const text = env[name]?.trim() ?? ''
    if (text === '') return [name, unset]
    const decoded = decoder.decode(text)
    if (E.isRight(decoded)) return [name, decoded.right]
    faults.push(`${name}: ${decoder.name}${secret ? '' : `, not ${JSON.stringify(text)}`}`)
    return [name, unset]
  })
  // The table gives each name its decoder, hence its type.
  return { values: Object.fromEntries(values) as Values, faults }
}

const readDemoFile = (
  path: string | undefined,
  production: boolean,
  read: ReadFile,
): E.Either<readonly string[], readonly DemoEntry[] | undefined> => {
  if (path === undefined) return E.right(undefined)
  try {
    return E.mapLeft((faults: readonly string[]) => faults.map((reason) => `AFRODITE_DEMO: ${reason}`))(
      readDemo(read(path), production),
    )
  } catch {
    return E.left([`AFRODITE_DEMO: ${JSON.stringify(path)} cannot be read`])
  }
}

type FromFiles = { readonly demo: readonly DemoEntry[] | undefined; readonly push: PushSettings }

const grouped = (values: Values, production: boolean, { demo, push }: FromFiles) => ({
  production,
  protocols: values.PROTOCOLS,
  roles: values.ROLES,
  logLevel: values.LOG_LEVEL,
  http: httpSettings(values, production),
  storage: {
    dataDir: values.DATA_DIR,
    /** Unset: embedded. */
    eventStoreUrl: values.EVENTSTORE_URL,
    mongoUrl: values.MONGODB_URL,
    /** Where the embedded history is served to others. */
    listen: values.EVENTSTORE_LISTEN,
    listenToken: values.EVENTSTORE_LISTEN_TOKEN,
  },
  /** Without a password the first start makes one. */
  admin: { login: values.ADMIN_LOGIN, password: values.ADMIN_PASSWORD },
  mail: {
    url: values.MAIL_URL ?? 'log:',
    sender: values.MAIL_SENDER ?? 'headwater@localhost',
    imprint: values.MAIL_IMPRINT,
  },
  rightech: {
    tokenSeconds: values.RIGHTECH_TOKEN_SECONDS,
    offlineCommands: values.RIGHTECH_OFFLINE_COMMANDS,
    /** 0: documents keep all packets. */
    packetDays: values.RIGHTECH_PACKET_DAYS,
  },
  timelimit: {
    adminToken: values.ADMIN_TOKEN,
    signSecret: values.SIGN_SECRET,
    alwaysPro: values.ALWAYS_PRO,
    disableSignup: values.DISABLE_SIGNUP,
    mailWhitelist: values.MAIL_WHITELIST,
    mailServerBlacklist: values.MAIL_SERVER_BLACKLIST,
    pingSeconds: values.PING_INTERVAL_SEC,
    googlePlayPublicKey: values.GOOGLE_PLAY_PUBLIC_KEY,
  },
  afrodite: afroditeSettings(values, demo),
  connectycube: { ...connectycubeSettings(values, production), push },
})

const httpSettings = (values: Values, production: boolean): HttpSettings => ({
  production,
  listeners: listenersOf(values),
  ...(values.PUBLIC_URL === undefined ? {} : { publicUrl: values.PUBLIC_URL }),
  trustProxy: values.TRUST_PROXY,
  corsOrigins: values.CORS_ORIGINS,
  ...(values.METRICS_TOKEN === undefined ? {} : { metricsToken: values.METRICS_TOKEN }),
  internalRoutes: values.AFRODITE_BOT_LOGIN && values.AFRODITE_INTERNAL_PORT === undefined,
})

const listenersOf = (values: Values): readonly ListenerSetup[] => {
  const ports = [
    { name: 'shared', host: values.HOST, port: values.PORT },
    { name: 'rightech', host: values.HOST, port: values.RIGHTECH_PORT },
    { name: 'timelimit', host: values.HOST, port: values.TIMELIMIT_PORT },
    { name: 'afrodite', host: values.HOST, port: values.AFRODITE_PORT },
    { name: 'internal', host: values.AFRODITE_INTERNAL_HOST, port: values.AFRODITE_INTERNAL_PORT },
    { name: 'connectycube', host: values.HOST, port: values.CONNECTYCUBE_PORT },
  ] as const
  return ports.flatMap(({ name, host, port }) => (port === undefined ? [] : [{ name, host, port }]))
}

const afroditeSettings = (values: Values, demo: readonly DemoEntry[] | undefined) => ({
  botLogin: values.AFRODITE_BOT_LOGIN,
  keepaliveSeconds: values.AFRODITE_KEEPALIVE_SECONDS,
  /** 0: never. */
  testSeconds: values.AFRODITE_TEST_SECONDS,
  handshakeSeconds: values.AFRODITE_HANDSHAKE_SECONDS,
  nodeLeaseSeconds: values.AFRODITE_NODE_LEASE_SECONDS,
  ipBinding: values.AFRODITE_IP_BINDING,
  revokeOnMalformed: values.AFRODITE_REVOKE_ON_MALFORMED,
  minClients: values.AFRODITE_MIN_CLIENT,
  demo,
  google: {
    clientIds: {
      web: values.AFRODITE_GOOGLE_CLIENT_ID_WEB,
      server: values.AFRODITE_GOOGLE_CLIENT_ID_SERVER,
      android: values.AFRODITE_GOOGLE_CLIENT_ID_ANDROID,
      ios: values.AFRODITE_GOOGLE_CLIENT_ID_IOS,
    },
    keysUrl: values.AFRODITE_GOOGLE_KEYS_URL,
  },
  /** Unset: the version of the package. */
  backendVersion: values.AFRODITE_BACKEND_VERSION,
})

const connectycubeSettings = (values: Values, production: boolean) => ({
  appId: values.CC_APP_ID,
  authKey: values.CC_AUTH_KEY ?? (production ? undefined : DEVELOPMENT_KEYS.CC_AUTH_KEY),
  authSecret: values.CC_AUTH_SECRET ?? (production ? undefined : DEVELOPMENT_KEYS.CC_AUTH_SECRET),
  adminKey: values.CC_ADMIN_KEY ?? (production ? undefined : DEVELOPMENT_KEYS.CC_ADMIN_KEY),
  chatDomain:
    values.CC_CHAT_DOMAIN ??
    (values.PUBLIC_URL === undefined ? 'localhost' : new URL(values.PUBLIC_URL).hostname),
  /** 0: no limit. */
  requestsPerMinute: values.CC_REQUESTS_PER_MINUTE,
  linkPreview: values.CC_LINK_PREVIEW,
})
