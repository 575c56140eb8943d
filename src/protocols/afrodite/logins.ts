import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { nullable } from './codecs.ts'
import { connected, open, openWith, type Endpoint } from './endpoint.ts'
import { FAILED, rejected } from './errors.ts'
import { signInWithGoogle } from './google.ts'
import { Aid, failed, loginTo } from './login-result.ts'
import { DONE, json } from './replies.ts'

/** Tokens of other services; Google's wins (afrodite 4.4). */
const SignIn = t.type({ google_token: nullable(t.string), apple_token: nullable(t.string) })

/** How a client gets its first pair, and how it gives the last one back (afrodite 4.2, 4.4, 4.5). */
export const LOGIN_ENDPOINTS: readonly Endpoint[] = [
  open({ methods: ['POST'], name: '/account_api/register', internal: true }, async ({ accounts }) => {
    const aid = randomUUID()
    const registered = await accounts.run(aid, { type: 'Register', aid, origin: 'bot' }, { isNew: true })
    return E.isLeft(registered) ? failed(registered.left) : json({ aid })
  }),

  openWith(
    { methods: ['POST'], name: '/account_api/login', internal: true },
    Aid,
    async (services, { aid }, { address: ip }) => {
      const { origin } = await services.accounts.load(aid)
      return origin === 'bot' ? loginTo(services, { aid, method: 'bot', ip }) : FAILED
    },
  ),

  openWith(
    { methods: ['POST'], name: '/account_api/sign_in_with_login' },
    SignIn,
    // Sign-in with Apple is not there (afrodite 4.4).
    (services, { google_token: token }, { address: ip }) =>
      token === null ? FAILED : signInWithGoogle(services, token, ip),
  ),

  connected({ methods: ['POST'], name: '/account_api/logout' }, async ({ sessions }, { aid }) => {
    const ended = await sessions.logout(aid)
    return E.isLeft(ended) ? rejected(ended.left) : DONE
  }),
]
