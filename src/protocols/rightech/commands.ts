import * as E from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import { eventIdOf } from '../../commands/facts.ts'
import type { Document } from '../../documents/port.ts'
import { rejection } from '../../domain/rejection.ts'
import type { SendCommand } from '../../domain/stores/commands.ts'
import { invalid } from '../../domain/stores/facts.ts'
import { actionParams, COMMANDS, OBJECT_OFFLINE } from '../../domain/stores/object-commands.ts'
import { messageId } from '../../domain/stores/platform-events.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { findEntity } from '../../queries/stores.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import { readPairs } from './query.ts'
import { done, reply, replyJson } from './replies.ts'
import { objectCall, type Parameters, type Resource, type ResourceCall } from './resources.ts'
import type { Services } from './services.ts'
import { executeAs, writable } from './writes.ts'

/**
 * `POST /objects/:id/commands/:command` (rightech 3.4). The model is the object's own, whether or not the caller sees it by itself. No
 * hardware is driven: the reply says that the command was recorded.
 */
const sendCommand = async (
  call: ResourceCall,
  { id = '', command: name = '' }: Parameters,
): Promise<void> => {
  const { ctx, services, principal } = call
  const visit = objectCall(call)
  const object = await writable(visit, id)
  if (object === undefined) return
  const own = await ownParams(call, object, name)
  if (own === undefined) return reply(ctx, NO_COMMAND)
  const body = await readBody(ctx)
  if (body === undefined) return
  const pairs = readPairs(ctx.state.request.query)
  const illegible = pairs.filter(({ value }) => value === undefined)
  if (illegible.length > 0) return reply(ctx, rejected(unreadable(illegible.map((pair) => pair.name))))
  const command: SendCommand = {
    type: 'SendCommand',
    id: object._id,
    at: services.now(),
    caller: principal.caller,
    command: name,
    params: joined(own, Object.fromEntries(pairs.map((pair) => [pair.name, pair.value ?? ''])), body),
    isRefused: isRefused(services, object),
  }
  const commandId = randomUUID()
  const outcome = await executeAs(visit, { id: object._id, at: command.at, command, commandId })
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  if (command.isRefused) return reply(ctx, rejected(OBJECT_OFFLINE))
  const _msgid = messageId(eventIdOf(commandId, 0), 0)
  replyJson(ctx, done({ _msgid, command: name, params: command.params }))
}

export const COMMAND_RESOURCES: readonly Resource[] = [
  { method: 'POST', path: 'objects/:id/commands/:command', serve: sendCommand },
]

const NO_COMMAND = rejected(rejection('NotFound', 'not_found', { about: COMMANDS }))

const unreadable = (names: readonly string[]) =>
  invalid('objects', Object.fromEntries(names.map((name) => [name, ['format']])))

const ownParams = async (
  { services, routeOf }: ResourceCall,
  { model }: Document,
  name: string,
): Promise<JsonObject | undefined> => {
  const found =
    typeof model === 'string' ? await findEntity(services.reader, routeOf('models').def, model) : undefined
  return actionParams(found?.['data'], name)
}

/** Later ones win, whole: nothing is merged below the first level. */
const joined = (...params: readonly JsonObject[]): JsonObject =>
  Object.fromEntries(params.flatMap(Object.entries<Json>))

const isRefused = ({ offlineCommands }: Services, { state }: Document): boolean =>
  offlineCommands === 'refuse' && !(isObject(state) && state['online'] === true)
