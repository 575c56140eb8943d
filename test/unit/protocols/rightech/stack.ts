/** The stores protocol over real HTTP on everything in memory, founded, with a clock that the test can move. */
import { randomBytes } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import type { ExecutionContext } from 'ava'
import { PROJECTIONS } from '../../../../projections/registry.ts'
import { CLAIMS_SEALED } from '../../../../src/commands/claims.ts'
import { createEngine } from '../../../../src/commands/engine.ts'
import { foundStores } from '../../../../src/commands/found-stores.ts'
import { createPasswords } from '../../../../src/commands/passwords.ts'
import { createSnapshots } from '../../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../../src/documents/memory/memory.ts'
import { STORES_SEALED } from '../../../../src/domain/stores/events.ts'
import { memoryHistory } from '../../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../../src/history/sealing.ts'
import type { Json, JsonObject } from '../../../../src/json.ts'
import { isObject } from '../../../../src/json.ts'
import { objectIds } from '../../../../src/object-id.ts'
import { startRunner } from '../../../../src/projecting/runner.ts'
import { rightechProtocol } from '../../../../src/protocols/rightech/routes.ts'
import type { Services } from '../../../../src/protocols/rightech/services.ts'
import { createReader } from '../../../../src/queries/reader.ts'
import { createPrincipals } from '../../../../src/queries/stores-principals.ts'
import { memoryKeyring } from '../../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../../src/vault/memory/vault.ts'
import { ask, startHttp } from '../../../support/http.ts'
import type { Reply } from '../../../support/http.ts'

export const ADMIN = { login: 'admin', password: 'Secret123' }

export type Stack = {
  readonly services: Services
  readonly port: number
  readonly move: (ms: number) => void
  /** What everything that was ever appended says, sealed as it is. */
  readonly history: ReturnType<typeof memoryHistory>
  /** Asks with a bearer token; a body is sent as JSON, a string as it is. */
  readonly call: (
    token: string,
    call: string,
    body?: Json | Buffer,
    headers?: OutgoingHttpHeaders,
  ) => Promise<Answered>
  readonly signIn: (login?: string, password?: string) => Promise<string>
}
export type Answered = Reply & { readonly json: Json; readonly entity: JsonObject }

export const startStack = async (t: ExecutionContext, changes: Partial<Services> = {}): Promise<Stack> => {
  let moved = 0
  const now = (): number => Date.now() + moved
  const raw = memoryHistory()
  const keyring = memoryKeyring()
  const history = sealedHistory(raw, keyring, { ...CLAIMS_SEALED, ...STORES_SEALED })
  const documents = memoryDocuments()
  const vault = memoryVault({ now })
  const runner = await startRunner({
    history,
    documents,
    projections: PROJECTIONS,
    onApplied: (page) => page.forEach(principals.invalidate),
    onStopped: (name, { error }) => t.log('stopped', name, error),
    onBroken: (error) => t.log('broken', error),
  })
  t.teardown(() => runner.close())
  const reader = createReader(documents, runner.serving)
  const principals = createPrincipals({ reader, vault, now })
  const engine = createEngine({
    history,
    keyring,
    snapshots: createSnapshots(documents, keyring),
    refusal: runner.refusal,
    shown: runner.shown,
  })
  const services: Services = {
    engine,
    reader,
    vault,
    principals,
    passwords: createPasswords(),
    now,
    random: randomBytes,
    newId: objectIds(randomBytes(5)),
    ending: (_, remove) => remove(),
    wakeBuilder: () => undefined,
    tokenSeconds: 86_400,
    offlineCommands: 'accept',
    isSecure: () => false,
    ...changes,
  }
  await runner.reached(await history.head(), [''])
  await foundStores({ ...services, ...ADMIN, keyring, announce: () => t.fail('a password was given') })
  const { port } = await startHttp(t, { protocols: [rightechProtocol(services)] })
  const call: Stack['call'] = async (token, line, body, headers) => {
    const [method = 'GET', target = '/'] = line.split(' ', 2)
    const reply = await ask(port, target, {
      method,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: isText(body) ? body : JSON.stringify(body) }),
    })
    const json = parse(reply.body)
    return { ...reply, json, entity: isObject(json) ? json : {} }
  }
  return {
    services,
    port,
    history: raw,
    move: (ms) => (moved += ms),
    call,
    signIn: async (login = ADMIN.login, password = ADMIN.password) => {
      const reply = await call('', 'POST /api/v1/auth/token', { login, password })
      if (typeof reply.entity['token'] !== 'string') throw new Error(reply.body)
      return reply.entity['token']
    },
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Makes an entity and answers its id. */
export const create = async (
  stack: Stack,
  token: string,
  store: string,
  body: JsonObject,
): Promise<string> => {
  const made = await stack.call(token, `POST /api/v1/${store}`, body)
  if (made.status !== 200) throw new Error(made.body)
  return text(made.entity['_id'])
}

/** A user with a role of exactly these scopes, in the admin's group or the given one, signed in. */
export const member = async (
  stack: Stack,
  login: string,
  credentials: readonly string[],
  group?: string,
): Promise<{ readonly role: string; readonly user: string; readonly token: string }> => {
  const admin = await stack.signIn()
  const password = 'Secret123'
  const role = await create(stack, admin, 'roles', { name: login, credentials })
  const own = { name: login, login, email: `${login}@example.org`, password, role }
  const user = await create(stack, admin, 'users', group === undefined ? own : { ...own, group })
  return { role, user, token: await stack.signIn(login, password) }
}

const isText = (body: Json | Buffer): body is string | Buffer =>
  typeof body === 'string' || Buffer.isBuffer(body)

const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}
