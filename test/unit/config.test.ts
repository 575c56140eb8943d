/** Proves the table of settings: defaults, every refusal, all faults at once and no secret in any, by reading plain objects as environments. */
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../src/config.ts'
import type { Config, Environment } from '../../src/config.ts'
import { SETTINGS } from '../../src/config/settings.ts'

const read = (env: Environment, files: Readonly<Record<string, string>> = {}): Config => {
  const config = readConfig(env, readFrom(files))
  if (E.isRight(config)) return config.right
  throw new Error(config.left.join('\n'))
}
const faults = (env: Environment, files: Readonly<Record<string, string>> = {}): readonly string[] => {
  const config = readConfig(env, readFrom(files))
  return E.isLeft(config) ? config.left : []
}
const readFrom =
  (files: Readonly<Record<string, string>>) =>
  (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  }

/** Starts in production. */
const PRODUCTION = { NODE_ENV: 'production', PUBLIC_URL: 'https://hw.example', MAIL_URL: 'off:' }

test('an empty environment is development with every default', (t) => {
  const config = read({})
  t.false(config.production)
  t.deepEqual(config.http.listeners, [{ name: 'shared', host: '127.0.0.1', port: 8080 }])
  t.deepEqual([...config.protocols], ['rightech', 'timelimit', 'afrodite', 'connectycube'])
  t.deepEqual([...config.roles], ['api', 'projector'])
  t.deepEqual(config.storage, {
    dataDir: './data',
    eventStoreUrl: undefined,
    mongoUrl: undefined,
    listen: undefined,
    listenToken: undefined,
  })
  t.deepEqual(config.admin, { login: 'admin', password: undefined })
  t.deepEqual(config.mail, { url: 'log:', sender: 'headwater@localhost', imprint: undefined })
  t.deepEqual(config.rightech, { tokenSeconds: 86_400, offlineCommands: 'accept', packetDays: 0 })
  t.is(config.connectycube.authKey, 'dev-auth-key')
  t.is(config.connectycube.chatDomain, 'localhost')
  t.deepEqual(config.http.trustProxy, { _tag: 'None' })
})

test('an empty variable is an unset one', (t) => {
  t.deepEqual(read(Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, '']))), read({}))
})

test('production starts with what it needs, and makes its own keys', (t) => {
  const config = read(PRODUCTION)
  t.true(config.production)
  t.is(config.connectycube.authKey, undefined)
  t.is(config.connectycube.chatDomain, 'hw.example')
})

