import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, JsonValue, nullable, sealed } from './codec.ts'
import { StoredFile } from './field-types.ts'
import { wordsSubject } from './names.ts'
import { RecordPermissions } from './permissions.ts'

const place = { app: t.number, class: t.string, generation: t.number, record: t.string, owner: t.number }
const Fields = t.record(t.string, JsonValue)

/** Of a record's stream. `sealed` is the owner's words, whoever changed them; `at` is milliseconds since the Unix epoch. */
export const RECORD_EVENTS = {
  /** `fields`: those that are not null. */
  RecordCreated: t.type({
    ...place,
    parent: nullable(t.string),
    at: t.number,
    sealed: sealed(t.type({ fields: Fields, permissions: RecordPermissions })),
  }),
  /** What came out of the operators, not what was asked for: nobody who reads this has to compute. Only what differs; null: cleared. */
  RecordChanged: t.intersection([
    t.type({ ...place, by: t.number, at: t.number }),
    t.partial({
      parent: nullable(t.string),
      sealed: sealed(
        t.partial({
          set: Fields,
          files: t.record(t.string, nullable(StoredFile)),
          permissions: RecordPermissions,
        }),
      ),
    }),
  ]),
  /** `of`: it went with the record that it hung on. `cascades`: others hang on it, and are deleted next. */
  RecordDeleted: t.intersection([
    t.type({ ...place, by: t.number, at: t.number, cascades: t.boolean }),
    t.partial({ of: t.string }),
  ]),
  /** Nothing hangs on it any more. */
  RecordCascadeEnded: t.type(place),
} as const

export const recordEvents = eventsOf(RECORD_EVENTS)

const words = {
  fields: ['sealed'],
  subject: ({ data: { app, owner } }: Pick<Fact, 'data'>) =>
    typeof app === 'number' && typeof owner === 'number' ? wordsSubject(app, owner) : undefined,
}

/** For the seal table (decisions 22). */
export const RECORD_SEALED = { RecordCreated: words, RecordChanged: words }
