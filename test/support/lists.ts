/** Lists to be asked in every way: entities that nobody else has, known by the order of their creation. */
import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from '../../src/json.ts'
import { invalid, type Entity, type Reply } from './client.ts'
import { create, newMember, type Member } from './members.ts'

export type Listed = {
  readonly member: Member
  /** Oldest first. */
  readonly entities: readonly Entity[]
  /** Which of the entities a query finds, in its order. */
  readonly found: (query: string) => Promise<readonly number[]>
}

/** Entities of one store in a group of its own; objects share a model. */
export const listed = async (
  admin: Member,
  store: string,
  bodies: readonly JsonObject[],
): Promise<Listed> => {
  const member = await newMember(admin)
  const shared = store === 'objects' ? { model: (await create(member, 'models')).entity._id } : {}
  const entities: Entity[] = []
  for (const body of bodies) {
    entities.push((await create(member, store, { ...shared, ...body })).entity)
    // So that each has a time of its own.
    await pause(2)
  }
  return {
    member,
    entities,
    found: async (query) => {
      const list = (await member.get(`/${store}?${query}`)).list()
      return list.map(({ _id }) => entities.findIndex((entity) => entity._id === _id))
    },
  }
}

/** How a reply compares with the refusal of one parameter; to be equal to `AS_IT_SHOULD`. */
export const refusal = (reply: Reply, store: string, broken: readonly [name: string, rule: string]) => {
  const [name, rule] = broken
  const text = invalid(store, { [name]: [rule] })
  return [reply.status, reply.text === text ? 'as it should' : reply.text] as const
}
export const AS_IT_SHOULD = [400, 'as it should'] as const
