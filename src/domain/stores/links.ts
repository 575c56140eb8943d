import * as E from 'fp-ts/lib/Either.js'
import { isList, isObject, type JsonObject } from '../../json.ts'
import type { Fact } from '../decider.ts'
import type { Rejection } from '../rejection.ts'
import type { LinkStore, StartLink, StopLink } from './commands.ts'
import type { EntityState } from './evolve.ts'
import { changedFacts, isTooLarge, notFound, tooLarge, wholeOf, type Whole } from './facts.ts'
import { withValueAt } from './paths.ts'
import type { StoreDef } from './store-def.ts'
import { mayWrite, scopeOf } from './visibility.ts'

type Decision = E.Either<Rejection, readonly Fact[]>

/** Links an object with an automaton, handler or geofence (rightech 3.5); once more changes nothing. No user code runs here. */
export const startLink = (def: StoreDef, command: StartLink, state: EntityState): Decision => {
  const before = wholeOf(state)
  if (!before || !mayWrite(command.caller, before.entity, def)) return E.left(notFound(def.path))
  const { store, target, session, name, at } = command
  if (linkOf(before.entity, store, target)) return E.right([])
  const link = { session, time: at, id: target, name }
  return moved(def, { command, before, link, links: [...linksOf(before.entity, store), link] })
}

/** Ends it; what is not linked stays so. */
export const stopLink = (def: StoreDef, command: StopLink, state: EntityState): Decision => {
  const before = wholeOf(state)
  if (!before || !mayWrite(command.caller, before.entity, def)) return E.left(notFound(def.path))
  const { store, target } = command
  const link = linkOf(before.entity, store, target)
  if (!link) return E.right([])
  return moved(def, {
    command,
    before,
    link,
    links: linksOf(before.entity, store).filter((other) => other !== link),
  })
}

/** What an object is linked with, in the order in which it was started. */
export const linksOf = (object: JsonObject, store: LinkStore): readonly JsonObject[] => {
  const links = isObject(object['links']) ? object['links'][store] : undefined
  return isList(links) ? links.filter(isObject) : []
}

export const linkOf = (object: JsonObject, store: LinkStore, target: string): JsonObject | undefined =>
  linksOf(object, store).find((link) => link['id'] === target)

type Move = {
  readonly command: StartLink | StopLink
  readonly before: Whole
  readonly link: JsonObject
  readonly links: readonly JsonObject[]
}

const moved = (def: StoreDef, { command, before, link, links }: Move): Decision => {
  const { id, store, target, at } = command
  const after = { ...before, entity: withValueAt(before.entity, `links.${store}`, links) }
  if (isTooLarge(after)) return E.left(tooLarge(def.path))
  const { session = null, name = null } = link
  return E.right([
    {
      type: `${KINDS[store]}${command.type === 'StartLink' ? 'Started' : 'Stopped'}`,
      data: { object: id, target, session, name },
      scope: scopeOf(def.path, after.entity),
    },
    ...changedFacts(def, id, { before, after, at }),
  ])
}

const KINDS: { readonly [store in LinkStore]: string } = {
  automatons: 'Automaton',
  handlers: 'Handler',
  geofences: 'Geofence',
}