for (const [name, value, pick, expected] of [
  ['PORT', '0', (config: Config) => config.http.listeners[0]?.port, 0],
  [
    'PUBLIC_URL',
    'https://hw.example/base/',
    (config: Config) => config.http.publicUrl,
    'https://hw.example/base',
  ],
  ['TRUST_PROXY', '0', (config: Config) => config.http.trustProxy, { _tag: 'None' }],
  ['TRUST_PROXY', '2', (config: Config) => config.http.trustProxy, { _tag: 'Hops', hops: 2 }],
  [
    'TRUST_PROXY',
    '10.0.0.0/8, ::1',
    (config: Config) => config.http.trustProxy,
    { _tag: 'Networks', networks: [{ address: '10.0.0.0', prefix: 8 }, { address: '::1' }] },
  ],
  ['PROTOCOLS', ' timelimit ,rightech', (config: Config) => [...config.protocols], ['rightech', 'timelimit']],
  ['CORS_ORIGINS', '*', (config: Config) => config.http.corsOrigins, '*'],
  [
    'CORS_ORIGINS',
    'https://a.example, http://b:81',
    (config: Config) => config.http.corsOrigins,
    ['https://a.example', 'http://b:81'],
  ],
  [
    'MONGODB_URL',
    'mongodb://u:p@a:1,b:2/db?w=majority',
    (config: Config) => config.storage.mongoUrl,
    'mongodb://u:p@a:1,b:2/db?w=majority',
  ],
  [
    'EVENTSTORE_URL',
    'esdb://a:2113,b:2113?tls=false',
    (config: Config) => config.storage.eventStoreUrl,
    'esdb://a:2113,b:2113?tls=false',
  ],
  ['EVENTSTORE_LISTEN', '2113', (config: Config) => config.storage.listen, { host: '127.0.0.1', port: 2113 }],
  ['EVENTSTORE_LISTEN', '[::1]:2113', (config: Config) => config.storage.listen, { host: '::1', port: 2113 }],
  ['ALWAYS_PRO', 'YES', (config: Config) => config.timelimit.alwaysPro, true],
  ['ALWAYS_PRO', '1', (config: Config) => config.timelimit.alwaysPro, true],
  ['AFRODITE_IP_BINDING', 'no', (config: Config) => config.afrodite.ipBinding, false],
  ['AFRODITE_TEST_SECONDS', '0.25', (config: Config) => config.afrodite.testSeconds, 0.25],
  [
    'AFRODITE_MIN_CLIENT',
    '0:1.2.0,2:0.9.0',
    (config: Config) => config.afrodite.minClients,
    [
      { clientType: 0, version: [1, 2, 0] },
      { clientType: 2, version: [0, 9, 0] },
    ],
  ],
  [
    'MAIL_WHITELIST',
    'a.example,,b.example ',
    (config: Config) => config.timelimit.mailWhitelist,
    ['a.example', 'b.example'],
  ],
] as const) {
  test(`${name}=${value}`, (t) => t.deepEqual<unknown, unknown>(pick(read({ [name]: value })), expected))
}

for (const [name, value] of [
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '80a'],
  ['PORT', '1e3'],
  ['HOST', 'http://x'],
  ['PUBLIC_URL', 'hw.example'],
  ['PUBLIC_URL', 'ftp://hw.example'],
  ['PUBLIC_URL', 'https://hw.example/?a'],
  ['TRUST_PROXY', 'yes'],
  ['TRUST_PROXY', '10.0.0.0/40'],
  ['PROTOCOLS', 'rightech,rihgtech'],
  ['PROTOCOLS', ','],
  ['ROLES', 'api,worker'],
  ['CORS_ORIGINS', '*,https://a.example'],
  ['CORS_ORIGINS', 'https://a.example/'],
  ['LOG_LEVEL', 'loud'],
  ['RIGHTECH_TOKEN_SECONDS', '0'],
  ['RIGHTECH_OFFLINE_COMMANDS', 'maybe'],
  ['ALWAYS_PRO', 'on'],
  ['AFRODITE_HANDSHAKE_SECONDS', '0'],
  ['AFRODITE_MIN_CLIENT', '0:1.2'],
  ['AFRODITE_MIN_CLIENT', '0:1.2.0,0:1.3.0'],
  ['AFRODITE_MIN_CLIENT', '256:1.2.0'],
  ['EVENTSTORE_LISTEN', 'x:70000'],
  ['EVENTSTORE_LISTEN', 'somewhere'],
] as const) {
  test(`refused: ${name}=${value}`, (t) => {
    const all = faults({ [name]: value })
    t.is(all.length, 1)
    t.true(all[0]?.startsWith(`${name}: must `))
    t.true(all[0]?.endsWith(`, not ${JSON.stringify(value)}`))
  })
}

for (const password of ['Short1a', 'alllower1', 'ALLUPPER1', 'NoDigitHere']) {
  test(`the password rule of the stores refuses ${password}, unshown`, (t) => {
    const all = faults({ ADMIN_PASSWORD: password })
    t.regex(all.join(), /^ADMIN_PASSWORD: must have at least 8 characters/)
    t.false(all.join().includes(password))
  })
}

