import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { importContacts } from '../../commands/cc/address-books.ts'
import { readContacts } from '../../domain/cc/contact-input.ts'
import { isWhole } from '../../domain/cc/user-fields.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { contactsOf, usersWithPhones } from '../../queries/cc/contacts.ts'
import { userViews, type UserDocument } from '../../queries/cc/users.ts'
import { fieldErrors, json, RULES } from './answers.ts'
import type { Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { text, truthy } from './params.ts'

/** Connectycube 5. */
export const ADDRESS_BOOK_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/address_book',
    level: 'user',
    serve: async (services, { caller, params }) => {
      const udid = udidOf(params)
      if (E.isLeft(udid)) return udid.left
      const entries = listOf(params['contacts'])
      if (entries === undefined) return fieldErrors({ contacts: [RULES.invalid] })
      const { contacts, rejected } = readContacts(entries)
      const force = truthy(params['force'])
      const counts = await importContacts(services, caller, { contacts, force, ...udid.right })
      if (E.isLeft(counts)) return render(counts.left)
      const { deleted, created, updated } = counts.right
      return json(200, { deleted, rejected, created, updated })
    },
  },
  {
    method: 'GET',
    path: '/address_book',
    level: 'user',
    serve: async ({ reader }, { caller: { app, user }, params }) => {
      const udid = udidOf(params)
      if (E.isLeft(udid)) return udid.left
      const contacts = await contactsOf(reader, app, user, udid.right.udid)
      return json(
        200,
        [...contacts].map(([phone, name]) => ({ phone, name })),
      )
    },
  },
  {
    method: 'GET',
    path: '/address_book/registered_users',
    level: 'user',
    serve: async ({ reader, vault }, { caller: { app, user }, params }) => {
      const udid = udidOf(params)
      if (E.isLeft(udid)) return udid.left
      const contacts = await contactsOf(reader, app, user, udid.right.udid)
      const found = await usersWithPhones(reader, app, [...contacts.keys()])
      const others = found.filter(({ id }) => id !== user)
      const views = truthy(params['compact']) ? others.map(compact) : await userViews(vault, others)
      const items = views.map((view, index) => {
        const phone = others[index]?.['phoneDigits']
        return { user: { ...view, address_book_name: contacts.get(text(phone) ?? '') ?? null } }
      })
      return json(200, { items })
    },
  },
]

const UDID_CHARACTERS_MAX = 64

const udidOf = (params: JsonObject): Either<Answer, { readonly udid?: string }> => {
  const given = params['udid'] ?? ''
  if (given === '') return E.right({})
  const udid = text(given)
  // The whole book is not meant by a device that cannot be read.
  if (udid === undefined || !isWhole(udid)) return E.left(fieldErrors({ udid: [RULES.invalid] }))
  return Array.from(udid).length > UDID_CHARACTERS_MAX
    ? E.left(fieldErrors({ udid: [RULES.tooLong(UDID_CHARACTERS_MAX)] }))
    : E.right({ udid })
}

/** A form's list may be one of numbered members. */
const listOf = (value: Json | undefined): readonly Json[] | undefined => {
  if (isList(value)) return value
  if (!isObject(value) || !Object.keys(value).every((key) => /^\d+$/.test(key))) return undefined
  return Object.keys(value).length === 0 ? undefined : Object.values(value)
}

const compact = ({ id, phone }: UserDocument): JsonObject => ({ id: id ?? null, phone: phone ?? null })
