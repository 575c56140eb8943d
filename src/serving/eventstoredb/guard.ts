import { hash, timingSafeEqual } from 'node:crypto'
import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js'
import { SERVED_CALLS_MAX, SERVED_READS_MAX } from '../../limits.ts'
import { exhausted, unauthenticated, type Refusal } from './refusals.ts'

/**
 * Looks at each call before anything of it is read: whether it has the token, where one is set, and whether there is room for it. Server
 * features and gossip are open, as on EventStoreDB: clients ask for them without credentials.
 */
export const makeGuard = (token: string | undefined): ServerInterceptor => {
  const mayEnter = token === undefined ? () => true : knows(token)
  let calls = 0
  let reads = 0
  return ({ path }, call) => {
    const isOpen = !path.startsWith(STREAMS)
    const isRead = path === READ
    let inside = false
    const leave = (): void => {
      if (!inside) return
      inside = false
      calls -= 1
      if (isRead) reads -= 1
    }
    const refusalOf = (metadata: Metadata): Refusal | undefined => {
      if (!isOpen && !mayEnter(metadata)) return unauthenticated()
      if (calls >= SERVED_CALLS_MAX) return exhausted('too many calls at once')
      if (isRead && reads >= SERVED_READS_MAX) return exhausted('too many reads and subscriptions at once')
      return undefined
    }
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const refusal = refusalOf(metadata)
            if (refusal !== undefined) return call.sendStatus(refusal)
            inside = true
            calls += 1
            if (isRead) reads += 1
            // What the handlers see, log or throw cannot show it.
            metadata.remove('authorization')
            pass(metadata)
          },
          onCancel: () => leave(),
        }),
      sendStatus: (status, next) => {
        leave()
        next(status)
      },
    })
  }
}

/** As the password of any user, or as a bearer token. */
const knows = (token: string): ((metadata: Metadata) => boolean) => {
  const wanted = digest(token)
  return (metadata) => timingSafeEqual(wanted, digest(givenBy(metadata)))
}

const givenBy = (metadata: Metadata): string => {
  const [, scheme = '', given = ''] =
    /^(basic|bearer) +(\S+)$/i.exec(String(metadata.get('authorization')[0] ?? '')) ?? []
  if (scheme.toLowerCase() === 'bearer') return given
  const pair = Buffer.from(given, 'base64').toString('utf8')
  return pair.slice(pair.indexOf(':') + 1)
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

const STREAMS = '/event_store.client.streams.Streams/'
const READ = `${STREAMS}Read`
