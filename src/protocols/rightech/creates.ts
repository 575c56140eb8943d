import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Outcome } from '../../commands/engine.ts'
import type { Document } from '../../documents/port.ts'
import type { Fields, Rejection } from '../../domain/rejection.ts'
import type { CreateEntity } from '../../domain/stores/commands.ts'
import type { EntityState } from '../../domain/stores/evolve.ts'
import { isId, slug } from '../../domain/stores/names.ts'
import { present } from '../../domain/stores/present.ts'
import type { Alphabet, StoreDef } from '../../domain/stores/store-def.ts'
import { referencesOf } from '../../domain/stores/validate.ts'
import type { JsonObject } from '../../json.ts'
import { freeTagname, lookUpReferences } from '../../queries/stores.ts'
import { readBody } from './bodies.ts'
import { hashOf, newSecret } from './credentials.ts'
import { rejected } from './errors.ts'
import type { Call } from './reads.ts'
import { entityText, reply, replyJson } from './replies.ts'
import type { Services } from './services.ts'
import { withVerifier } from './verifiers.ts'
import { credentialsOf, execute } from './writes.ts'

/** `POST /:store`: the created entity with every field that the server made (rightech 1.4). */
export const createOne = async (call: Call): Promise<void> => {
  const body = await readBody(call.ctx)
  if (body === undefined) return
  const { path } = call.route.def
  // Shown in this reply only (rightech 4.4).
  const token = path === 'tokens' ? newSecret() : undefined
  const created = await create(call, body, token)
  if (E.isLeft(created)) return reply(call.ctx, rejected(created.left))
  const entity = created.right.state.entity ?? {}
  replyJson(call.ctx, entityText(path, token === undefined ? entity : { ...present(path, entity), token }))
}

const create = async (
  call: Call,
  body: JsonObject,
  token: string | undefined,
): Promise<Either<Rejection, Outcome<EntityState>>> => {
  const { services, route, principal } = call
  const { def } = route
  const at = services.now()
  const { found, broken } = await lookUpReferences(
    services.reader,
    referencesOf(def, body, 'create'),
    principal.caller,
  )
  const command: CreateEntity = {
    type: 'CreateEntity',
    store: def.path,
    id: services.newId(at),
    body,
    at,
    caller: principal.caller,
    group: groupOf(call, found),
    references: { ...misplaced(body), ...broken },
    roleCredentials: credentialsOf(found.get('role')),
    defaults: randomDefaults(def, services.random),
    ...(token === undefined ? {} : { tokenHash: hashOf(token) }),
  }
  const complete = await withVerifier(services, command)
  if (E.isLeft(complete)) return complete
  const outcome = await execute(call, command.id, at, complete.right)
  return wantsOtherTagname(outcome, command) ? withOtherTagname(call, command) : outcome
}

/** The group that the body names, or the caller's own; of a new group its parent (rightech 1.3, 1.6). */
const groupOf = ({ route, principal }: Call, found: ReadonlyMap<string, Document>): CreateEntity['group'] => {
  const { caller } = principal
  const group = found.get(route.def.ownGroup === true ? 'parent' : 'group')
  const branch = group?.['branch']
  if (group === undefined || !Array.isArray(branch)) return { _id: caller.group, branch: caller.branch }
  return { _id: group._id, branch: (branch as readonly unknown[]).filter((id) => typeof id === 'string') }
}

/** A group that is no id cannot be one of the caller's. */
const misplaced = ({ group }: JsonObject): Fields =>
  group === undefined || group === null || group === '' || isId(group) ? {} : { group: ['reference'] }

const randomDefaults = (def: StoreDef, random: Services['random']): JsonObject =>
  Object.fromEntries(
    Object.entries(def.fields).flatMap(([name, field]) => {
      const source = field.default
      return source !== undefined && 'random' in source
        ? [[name, randomText(random(source.random), ALPHABETS[source.alphabet])]]
        : []
    }),
  )

const ALPHABETS: Readonly<Record<Alphabet, string>> = {
  base36: '0123456789abcdefghijklmnopqrstuvwxyz',
  url: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
}

const randomText = (bytes: Uint8Array, alphabet: string): string =>
  Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('')

/** A tagname made from the name gives way; one that the client chose is his affair. */
const wantsOtherTagname = (outcome: Either<Rejection, unknown>, { store, body }: CreateEntity): boolean =>
  store === 'groups' &&
  (body['tagname'] ?? '') === '' &&
  E.isLeft(outcome) &&
  outcome.left.kind === 'Conflict' &&
  outcome.left.fields?.['tagname'] !== undefined

/** `_2`, `_3` … until one is free; another may be quicker each time. */
const withOtherTagname = async (
  call: Call,
  command: CreateEntity,
): Promise<Either<Rejection, Outcome<EntityState>>> => {
  const stem = slug(typeof command.body['name'] === 'string' ? command.body['name'] : '')
  let number = 1
  for (;;) {
    const next = await freeTagname(call.services.reader, stem, number + 1)
    number = next.number
    const defaults = { ...command.defaults, tagname: next.tagname }
    const outcome = await execute(call, command.id, command.at, { ...command, defaults })
    if (!wantsOtherTagname(outcome, command)) return outcome
  }
}
