import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import type { Outcome } from '../../commands/engine.ts'
import { evictOldBuilds, onBuild } from '../../commands/report-builds.ts'
import type { Document } from '../../documents/port.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { BUILDS, objectsOf, type BuildCommand } from '../../domain/stores/builds.ts'
import type { EntityState } from '../../domain/stores/decide.ts'
import { collectionOf } from '../../domain/stores/names.ts'
import { mayRead } from '../../domain/stores/visibility.ts'
import { isList, type Json } from '../../json.ts'
import { readBody } from './bodies.ts'
import { JSON_TYPE, rejected } from './errors.ts'
import { lastOf, readQuery } from './query.ts'
import { entityText, reply, replyJson } from './replies.ts'
import type { Parameters, Resource, ResourceCall } from './resources.ts'
import { writable } from './writes.ts'

/** `POST /reports/:id/build`. The answer is not waited for by the builder, nor the builder by it. */
const createBuild = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { ctx, services, principal } = call
  const { caller } = principal
  const report = await found(call, 'reports', id)
  const body = report && (await readBody(ctx))
  if (report === undefined || body === undefined) return
  const [missing, locale] = await Promise.all([missingOf(call, objectsOf(body)), localeOf(call)])
  const at = services.now()
  const { name } = report
  const command = {
    ...({ type: 'CreateBuild', id: services.newId(at), at, body, missing, locale, caller } as const),
    report: { _id: report._id, name: typeof name === 'string' ? name : '' },
  }
  const created = await execute(call, command)
  // What cannot be deleted now is by the builder, before it begins.
  if (E.isRight(created)) await evictOldBuilds(services, caller.group, causeOf(call, at))
  services.wakeBuilder()
  answer(call, created)
}

/** `POST /reports/builds/:id/cancel`. */
const cancelBuild = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { services, principal } = call
  const build = await found(call, BUILDS, id)
  const body = build && (await readBody(call.ctx))
  if (build === undefined || body === undefined) return
  const at = services.now()
  answer(call, await execute(call, { type: 'CancelBuild', id: build._id, at, caller: principal.caller }))
}

/** `GET /reports/builds/:id/export`: what the builder made, as a file. */
const exportBuild = async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
  const { ctx } = call
  const build = await found(call, BUILDS, id)
  if (build === undefined) return
  const format = lastOf(readQuery(ctx.state.request.query), 'format')
  if (format !== undefined && format.value !== 'json') return reply(ctx, UNKNOWN_FORMAT)
  if (build['status'] !== 'completed') return reply(ctx, NOT_COMPLETED)
  reply(ctx, {
    status: 200,
    headers: {
      'Content-Type': JSON_TYPE,
      'Content-Disposition': `attachment; filename*=UTF-8''${fileName(build['_name'])}.json`,
    },
    body: JSON.stringify([{ name: 'objects', label: 'Objects', rows: rowsOf(build) }]),
  })
}

/** Builds of reports beside their store's own operations (rightech 3.8). */
export const REPORT_BUILD_RESOURCES: readonly Resource[] = [
  { method: 'POST', path: 'reports/:id/build', serve: createBuild },
  { method: 'POST', path: 'reports/builds/:id/cancel', serve: cancelBuild },
  { method: 'GET', path: 'reports/builds/:id/export', serve: exportBuild },
]

const UNKNOWN_FORMAT = rejected(
  rejection('Invalid', 'validation', { about: BUILDS, fields: { format: ['enum'] } }),
)
const NOT_COMPLETED = rejected(rejection('Conflict', 'not_completed', { about: BUILDS }))

const found = (
  { routeOf, ...visit }: ResourceCall,
  store: string,
  id: string,
): Promise<Document | undefined> => writable({ ...visit, route: routeOf(store) }, id)

/** Which of the objects are not there or not visible to the caller. */
const missingOf = async (
  { services, principal, routeOf }: ResourceCall,
  ids: readonly string[],
): Promise<ReadonlySet<string>> => {
  const missing = new Set(ids)
  if (ids.length === 0) return missing
  const { def, collection } = routeOf('objects')
  const fields = ['owner', 'group', 'branch', 'access']
  for await (const page of services.reader.find(collection, { _id: { $in: ids } }, { fields })) {
    for (const object of page) if (mayRead(principal.caller, object, def)) missing.delete(object._id)
  }
  return missing
}

const localeOf = async ({ services, principal }: ResourceCall): Promise<string> => {
  const user = await services.reader.get(collectionOf('users'), principal.caller.user)
  const locale = user?.value['locale']
  return typeof locale === 'string' && locale !== '' ? locale : 'en'
}

const causeOf = ({ ctx, principal }: ResourceCall, at: number) => ({
  actor: `stores:user:${principal.caller.user}`,
  at,
  correlationId: ctx.state.request.id,
  via: { protocol: 'rightech', auth: principal.kind },
})

const execute = (
  call: ResourceCall,
  command: BuildCommand,
): Promise<Either<Rejection, Outcome<EntityState>>> =>
  call.services.engine.execute({
    ...causeOf(call, command.at),
    ...onBuild(command.id, command),
    ...(command.type === 'CreateBuild' ? { isNew: true } : {}),
    commandId: randomUUID(),
  })()

const answer = ({ ctx }: ResourceCall, outcome: Either<Rejection, Outcome<EntityState>>): void => {
  if (E.isLeft(outcome)) return reply(ctx, rejected(outcome.left))
  replyJson(ctx, entityText(BUILDS, outcome.right.state.entity ?? {}))
}

const rowsOf = ({ _result: result }: Document): readonly Json[] =>
  (isList(result) ? result : []).map((row) => {
    const [name = null, packets = null] = isList(row) ? row : []
    return [
      { label: 'Name', name: 'name', value: name },
      { label: 'Packets', name: 'packets', value: packets },
    ]
  })

/** RFC 8187: percent-encoded, with what could end a name or lead out of a directory replaced. */
const fileName = (name: Json | undefined): string => {
  const plain = typeof name === 'string' && name !== '' ? name : 'report'
  return encodeURIComponent(plain.replaceAll(/[\p{Cc}/\\]/gu, '_')).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
