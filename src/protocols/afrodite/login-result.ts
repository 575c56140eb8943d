import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { accessText, refreshText, type Pair } from '../../commands/afrodite/tokens.ts'
import type { LoginMethod } from '../../domain/afrodite/events.ts'
import { isAid } from '../../domain/afrodite/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { textWhere } from './codecs.ts'
import { FAILED, rejected } from './errors.ts'
import { json } from './replies.ts'
import type { Services } from './services.ts'

export const Aid = t.type({ aid: textWhere('aid', isAid, { type: 'string', format: 'uuid' }) })

export type Login = { readonly aid: string; readonly method: LoginMethod; readonly ip: string }

/** A new pair for an account, as the LoginResult of afrodite 4. */
export const loginTo = async (
  { accounts, sessions }: Pick<Services, 'accounts' | 'sessions'>,
  { aid, method, ip }: Login,
): Promise<Answer> => {
  const started = await sessions.startLogin(aid, method, ip)
  if (E.isLeft(started)) return failed(started.left)
  const { email } = await accounts.load(aid)
  return json({ account: textsOf(started.right), profile: null, media: null, aid: { aid }, email })
}

/** Whatever is wrong with a login is 500 (afrodite 4); only what passes by itself is said. */
export const failed = (refused: Rejection): Answer =>
  refused.kind === 'Unavailable' || refused.kind === 'TooMany' ? rejected(refused) : FAILED

const textsOf = ({ access, refresh }: Pair) => ({
  refresh: { token: refreshText(refresh) },
  access: { access_token: accessText(access) },
})
