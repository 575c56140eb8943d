/**
 * Stand-ins of the three push gateways: they check who asks, as the real ones do, keep what they were sent, and answer what a test wants for a
 * device. A browser's messages are decrypted with its own keys (RFC 8188, 8291), because only that proves what it would show.
 */
import {
  createDecipheriv,
  createECDH,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2'
import type { Server } from 'node:net'
import { jwtVerify } from 'jose'
import { isObject, plainText, type Json } from '../../src/json.ts'

export type Answer = {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: Json
}
export type Sent = { readonly headers: IncomingHttpHeaders; readonly body: Json }

export type StandIns = {
  /** Settings that lead a server here. */
  readonly env: { readonly [name: string]: string }
  /** What was sent to that device, by what gateways call it, the first first. */
  readonly sentTo: (device: string) => readonly Sent[]
  /** The next answers for that device; the last one stays. Without any it is a success. */
  readonly answer: (device: string, ...answers: readonly Answer[]) => void
  readonly newBrowser: (name: string) => Browser
  /** Access tokens that were given. */
  readonly tokens: () => number
  readonly close: () => void
}

/** As `POST /subscriptions` takes it. */
export type Browser = {
  readonly endpoint: string
  readonly token: { readonly web_endpoint: string; readonly web_auth: string; readonly web_p256dh: string }
}

export const openStandIns = async (): Promise<StandIns> => {
  const sent = new Map<string, Sent[]>()
  const answers = new Map<string, Answer[]>()
  const secrets = new Map<string, Secrets>()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const apple = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const vapid = createECDH('prime256v1')
  vapid.generateKeys()
  let tokens = 0
  const take = (device: string, one: Sent, success: Answer): Answer => {
    sent.set(device, [...(sent.get(device) ?? []), one])
    const left = answers.get(device) ?? []
    const [answer] = left
    if (left.length > 1) left.shift()
    return answer ?? success
  }

  const fcm = createServer((request, response) => {
    const reply = async (): Promise<Answer> => {
      const text = await textOf(request)
      if (request.url === '/token') {
        const assertion = new URLSearchParams(text).get('assertion') ?? ''
        await jwtVerify(assertion, rsa.publicKey, { issuer: 'push@p1', audience: `${urlOf(fcm)}/token` })
        tokens += 1
        return { status: 200, body: { access_token: `access-${tokens}`, expires_in: 3600 } }
      }
      const isKnown = request.url === '/v1/projects/p1/messages:send'
      if (!isKnown || request.headers.authorization !== `Bearer access-${tokens}`)
        return { status: 401, body: { error: { status: 'UNAUTHENTICATED' } } }
      const body = JSON.parse(text) as Json
      const message = isObject(body) ? body['message'] : undefined
      const device = isObject(message) ? plainText(message['token']) : ''
      return take(device, { headers: request.headers, body }, { status: 200, body: { name: 'm' } })
    }
    reply().then(
      ({ status, headers, body = {} }) => response.writeHead(status, headers).end(JSON.stringify(body)),
      () => response.writeHead(500).end(),
    )
  })

  const web = createServer((request, response) => {
    const reply = async (): Promise<Answer> => {
      const name = (request.url ?? '').slice(1)
      const authorization = request.headers.authorization ?? ''
      const [, jwt = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? []
      await jwtVerify(jwt, publicKeyOf(vapid.getPublicKey()), { audience: urlOf(web) })
      if (key !== vapid.getPublicKey('base64url')) return { status: 403 }
      const bytes = await bytesOf(request)
      const keys = secrets.get(name)
      const text = bytes.length === 0 || keys === undefined ? '' : decrypted(bytes, keys)
      return take(
        name,
        { headers: request.headers, body: text === '' ? null : (JSON.parse(text) as Json) },
        { status: 201 },
      )
    }
    reply().then(
      ({ status, headers }) => response.writeHead(status, headers).end(),
      () => response.writeHead(400).end(),
    )
  })

  const apns = createHttp2Server()
  apns.on('stream', (stream, headers) => {
    const reply = async (): Promise<Answer> => {
      const chunks: Buffer[] = []
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
      const jwt = /^bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
      const { protectedHeader } = await jwtVerify(jwt, apple.publicKey, { issuer: 'TEAM123456' })
      if (protectedHeader.kid !== 'KEY1234567')
        return { status: 403, body: { reason: 'InvalidProviderToken' } }
      const device = (headers[':path'] ?? '').replace('/3/device/', '')
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Json
      return take(device, { headers, body }, { status: 200 })
    }
    reply().then(
      ({ status, headers: more, body }) => {
        stream.respond({ ':status': status, ...more })
        stream.end(body === undefined ? undefined : JSON.stringify(body))
      },
      () => stream.respond({ ':status': 500 }, { endStream: true }),
    )
  })
  const servers: readonly Server[] = [fcm, web, apns]
  for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')

  return {
    env: {
      CC_FCM_URL: urlOf(fcm),
      CC_FCM_SERVICE_ACCOUNT: JSON.stringify({
        ...{ project_id: 'p1', client_email: 'push@p1', token_uri: `${urlOf(fcm)}/token` },
        private_key: pemOf(rsa.privateKey),
      }),
      CC_APNS_URL: urlOf(apns),
      CC_APNS_KEY: pemOf(apple.privateKey),
      CC_APNS_KEY_ID: 'KEY1234567',
      CC_APNS_TEAM_ID: 'TEAM123456',
      CC_WEBPUSH_KEYS: JSON.stringify({
        publicKey: vapid.getPublicKey('base64url'),
        privateKey: vapid.getPrivateKey('base64url'),
      }),
    },
    sentTo: (device) => sent.get(device) ?? [],
    answer: (device, ...next) => answers.set(device, [...next]),
    newBrowser: (name) => {
      const keys = createECDH('prime256v1')
      keys.generateKeys()
      const auth = randomBytes(16)
      secrets.set(name, { keys, auth })
      const endpoint = `${urlOf(web)}/${name}`
      return {
        endpoint,
        token: {
          web_endpoint: endpoint,
          web_auth: auth.toString('base64url'),
          web_p256dh: keys.getPublicKey('base64url'),
        },
      }
    },
    tokens: () => tokens,
    close: () => {
      for (const server of [fcm, web]) server.closeAllConnections()
      for (const server of servers) server.close()
      for (const server of servers) server.unref()
    },
  }
}

type Secrets = { readonly keys: ReturnType<typeof createECDH>; readonly auth: Buffer }

const urlOf = (server: Server): string => {
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const bytesOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
const textOf = async (message: IncomingMessage): Promise<string> => (await bytesOf(message)).toString()

const publicKeyOf = (point: Buffer) => ({
  ...{ kty: 'EC', crv: 'P-256' },
  x: point.subarray(1, 33).toString('base64url'),
  y: point.subarray(33, 65).toString('base64url'),
})

/** One record: salt, record size, the sender's public key, then what is sealed with AES-128-GCM. */
const decrypted = (body: Buffer, { keys, auth }: Secrets): string => {
  const salt = body.subarray(0, 16)
  const idLength = body.readUInt8(20)
  const sender = body.subarray(21, 21 + idLength)
  const sealed = body.subarray(21 + idLength)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender])
  const ikm = Buffer.from(hkdfSync('sha256', keys.computeSecret(sender), auth, info, 32))
  const key = Buffer.from(hkdfSync('sha256', ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16))
  const nonce = Buffer.from(hkdfSync('sha256', ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12))
  const cipher = createDecipheriv('aes-128-gcm', key, nonce)
  cipher.setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
  return plain.subarray(0, plain.lastIndexOf(2)).toString()
}
