import { isObject, type Json, type JsonObject } from '../src/json.ts'
import { dataOf, EntityChanged, EntityCreated, EntityDeleted } from '../src/domain/stores/events.ts'
import { userSubject } from '../src/domain/stores/names.ts'
import type { Projection } from '../src/projecting/projection.ts'

/** Finds the user of a login or an address, both folded to lower case; signing in then asks the user's stream (decisions 2). */
export const storesLogins: Projection = {
  name: 'stores-logins',
  version: 1,
  prefixes: ['stores.users-'],
  collections: { stores_logins: { indexes: [{ keys: ['login'] }, { keys: ['email'] }, { keys: ['_s'] }] } },
  on: {
    EntityCreated: (event) => {
      const { id, sealed } = dataOf(EntityCreated, event)
      const put = { login: null, email: null, ...folded(sealed), _s: [userSubject(id)] }
      return [{ collection: 'stores_logins', id, put }]
    },
    EntityChanged: (event) => {
      const { id, sealed } = dataOf(EntityChanged, event)
      const $set = folded(sealed?.set)
      return Object.keys($set).length === 0 ? [] : [{ collection: 'stores_logins', id, update: { $set } }]
    },
    EntityDeleted: (event) => [
      { collection: 'stores_logins', id: dataOf(EntityDeleted, event).id, delete: true },
    ],
  },
}

const folded = (sealed: JsonObject | null | undefined): JsonObject => {
  if (!isObject(sealed)) return {}
  const values = ['login', 'email'].flatMap((name): [string, Json][] => {
    const value = sealed[name]
    return typeof value === 'string' ? [[name, value.toLowerCase()]] : []
  })
  return Object.fromEntries(values)
}
