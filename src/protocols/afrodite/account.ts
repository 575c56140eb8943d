import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { AccountCommand, AccountState } from '../../domain/afrodite/account.ts'
import { rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import type { Json } from '../../json.ts'
import { Day, nullable } from './codecs.ts'
import { connected, connectedWith, type Caller, type Endpoint, type Place } from './endpoint.ts'
import { rejected } from './errors.ts'
import { DONE, json } from './replies.ts'
import type { Services } from './services.ts'

const Value = t.type({ value: t.boolean })
const AccountData = t.type({ email: nullable(t.string) })
const AccountSetup = t.type({ birthdate: nullable(Day), is_adult: t.boolean })

/** What an account is told and may change about itself (afrodite 6). */
export const ACCOUNT_ENDPOINTS: readonly Endpoint[] = [
  shown('/account_api/state', ({ standing, version }) => ({
    state: standing.state,
    capabilities: Object.fromEntries(standing.capabilities.map((capability) => [capability, true])),
    visibility: standing.visibility,
    sync_version: { version },
  })),
  connectedWith(put('/account_api/settings/profile_visibility'), Value, (services, caller, { value }) =>
    run(services, caller, { type: 'SetVisibility', isPublic: value }),
  ),
  connectedWith(put('/account_api/settings/unlimited_likes'), Value, (services, caller, { value }) =>
    run(services, caller, { type: 'SetUnlimitedLikes', value }),
  ),
  shown('/account_api/account_data', ({ email }) => ({ email })),
  connectedWith(post('/account_api/account_data'), AccountData, (services, caller, { email }) =>
    run(services, caller, { type: 'SetEmail', email }),
  ),
  shown('/account_api/account_setup', ({ setUp }) => ({
    birthdate: setUp?.birthdate ?? null,
    is_adult: setUp?.isAdult ?? false,
  })),
  connectedWith(post('/account_api/account_setup'), AccountSetup, (services, caller, setup) =>
    run(services, caller, {
      type: 'SetUp',
      birthdate: setup.birthdate,
      isAdult: setup.is_adult,
      at: services.now(),
    }),
  ),
  connected(post('/account_api/complete_setup'), (services, caller) =>
    run(services, caller, { type: 'CompleteSetup' }),
  ),
  shown('/account_api/latest_birthdate', ({ setUp }) => ({ birthdate: setUp?.birthdate ?? null })),
  connected(post('/account_api/next_client_id'), async ({ accounts }, { aid }) => {
    const issued = await accounts.run(aid, { type: 'IssueClientId' })
    return E.isLeft(issued) ? rejected(issued.left) : json({ id: issued.right.state.clientId })
  }),
  // This server has no attributes, so they never change.
  connected(get('/profile_api/available_profile_attributes'), () =>
    json({ info: null, sync_version: { version: 0 } }),
  ),
]

/** 200 without a word, or why it was refused. */
export const run = async (
  { accounts }: Pick<Services, 'accounts'>,
  { aid }: Pick<Caller, 'aid'>,
  command: AccountCommand,
): Promise<Answer> => {
  const done = await accounts.run(aid, command)
  return E.isLeft(done) ? rejected(done.left) : DONE
}

/** The account as the history has it now: a client that has just changed it reads what it wrote. */
export const present = async (
  { accounts }: Pick<Services, 'accounts'>,
  { aid }: Pick<Caller, 'aid'>,
  answer: (account: AccountState) => Answer,
): Promise<Answer> => {
  const account = await accounts.load(aid)
  return account.life === 'there' ? answer(account) : NO_ACCOUNT
}

/** Deleted a moment ago: its session ends next. */
const NO_ACCOUNT = rejected(rejection('NotFound', 'no_account'))

// Functions, which the table above may use: it is made when this file is loaded.
function shown(name: string, view: (account: AccountState) => Json): Endpoint {
  return connected(get(name), (services, caller) =>
    present(services, caller, (account) => json(view(account))),
  )
}

function get(name: string): Place {
  return { methods: ['GET'], name }
}
function post(name: string): Place {
  return { methods: ['POST'], name }
}
function put(name: string): Place {
  return { methods: ['PUT'], name }
}
