import * as E from 'fp-ts/lib/Either.js'
import type { Document } from '../../documents/port.ts'
import type { LinkStore, StartLink, StopLink } from '../../domain/stores/commands.ts'
import { linkOf, linksOf } from '../../domain/stores/links.ts'
import { mayRead } from '../../domain/stores/visibility.ts'
import type { JsonObject } from '../../json.ts'
import { findEntity } from '../../queries/stores.ts'
import { readerOf } from './at-hand.ts'
import { readBody } from './bodies.ts'
import { rejected } from './errors.ts'
import { listDocuments } from './lists.ts'
import { done, reply, replyJson } from './replies.ts'
import { readable } from './reads.ts'
import { objectCall, type Parameters, type Resource, type ResourceCall } from './resources.ts'
import { execute, writable } from './writes.ts'

/** `GET /objects/:id/automatons` and its like: the object's links, oldest first. */
const list =
  (store: LinkStore) =>
  async (call: ResourceCall, { id = '' }: Parameters): Promise<void> => {
    const { ctx } = call
    const object = await readable(objectCall(call), id)
    if (object === undefined) return
    // A link has the id of what it leads to and none of its own.
    const links = linksOf(object, store).map((link) => ({ ...link, _id: textOf(link['id']) }))
    return listDocuments(
      ctx,
      { reader: readerOf(links) },
      {
        collection: store,
        selectable: { search: ['name'], typeAt: (path) => (path === 'time' ? 'number' : 'string') },
        filter: {},
        sort: [['time', 1]],
        encode: ({ _id, ...link }) => link,
        about: 'objects',
      },
    )
  }

/** `POST /objects/:id/automatons/:target/start` and its like (rightech 3.5). That it is linked is all: no user code runs here. */
const start =
  (store: LinkStore) =>
  async (call: ResourceCall, parameters: Parameters): Promise<void> => {
    const found = await ends(call, store, parameters)
    if (found === undefined) return
    if (found.target === undefined) return reply(call.ctx, call.routeOf(store).notFound)
    if ((await readBody(call.ctx)) === undefined) return
    const command: StartLink = {
      ...commandOf(call, store, found),
      type: 'StartLink',
      name: textOf(found.target['name']),
      // 8 bytes are 11 characters.
      session: Buffer.from(call.services.random(8)).toString('base64url'),
    }
    const outcome = await execute(objectCall(call), command.id, command.at, command)
    if (E.isLeft(outcome)) return reply(call.ctx, rejected(outcome.left))
    replyLink(call, linkOf(outcome.right.state.entity ?? {}, store, command.target))
  }

/** It answers the link that ended; where there was none, the id alone. */
const stop =
  (store: LinkStore) =>
  async (call: ResourceCall, parameters: Parameters): Promise<void> => {
    const found = await ends(call, store, parameters)
    if (found === undefined || (await readBody(call.ctx)) === undefined) return
    const command: StopLink = { ...commandOf(call, store, found), type: 'StopLink' }
    let ended: JsonObject | undefined
    const outcome = await execute(objectCall(call), command.id, command.at, (state) => {
      ended = linkOf(state.entity ?? {}, store, command.target)
      return Promise.resolve(command)
    })
    if (E.isLeft(outcome)) return reply(call.ctx, rejected(outcome.left))
    replyLink(call, ended ?? { id: command.target })
  }

const STORES: readonly LinkStore[] = ['automatons', 'handlers', 'geofences']

export const LINK_RESOURCES: readonly Resource[] = STORES.flatMap((store): readonly Resource[] => [
  { method: 'GET', path: `objects/:id/${store}`, serve: list(store) },
  { method: 'POST', path: `objects/:id/${store}/:target/start`, serve: start(store) },
  { method: 'POST', path: `objects/:id/${store}/:target/stop`, serve: stop(store) },
])

type Ends = { readonly object: Document; readonly id: string; readonly target: Document | undefined }

/** The object, and the target that the caller sees; `undefined` if one is not there, which was answered. What is linked can be stopped unseen. */
const ends = async (
  call: ResourceCall,
  store: LinkStore,
  { id = '', target: wanted = '' }: Parameters,
): Promise<Ends | undefined> => {
  const { ctx, services, principal, routeOf } = call
  const object = await writable(objectCall(call), id)
  if (object === undefined) return undefined
  const { def, notFound } = routeOf(store)
  const found = await findEntity(services.reader, def, wanted)
  const target = found && mayRead(principal.caller, found, def) ? found : undefined
  const ended = { object, id: wanted.toLowerCase(), target }
  if (target !== undefined || linkOf(object, store, ended.id) !== undefined) return ended
  reply(ctx, notFound)
  return undefined
}

const commandOf = (
  { services, principal }: ResourceCall,
  store: LinkStore,
  { object, id }: Ends,
): Omit<StopLink, 'type'> => ({
  id: object._id,
  at: services.now(),
  caller: principal.caller,
  store,
  target: id,
})

const replyLink = ({ ctx }: ResourceCall, link: JsonObject = {}): void => replyJson(ctx, done(link))

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
