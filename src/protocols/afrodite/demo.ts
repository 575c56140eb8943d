import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { DemoEntry } from '../../config/demo.ts'
import type { AccountState } from '../../domain/afrodite/account.ts'
import { isAid } from '../../domain/afrodite/names.ts'
import type { Answer } from '../../http/protocol.ts'
import { DEMO_ACCOUNTS_MAX } from '../../limits.ts'
import { allAccounts, demoAccounts } from '../../queries/afrodite/accounts.ts'
import type { DemoAnswer } from './demo-mode.ts'
import { openWith, type Endpoint, type Place } from './endpoint.ts'
import { FAILED } from './errors.ts'
import { Aid, failed, loginTo } from './login-result.ts'
import { json } from './replies.ts'
import type { Services } from './services.ts'

const Password = t.type({ password: t.string })
const Token = t.type({ token: t.string })

const post = (name: string): Place => ({ methods: ['POST'], name })

/** The demo mode (afrodite 4.3). Where it is not configured every password is wrong. */
export const DEMO_ENDPOINTS: readonly Endpoint[] = [
  openWith(post('/account_api/demo_mode_login'), Password, async ({ demo }, { password }, { address }) =>
    E.match(failed, answerOf)(await demo.login(password, address)),
  ),

  openWith(
    post('/account_api/demo_mode_confirm_login'),
    t.type({ password: Password, token: Token }),
    async ({ demo }, { password: { password }, token: { token } }) =>
      E.match(failed, answerOf)(await demo.confirm(password, token)),
  ),

  openWith(post('/account_api/demo_mode_accessible_accounts'), Token, async (services, { token }) => {
    const entry = await services.demo.entryOf(token)
    if (entry === undefined) return FAILED
    const aids = await accessible(services, entry)
    return json(aids.map((aid) => ({ aid: { aid }, name: null, age: null })))
  }),

  openWith(post('/account_api/demo_mode_register_account'), Token, async (services, { token }) => {
    const entry = await services.demo.entryOf(token)
    if (entry === undefined) return FAILED
    const aid = randomUUID()
    const command = { type: 'Register', aid, origin: 'demo', demoEntry: entry.database_id } as const
    const registered = await services.accounts.run(aid, command, { isNew: true })
    return E.isLeft(registered) ? failed(registered.left) : json({ aid })
  }),

  openWith(
    post('/account_api/demo_mode_login_to_account'),
    t.type({ token: Token, aid: Aid }),
    async (services, { token: { token }, aid: { aid } }, { address: ip }) => {
      const entry = await services.demo.entryOf(token)
      if (entry === undefined || !mayLogIn(entry, aid, await services.accounts.load(aid))) return FAILED
      return loginTo(services, { aid, method: 'demo', ip })
    },
  ),
]

const answerOf = ({ locked, token }: DemoAnswer): Answer =>
  json({ locked, token: token === null ? null : { token } })

/** Accounts that the operator opened to the entry. */
const openedTo = ({ accessible_accounts: accounts }: DemoEntry): readonly string[] =>
  accounts.map((aid) => aid.toLowerCase()).filter(isAid)

const mayLogIn = (entry: DemoEntry, aid: string, { demoEntry }: AccountState): boolean =>
  entry.access_all_accounts || demoEntry === entry.database_id || openedTo(entry).includes(aid)

const accessible = async (
  { reader }: Pick<Services, 'reader'>,
  entry: DemoEntry,
): Promise<readonly string[]> => {
  if (entry.access_all_accounts) return (await allAccounts(reader, DEMO_ACCOUNTS_MAX)).map(({ aid }) => aid)
  const aids = new Set<string>()
  for (const aid of openedTo(entry)) {
    const account = await reader.get('afrodite_accounts', aid)
    if (account !== undefined && account.value['ended'] !== true) aids.add(aid)
  }
  for (const { aid } of await demoAccounts(reader, entry.database_id, DEMO_ACCOUNTS_MAX)) aids.add(aid)
  return [...aids].slice(0, DEMO_ACCOUNTS_MAX)
}
