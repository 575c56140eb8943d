import type { Answer } from '../../http/protocol.ts'
import { findUser } from '../../queries/cc/users.ts'
import { fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { integer, text } from './params.ts'
import type { Services } from './services.ts'

/** Who is called is told over his connection; the SDK reads JSON (connectycube 2.7, 10.3). */
const reject = async ({ reader }: Services, { caller: { app }, params }: Call): Promise<Answer> => {
  const recipient = integer(params['recipientId'])
  const errors = {
    ...(recipient === undefined ? { recipientId: [RULES.blank] } : {}),
    ...((text(params['sessionID']) ?? '') === '' ? { sessionID: [RULES.blank] } : {}),
  }
  if (recipient === undefined || Object.keys(errors).length > 0) return fieldErrors(errors)
  return (await findUser(reader, app, recipient)) === undefined ? notFound() : json(200, {})
}

/** Connectycube 10.3. */
export const CALL_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/calls/reject', level: 'user', serve: reject },
]
