import webpush, { type PushSubscription } from 'web-push'
import type { Device } from '../domain/cc/push-events.ts'
import { createGuarded, NotReachable, type GuardedAnswer, type Reach } from '../http/guarded.ts'
import { PUSH_ANSWER_BYTES_MAX, PUSH_SEND_MS_MAX } from '../limits.ts'
import { again, againAfter, codeOf, refused, retryAfter, type Gateway, type Outcome } from './gateway.ts'
import { webMessage } from './web-payload.ts'

/** VAPID (RFC 8292): who we are to push services; `subject` is how to reach us, a `mailto:` or `https:` URL. */
export type WebPushKeys = {
  readonly publicKey: string
  readonly privateKey: string
  readonly subject: string
}

export type WebGatewayParts = {
  readonly keys: WebPushKeys
  /** Endpoints are URLs that clients chose. */
  readonly reach: Reach
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Web Push (RFC 8030, 8291): each browser's endpoint is a server of its own. */
export const createWebGateway = ({ keys, reach, now }: WebGatewayParts): Gateway => {
  const guarded = createGuarded(reach)
  return {
    send: async ({ content, device }) => {
      if (reach === 'public' && !device.token.startsWith('https:')) return refused('InsecureEndpoint')
      const message = webMessage(content, now())
      if ('refused' in message) return message
      const sealed = encrypted(device, message.text, message.ttlSeconds, keys)
      if (sealed === undefined) return refused('BadSubscription')
      try {
        const answer = await guarded.request(device.token, {
          method: 'POST',
          ...sealed,
          timeoutMs: PUSH_SEND_MS_MAX,
          bytesMax: PUSH_ANSWER_BYTES_MAX,
        })
        return outcomeOf(answer, now())
      } catch (error) {
        return error instanceof NotReachable ? refused('EndpointNotPublic') : again(codeOf(error))
      }
    },
    placeOf: ({ token }) => (URL.canParse(token) ? new URL(token).host : token),
    close: guarded.close,
  }
}

type Sealed = { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }

/** A browser whose keys we were not told cannot be told what it is about, only that there is something. */
const encrypted = (
  { token, auth, p256dh }: Device,
  text: string,
  ttlSeconds: number,
  keys: WebPushKeys,
): Sealed | undefined => {
  const options = { vapidDetails: keys, TTL: ttlSeconds, urgency: 'high' } as const
  const subscription: PushSubscription = {
    endpoint: token,
    keys: { auth: auth ?? '', p256dh: p256dh ?? '' },
  }
  try {
    const { headers, body } =
      auth === undefined || p256dh === undefined
        ? webpush.generateRequestDetails(subscription, null, options)
        : webpush.generateRequestDetails(subscription, text, options)
    return { headers: stringsOf(headers), body: body ?? Buffer.alloc(0) }
  } catch {
    // Keys that are none.
    return undefined
  }
}

const stringsOf = (headers: object): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

const outcomeOf = ({ status, headers }: GuardedAnswer, now: number): Outcome => {
  if (status >= 200 && status < 300) return 'sent'
  if (status === 404 || status === 410) return 'gone'
  if (status === 413) return { refused: 'too-large' }
  if (status === 429 || status >= 500)
    return againAfter(status, String(status), retryAfter(headers['retry-after'], now))
  return refused(String(status))
}
