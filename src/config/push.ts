import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { ApnsKey } from '../pushing/apns.ts'
import type { FcmAccount } from '../pushing/fcm.ts'
import type { PushSettings } from '../pushing/gateways.ts'
import type { WebPushKeys } from '../pushing/web.ts'
import type { Values } from './settings.ts'

type Read<A> = E.Either<readonly string[], A | undefined>
type PushValues = Pick<
  Values,
  | 'CC_WEBPUSH_KEYS'
  | 'CC_FCM_SERVICE_ACCOUNT'
  | 'CC_FCM_URL'
  | 'CC_APNS_KEY'
  | 'CC_APNS_KEY_ID'
  | 'CC_APNS_TEAM_ID'
  | 'CC_APNS_URL'
  | 'PUBLIC_URL'
  | 'MAIL_SENDER'
>
/** A key is given as it is, or as the path of its file. */
type Parts = { readonly production: boolean; readonly read: (path: string) => string }

/** The keys of the push gateways (connectycube 9); faults never show one. */
export const readPush = (values: PushValues, parts: Parts): E.Either<readonly string[], PushSettings> => {
  const [web, fcm, apns] = [webKeys(values, parts), fcmAccount(values, parts), apnsKey(values, parts)]
  const faults = [web, fcm, apns].flatMap((one) => (E.isLeft(one) ? one.left : []))
  return E.isLeft(web) || E.isLeft(fcm) || E.isLeft(apns)
    ? E.left(faults)
    : E.right({
        ...{ web: web.right, fcm: fcm.right, apns: apns.right },
        ...{ fcmUrl: values.CC_FCM_URL, apnsUrl: values.CC_APNS_URL },
        reach: parts.production ? 'public' : 'local',
      })
}

const NOTHING: Read<never> = E.right(undefined)

const fault = (name: string, text: string): Read<never> => E.left([`${name}: ${text}`])

/** `undefined` if the file cannot be read. */
const contentOf = (value: string, { read }: Parts): string | undefined => {
  if (/^(?:\{|-----BEGIN )/.test(value)) return value
  try {
    return read(value).trim()
  } catch {
    return undefined
  }
}

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const VapidKeys = t.intersection([
  t.type({ publicKey: t.string, privateKey: t.string }),
  t.partial({ subject: t.string }),
])

const webKeys = (values: PushValues, parts: Parts): Read<WebPushKeys> => {
  const name = 'CC_WEBPUSH_KEYS'
  const { CC_WEBPUSH_KEYS: value, PUBLIC_URL: url, MAIL_SENDER: sender } = values
  if (value === undefined) return NOTHING
  const text = contentOf(value, parts)
  if (text === undefined) return fault(name, 'its file cannot be read')
  const keys = parse(text)
  if (!VapidKeys.is(keys) || !isPair(keys))
    return fault(
      name,
      'must be JSON with publicKey and privateKey, as web-push generate-vapid-keys --json makes it',
    )
  const ours = url?.startsWith('https:') === true ? url : `mailto:${addressIn(sender)}`
  const { publicKey, privateKey, subject = ours } = keys
  return /^(?:mailto:.+@|https:\/\/.)/.test(subject)
    ? E.right({ publicKey, privateKey, subject })
    : fault(name, 'its subject must be a mailto: or https: URL')
}

/** A sender may have a name before his address. */
const addressIn = (sender = 'headwater@localhost'): string => /<([^>]+)>/.exec(sender)?.[1] ?? sender

const isPair = ({ publicKey, privateKey }: Pick<WebPushKeys, 'publicKey' | 'privateKey'>): boolean => {
  try {
    const curve = createECDH('prime256v1')
    curve.setPrivateKey(Buffer.from(privateKey, 'base64url'))
    return curve.getPublicKey('base64url') === publicKey
  } catch {
    return false
  }
}

const ServiceAccount = t.intersection([
  t.type({ project_id: t.string, client_email: t.string, private_key: t.string }),
  t.partial({ private_key_id: t.string, token_uri: t.string }),
])

const GOOGLE_TOKENS = 'https://oauth2.googleapis.com/token'

const fcmAccount = ({ CC_FCM_SERVICE_ACCOUNT: value }: PushValues, parts: Parts): Read<FcmAccount> => {
  const name = 'CC_FCM_SERVICE_ACCOUNT'
  if (value === undefined) return NOTHING
  const text = contentOf(value, parts)
  if (text === undefined) return fault(name, 'its file cannot be read')
  const account = parse(text)
  if (!ServiceAccount.is(account))
    return fault(name, 'must be the JSON of a service account: project_id, client_email, private_key')
  const key = privateKeyIn(account.private_key)
  if (key?.asymmetricKeyType !== 'rsa') return fault(name, 'its private_key must be an RSA key as PEM')
  const { project_id: projectId, client_email: clientEmail, token_uri: tokenUri = GOOGLE_TOKENS } = account
  const wrong = faultOfUrl(tokenUri, parts.production)
  if (wrong !== undefined) return fault(name, wrong)
  return E.right({
    ...{ projectId, clientEmail, tokenUri },
    privateKey: pemOf(key),
    keyId: account.private_key_id,
  })
}

const faultOfUrl = (url: string, production: boolean): string | undefined => {
  if (!URL.canParse(url) || !/^https?:/.test(url)) return 'its token_uri must be a URL'
  return production && !url.startsWith('https:')
    ? 'a token_uri with http: is refused in production'
    : undefined
}

const APNS_NAMES = ['CC_APNS_KEY', 'CC_APNS_KEY_ID', 'CC_APNS_TEAM_ID'] as const

const apnsKey = (values: PushValues, parts: Parts): Read<ApnsKey> => {
  const { CC_APNS_KEY: value, CC_APNS_KEY_ID: keyId, CC_APNS_TEAM_ID: teamId } = values
  if (value === undefined || keyId === undefined || teamId === undefined) {
    const missing = APNS_NAMES.filter((name) => values[name] === undefined)
    return missing.length === APNS_NAMES.length
      ? NOTHING
      : E.left(missing.map((name) => `${name}: must be set with the other two of ${APNS_NAMES.join(', ')}`))
  }
  const text = contentOf(value, parts)
  if (text === undefined) return fault('CC_APNS_KEY', 'its file cannot be read')
  const key = privateKeyIn(text)
  return key?.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    ? E.right({ key: pemOf(key), keyId, teamId })
    : fault('CC_APNS_KEY', 'must be a P-256 private key as PEM, as Apple gives it in a .p8 file')
}

/** Environments often hold line ends as `\n`. */
const privateKeyIn = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey(pem.replaceAll('\\n', '\n'))
  } catch {
    return undefined
  }
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
