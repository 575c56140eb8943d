import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, sealed } from './codec.ts'
import { userStream } from './names.ts'

const Entry = t.readonly(t.type({ udid: t.string, phone: t.string }))
const NamedEntry = t.readonly(t.type({ udid: t.string, phone: t.string, name: t.string }))

/** Of an address book's stream. `phone` is digits only, and `udid` names a device: empty of those that belong to none. */
export const ADDRESS_BOOK_EVENTS = {
  /** `set`: new ones, and those that have another name now. What an upload leaves as it was is not said again. */
  ContactsImported: t.intersection([
    t.type({ app: t.number, user: t.number }),
    t.partial({
      sealed: sealed(t.type({ set: t.readonlyArray(NamedEntry), removed: t.readonlyArray(Entry) })),
    }),
  ]),
} as const

export const addressBookEvents = eventsOf(ADDRESS_BOOK_EVENTS)

/** Somebody's contacts are his own: they go with his profile. */
export const ADDRESS_BOOK_SEALED = {
  ContactsImported: {
    fields: ['sealed'],
    subject: ({ data: { app, user } }: Pick<Fact, 'data'>) =>
      typeof app === 'number' && typeof user === 'number' ? userStream(app, user) : undefined,
  },
} as const
