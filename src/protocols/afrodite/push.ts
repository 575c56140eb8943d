import * as t from 'io-ts'
import { PUSH_TOKENS } from '../../commands/afrodite/sessions.ts'
import { accountStream } from '../../domain/afrodite/names.ts'
import { AFRODITE_PUSH_TOKEN_CHARACTERS_MAX } from '../../limits.ts'
import { textWhere } from './codecs.ts'
import { connectedWith, openWith, type Endpoint } from './endpoint.ts'
import { json } from './replies.ts'

const DeviceToken = t.type({
  token: textWhere('push token', ({ length }) => length > 0 && length <= AFRODITE_PUSH_TOKEN_CHARACTERS_MAX, {
    type: 'string',
    minLength: 1,
    maxLength: AFRODITE_PUSH_TOKEN_CHARACTERS_MAX,
  }),
})
const PendingNotificationToken = t.type({ token: t.string })

/** Where an account can be woken, and what a woken client asks (afrodite 6). */
export const PUSH_ENDPOINTS: readonly Endpoint[] = [
  connectedWith(
    { methods: ['POST'], name: '/chat_api/set_device_token' },
    DeviceToken,
    async ({ vault, random }, { aid }, { token }) => {
      await vault.put(PUSH_TOKENS, aid, { token }, { subject: accountStream(aid) })
      return json({ token: Buffer.from(random(PENDING_TOKEN_BYTES)).toString('base64url') })
    },
  ),
  // Accounts have no messages here: nothing is pending, whosever the token is, so nobody learns whether it is one.
  openWith({ methods: ['POST'], name: '/chat_api/get_pending_notification' }, PendingNotificationToken, () =>
    json({ value: 0, new_message_received_from: null }),
  ),
]

const PENDING_TOKEN_BYTES = 32
