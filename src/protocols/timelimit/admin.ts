import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { equalTexts } from '../../crypto/hashes.ts'
import { STATUS_STREAM } from '../../domain/timelimit/names.ts'
import { systemDecider } from '../../domain/timelimit/system.ts'
import { textAt } from '../../queries/timelimit/documents.ts'
import { familyWithMail } from './callers.ts'
import { StatusMessage, UnlockPremium } from './codecs.ts'
import { get, post, type Endpoint } from './endpoint.ts'
import { CONFLICT, CORS, errorPage, rejected } from './errors.ts'
import { addPurchase } from './purchase.ts'
import { DONE, json } from './replies.ts'
import { DIRECT, OPERATOR, unlockByToken } from './unlock.ts'

/** What operators do (timelimit 2.18), behind the admin password. */
export const ADMIN_ENDPOINTS: readonly Endpoint[] = [
  get('/admin/status', ({ live, counters }) =>
    json({ websocketClients: live.clients(), counters: counters.counts(), maxValues: counters.longest() }),
  ),

  {
    method: 'POST',
    path: '/admin/reset-counters',
    serve: ({ counters }) => {
      counters.reset()
      return DONE
    },
  },

  get('/admin/status-message', async ({ reader }) => {
    const found = await reader.get('timelimit_status', 'message')
    return json({ statusMessage: textAt(found?.value, 'message') ?? '' })
  }),

  post('/admin/status-message', StatusMessage, async ({ engine, now, live }, { message }) => {
    const done = await engine.execute({
      stream: STATUS_STREAM,
      decider: systemDecider,
      command: { type: 'SetStatusMessage', message },
      commandId: randomUUID(),
      actor: `timelimit:${OPERATOR}`,
      at: now(),
      via: { protocol: 'timelimit' },
    })()
    if (E.isLeft(done)) return rejected(done.left)
    live.broadcast()
    return DONE
  }),

  post('/admin/unlock-premium', UnlockPremium, async (services, { mail, duration: purchase }) => {
    const family = await familyWithMail(services, mail)
    if (family === undefined) return CONFLICT
    const made = { family, actor: OPERATOR, service: DIRECT, transactionId: randomUUID(), purchase }
    const added = await addPurchase(services, made)
    return E.isLeft(added) ? rejected(added.left) : DONE
  }),

  unlockByToken,
]

/** HTTP's basic authentication with any user name. Without a configured password nobody may. */
export const isAdmin = (authorization = '', adminToken: string | undefined): boolean => {
  const [scheme = '', credentials = ''] = authorization.split(' ', 2)
  if (scheme.toLowerCase() !== 'basic' || adminToken === undefined) return false
  const decoded = Buffer.from(credentials, 'base64').toString()
  const colon = decoded.indexOf(':')
  return colon !== -1 && equalTexts(decoded.slice(colon + 1), adminToken)
}

export const NOT_ADMIN = errorPage(401, { ...CORS, 'WWW-Authenticate': 'Basic realm="login"' })
