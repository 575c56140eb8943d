import type { Reader } from '../reader.ts'
import { usersWhere, type UserDocument } from './users.ts'

type Finder = Pick<Reader, 'find'>

/** Somebody's contacts by phone (digits only), in order of that: of one device, or of all together. */
export const contactsOf = async (
  reader: Finder,
  app: number,
  owner: number,
  udid?: string,
): Promise<ReadonlyMap<string, string>> => {
  const names = new Map<string, string>()
  const filter = { app, owner, ...(udid === undefined ? {} : { udid }) }
  for await (const page of reader.find(CONTACTS, filter, { sort: [['phone', 1]] })) {
    for (const { phone, name } of page)
      if (typeof phone === 'string' && typeof name === 'string' && !names.has(phone)) names.set(phone, name)
  }
  return names
}

/** Whose phone, digits only, is one of these. */
export const usersWithPhones = async (
  reader: Finder,
  app: number,
  phones: readonly string[],
): Promise<readonly UserDocument[]> => {
  const users: UserDocument[] = []
  for (let from = 0; from < phones.length; from += PHONES_AT_ONCE) {
    const some = phones.slice(from, from + PHONES_AT_ONCE)
    users.push(...(await usersWhere(reader, { app, phoneDigits: { $in: some } })))
  }
  return users.sort((a, b) => Number(a['id']) - Number(b['id']))
}

/** In whose books that phone (digits only) stands: who may want to hear that its owner is here now (connectycube 5.3). At most so many. */
export const ownersOfContact = async (
  reader: Finder,
  app: number,
  phone: string,
  most: number,
): Promise<readonly number[]> => {
  const owners = new Set<number>()
  for await (const page of reader.find(CONTACTS, { app, phone }, { fields: ['owner'] })) {
    for (const { owner } of page) owners.add(Number(owner))
    if (owners.size >= most) break
  }
  return [...owners].slice(0, most)
}

/** Of all applications, those of whom nobody has been told yet; the first ones first. */
export const joinedUsers = async (
  reader: Finder,
  limit: number,
): Promise<readonly { readonly app: number; readonly user: number }[]> => {
  const users: { readonly app: number; readonly user: number }[] = []
  for await (const page of reader.find('cc_joined_contacts', {}, { sort: [['at', 1]], limit }))
    users.push(...page.map(({ app, user }) => ({ app: Number(app), user: Number(user) })))
  return users
}

const CONTACTS = 'cc_contacts'
const PHONES_AT_ONCE = 500