test('all faults come at once, and none shows a secret', (t) => {
  const secret = 'S3cret'
  const all = faults({
    NODE_ENV: 'production',
    PORT: 'x',
    ADMIN_PASSWORD: secret,
    MAIL_URL: `http://u:${secret}@x`,
    MONGODB_URL: `mongo://u:${secret}@x`,
    EVENTSTORE_URL: secret,
    ADMIN_TOKEN: secret,
    SIGN_SECRET: secret,
    LOG_LEVEL: 'x',
  })
  const names = [
    'PORT',
    'EVENTSTORE_URL',
    'MONGODB_URL',
    'ADMIN_PASSWORD',
    'MAIL_URL',
    'LOG_LEVEL',
    'PUBLIC_URL',
    'ADMIN_TOKEN',
    'SIGN_SECRET',
  ]
  t.deepEqual(
    all.map((fault) => fault.split(':')[0]),
    names,
  )
  t.false(all.join().includes(secret))
})

/** Settings that are each right, and the one fault that they are together. */
const together: readonly (readonly [Environment, string])[] = [
  [{ RIGHTECH_PORT: '8080' }, 'RIGHTECH_PORT: port 8080 is taken by PORT'],
  [{ AFRODITE_PORT: '9', CONNECTYCUBE_PORT: '9' }, 'CONNECTYCUBE_PORT: port 9 is taken by AFRODITE_PORT'],
  [{ EVENTSTORE_LISTEN: '8080' }, 'EVENTSTORE_LISTEN: port 8080 is taken by PORT'],
  [
    { TIMELIMIT_PORT: '9', PROTOCOLS: 'rightech' },
    'TIMELIMIT_PORT: its protocol timelimit is not in PROTOCOLS',
  ],
  [{ AFRODITE_INTERNAL_PORT: '9' }, 'AFRODITE_INTERNAL_PORT: needs AFRODITE_BOT_LOGIN=true'],
  [{ ROLES: 'api' }, 'ROLES: one role alone needs EVENTSTORE_URL and MONGODB_URL'],
  [
    { ROLES: 'projector', MONGODB_URL: 'mongodb://a' },
    'ROLES: one role alone needs EVENTSTORE_URL and MONGODB_URL',
  ],
  [
    { EVENTSTORE_LISTEN: '2113', EVENTSTORE_URL: 'esdb://localhost:2113' },
    'EVENTSTORE_LISTEN: only an embedded history is served, and EVENTSTORE_URL is set',
  ],
  [
    { EVENTSTORE_LISTEN: '0.0.0.0:2113' },
    'EVENTSTORE_LISTEN: an address that is not loopback needs EVENTSTORE_LISTEN_TOKEN',
  ],
  [{ ...PRODUCTION, PUBLIC_URL: '' }, 'PUBLIC_URL: must be set in production while connectycube is on'],
  [
    { ...PRODUCTION, MAIL_URL: '' },
    'MAIL_URL: must be set in production while timelimit or connectycube is on (off: if no mail shall be sent)',
  ],
  [
    { ...PRODUCTION, MAIL_URL: 'log:', PROTOCOLS: 'timelimit' },
    'MAIL_URL: must be set in production while timelimit or connectycube is on (off: if no mail shall be sent)',
  ],
  [{ ...PRODUCTION, MAIL_URL: 'smtp://x' }, 'MAIL_SENDER: must be set in production'],
  [
    { ...PRODUCTION, MONGODB_URL: 'mongodb://a,b/?w=1' },
    'MONGODB_URL: a write concern below majority is refused in production',
  ],
  [
    { ...PRODUCTION, MONGODB_URL: 'mongodb://a/?x=y&W=0' },
    'MONGODB_URL: a write concern below majority is refused in production',
  ],
  [
    { ...PRODUCTION, EVENTSTORE_LISTEN: '2113' },
    'EVENTSTORE_LISTEN_TOKEN: must be set in production with EVENTSTORE_LISTEN',
  ],
  [
    { ...PRODUCTION, ADMIN_TOKEN: 'x'.repeat(15) },
    'ADMIN_TOKEN: must have at least 16 characters in production',
  ],
  [{ ...PRODUCTION, SIGN_SECRET: 'x' }, 'SIGN_SECRET: must have at least 16 characters in production'],
  [
    { ...PRODUCTION, AFRODITE_INTERNAL_HOST: '0.0.0.0' },
    'AFRODITE_INTERNAL_HOST: a host that is not loopback is refused in production',
  ],
  [
    { ...PRODUCTION, AFRODITE_BOT_LOGIN: 'true' },
    'AFRODITE_BOT_LOGIN: needs AFRODITE_INTERNAL_PORT in production',
  ],
  [
    { ...PRODUCTION, AFRODITE_GOOGLE_KEYS_URL: 'http://x' },
    'AFRODITE_GOOGLE_KEYS_URL: http: is refused in production',
  ],
  [{ ...PRODUCTION, CC_APNS_URL: 'http://x' }, 'CC_APNS_URL: http: is refused in production'],
  [
    { ...PRODUCTION, CC_LINK_PREVIEW: 'local' },
    'CC_LINK_PREVIEW: local is refused in production, it looks at pages of this machine',
  ],
  [
    { ...PRODUCTION, CC_ADMIN_KEY: 'dev-admin-key' },
    'CC_ADMIN_KEY: the development value is refused in production',
  ],
]
for (const [env, fault] of together)
  test(`refused: ${fault} (${JSON.stringify(env)})`, (t) => t.deepEqual(faults(env), [fault]))

