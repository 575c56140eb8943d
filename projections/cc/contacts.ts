import { addressBookEvents } from '../../src/domain/cc/address-book-events.ts'
import { contactNoticeEvents } from '../../src/domain/cc/address-book-notices.ts'
import { userStream } from '../../src/domain/cc/names.ts'
import { userEvents } from '../../src/domain/cc/user-events.ts'
import type { Projection } from '../../src/projecting/projection.ts'

const CONTACTS = 'cc_contacts'
const JOINED = 'cc_joined_contacts'

/**
 * Entries of address books (connectycube 5), one a device and phone; `udid` is empty of those that belong to no device. And users of whom those
 * who know them have not been told yet.
 */
export const ccContacts: Projection = {
  name: 'cc-contacts',
  version: 2,
  prefixes: ['cc.addressbook-', 'cc.user-'],
  collections: {
    [CONTACTS]: {
      indexes: [{ keys: ['_s'] }, { keys: ['app', 'owner', 'phone'] }, { keys: ['app', 'phone'] }],
    },
    [JOINED]: { indexes: [{ keys: ['at'] }] },
  },
  on: {
    ContactsImported: (event) => {
      const { app, user, sealed } = addressBookEvents.dataOf('ContactsImported', event)
      const { set = [], removed = [] } = sealed ?? {}
      return [
        // One for each device and not for each phone: a thousand look-ups would have everybody behind this event wait.
        ...Array.from(byDevice([...removed, ...set]), ([udid, phones]) => ({
          ...{ collection: CONTACTS, where: { app, owner: user, udid, phone: { $in: phones } } },
          delete: true as const,
        })),
        // An id outlives its document, so it has nothing of the contact.
        ...set.map(({ udid, phone, name }, n) => ({
          ...{ collection: CONTACTS, id: `${event.id}:${n}` },
          put: { app, owner: user, udid, phone, name, _s: [userStream(app, user)] },
        })),
      ]
    },
    UserDeleted: ({ data }) => {
      const { app, user } = userEvents.dataOf('UserDeleted', { data })
      return [
        { collection: CONTACTS, where: { _s: userStream(app, user) }, delete: true },
        { collection: JOINED, id: `${app}-${user}`, delete: true },
      ]
    },
    ContactJoined: ({ data, meta: { at } }) => {
      const { app, user } = contactNoticeEvents.dataOf('ContactJoined', { data })
      return [{ collection: JOINED, id: `${app}-${user}`, put: { app, user, at } }]
    },
    ContactJoinedTold: ({ data }) => {
      const { app, user } = contactNoticeEvents.dataOf('ContactJoinedTold', { data })
      return [{ collection: JOINED, id: `${app}-${user}`, delete: true }]
    },
  },
}

type Entry = { readonly udid: string; readonly phone: string }

const byDevice = (entries: readonly Entry[]): ReadonlyMap<string, readonly string[]> => {
  const devices = new Map<string, string[]>()
  for (const { udid, phone } of entries) {
    const phones = devices.get(udid)
    if (phones === undefined) devices.set(udid, [phone])
    else phones.push(phone)
  }
  return devices
}
