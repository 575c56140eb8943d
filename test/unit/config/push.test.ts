/** Proves that keys of push gateways are taken as they are and from files, and that wrong ones are refused at the start without being shown. */
import { createECDH, generateKeyPairSync, type KeyObject } from 'node:crypto'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Environment } from '../../../src/config.ts'

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const RSA = pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const P256 = pem(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
const P384 = pem(generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey)
const vapid = createECDH('prime256v1')
vapid.generateKeys()
const KEYS = { publicKey: vapid.getPublicKey('base64url'), privateKey: vapid.getPrivateKey('base64url') }
const ACCOUNT = { project_id: 'p', client_email: 'e@p', private_key: RSA }
const APNS = { CC_APNS_KEY: P256, CC_APNS_KEY_ID: 'K', CC_APNS_TEAM_ID: 'T' }

const config = (env: Environment, files: Readonly<Record<string, string>> = {}) =>
  readConfig(env, (path) => {
    const text = files[path]
    if (text === undefined) throw new Error('ENOENT')
    return text
  })
const pushOf = (env: Environment, files?: Readonly<Record<string, string>>) => {
  const read = config(env, files)
  if (E.isRight(read)) return read.right.connectycube.push
  throw new Error(read.left.join('\n'))
}
const faults = (env: Environment): string => {
  const read = config(env)
  return E.isLeft(read) ? read.left.join('\n') : ''
}

test('without keys there is no gateway', (t) => {
  t.deepEqual(pushOf({}), {
    ...{ web: undefined, fcm: undefined, apns: undefined, fcmUrl: undefined, apnsUrl: undefined },
    reach: 'local',
  })
})

test('keys are taken as they are, with line ends as an environment has them, and from files', (t) => {
  const inline = pushOf({
    CC_WEBPUSH_KEYS: JSON.stringify(KEYS),
    CC_FCM_SERVICE_ACCOUNT: JSON.stringify(ACCOUNT),
    ...{ ...APNS, CC_APNS_KEY: P256.replaceAll('\n', '\\n') },
  })
  t.deepEqual(inline.web, { ...KEYS, subject: 'mailto:headwater@localhost' })
  t.like(inline.fcm, { projectId: 'p', clientEmail: 'e@p', tokenUri: 'https://oauth2.googleapis.com/token' })
  t.is(inline.fcm?.privateKey, RSA)
  t.deepEqual(inline.apns, { key: P256, keyId: 'K', teamId: 'T' })
  const files = { w: JSON.stringify(KEYS), f: JSON.stringify(ACCOUNT), a: P256 }
  const env = { CC_WEBPUSH_KEYS: 'w', CC_FCM_SERVICE_ACCOUNT: 'f', ...APNS, CC_APNS_KEY: 'a' }
  t.deepEqual(pushOf(env, files), inline)
  const named = { MAIL_SENDER: 'Us <us@example.org>', CC_WEBPUSH_KEYS: JSON.stringify(KEYS) }
  t.is(pushOf(named).web?.subject, 'mailto:us@example.org')
  t.is(pushOf({ ...named, PUBLIC_URL: 'https://hw.example' }).web?.subject, 'https://hw.example')
})

const WRONG: readonly (readonly [Environment, RegExp])[] = [
  [{ CC_WEBPUSH_KEYS: 'nowhere' }, /^CC_WEBPUSH_KEYS: its file cannot be read$/],
  [{ CC_WEBPUSH_KEYS: '{' }, /^CC_WEBPUSH_KEYS: must be JSON with publicKey and privateKey/],
  [
    { CC_WEBPUSH_KEYS: JSON.stringify({ ...KEYS, publicKey: KEYS.privateKey }) },
    /^CC_WEBPUSH_KEYS: must be JSON with publicKey and privateKey/,
  ],
  [{ CC_WEBPUSH_KEYS: JSON.stringify({ ...KEYS, subject: 'me' }) }, /^CC_WEBPUSH_KEYS: its subject must be/],
  [{ CC_FCM_SERVICE_ACCOUNT: '{}' }, /^CC_FCM_SERVICE_ACCOUNT: must be the JSON of a service account/],
  [
    { CC_FCM_SERVICE_ACCOUNT: JSON.stringify({ ...ACCOUNT, private_key: P256 }) },
    /^CC_FCM_SERVICE_ACCOUNT: its private_key must be an RSA key as PEM$/,
  ],
  [
    { CC_FCM_SERVICE_ACCOUNT: JSON.stringify({ ...ACCOUNT, token_uri: 'ftp://x' }) },
    /^CC_FCM_SERVICE_ACCOUNT: its token_uri must be a URL$/,
  ],
  [{ ...APNS, CC_APNS_KEY: P384 }, /^CC_APNS_KEY: must be a P-256 private key as PEM/],
  [{ ...APNS, CC_APNS_KEY: '-----BEGIN nothing' }, /^CC_APNS_KEY: must be a P-256 private key as PEM/],
  [
    { CC_APNS_KEY: P256, CC_APNS_KEY_ID: 'K' },
    /^CC_APNS_TEAM_ID: must be set with the other two of CC_APNS_KEY, /,
  ],
  [{ CC_APNS_TEAM_ID: 'T' }, /^CC_APNS_KEY: must be set .*\nCC_APNS_KEY_ID: must be set /],
  [
    {
      ...{ NODE_ENV: 'production', PUBLIC_URL: 'https://hw.example', MAIL_URL: 'off:' },
      CC_FCM_SERVICE_ACCOUNT: JSON.stringify({ ...ACCOUNT, token_uri: 'http://x' }),
    },
    /^CC_FCM_SERVICE_ACCOUNT: a token_uri with http: is refused in production$/,
  ],
]

for (const [env, fault] of WRONG)
  test(`refused: ${String(fault)}, ${Object.keys(env).join()} ${JSON.stringify(env).length}`, (t) => {
    const said = faults(env)
    t.regex(said, fault)
    for (const secret of [KEYS.privateKey, 'PRIVATE KEY', 'MII']) t.false(said.includes(secret))
  })