test('what production refuses, development takes', (t) => {
  const production = together.map(([env]) => env).filter((env) => env['NODE_ENV'] === 'production')
  t.true(production.length > 10)
  for (const env of production) t.deepEqual(faults({ ...env, NODE_ENV: undefined }), [], JSON.stringify(env))
})

test('ports of their own become listeners; port 0 may be taken twice', (t) => {
  const { http } = read({
    HOST: '0.0.0.0',
    RIGHTECH_PORT: '0',
    CONNECTYCUBE_PORT: '0',
    AFRODITE_BOT_LOGIN: '1',
    AFRODITE_INTERNAL_PORT: '3001',
  })
  t.deepEqual(http.listeners, [
    { name: 'shared', host: '0.0.0.0', port: 8080 },
    { name: 'rightech', host: '0.0.0.0', port: 0 },
    { name: 'internal', host: '127.0.0.1', port: 3001 },
    { name: 'connectycube', host: '0.0.0.0', port: 0 },
  ])
  t.false(http.internalRoutes)
  t.true(read({ AFRODITE_BOT_LOGIN: 'yes' }).http.internalRoutes)
})

test('the demo file is read with the rest, and its faults show no password', (t) => {
  const entry = {
    database_id: 1,
    password_stage0: 'stage-0',
    password_stage1: 'stage-1',
    access_all_accounts: true,
    accessible_accounts: [],
  }
  const file = (...entries: unknown[]) => ({ demo: JSON.stringify(entries) })
  t.deepEqual(read({ AFRODITE_DEMO: 'demo' }, file(entry)).afrodite.demo, [entry])
  t.deepEqual(faults({ AFRODITE_DEMO: 'nowhere' }), ['AFRODITE_DEMO: "nowhere" cannot be read'])
  t.regex(faults({ AFRODITE_DEMO: 'demo' }, { demo: '{' }).join(), /^AFRODITE_DEMO: must hold a JSON list of/)
  t.regex(
    faults({ AFRODITE_DEMO: 'demo' }, file({ ...entry, database_id: 'x' })).join(),
    /^AFRODITE_DEMO: must hold/,
  )
  t.deepEqual(faults({ AFRODITE_DEMO: 'demo' }, file(entry, entry)), [
    'AFRODITE_DEMO: holds one database_id twice',
    'AFRODITE_DEMO: holds one password twice',
  ])
  const production = faults({ ...PRODUCTION, AFRODITE_DEMO: 'demo' }, file(entry))
  t.deepEqual(production, ['AFRODITE_DEMO: holds a password under 16 characters'])
})
