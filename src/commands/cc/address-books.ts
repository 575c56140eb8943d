import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { addressBookDecider, planImport, type Import, type Imported } from '../../domain/cc/address-book.ts'
import { addressBookStream, userActor } from '../../domain/cc/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Engine } from '../engine.ts'

export type Counts = Pick<Imported, 'created' | 'updated' | 'deleted'>

/**
 * Puts an upload into somebody's address book (connectycube 5.1); says what it came to. A large one is several commands one after the other:
 * if one of them fails, those before it stand, and the same upload again does the rest.
 */
export const importContacts = async (
  { engine, now }: { readonly engine: Engine; readonly now: () => number },
  { app, user }: { readonly app: number; readonly user: number },
  contacts: Import,
): Promise<Either<Rejection, Counts>> => {
  const done = new Set<string>()
  const correlationId = randomUUID()
  let [created, updated, deleted] = [0, 0, 0]
  for (;;) {
    let part = NOTHING
    const asked = { app, user, import: { ...contacts, done } }
    const answer = await engine.execute({
      stream: addressBookStream(app, user),
      decider: addressBookDecider(app, user),
      // The state of the load step is the one that is decided on: an upload that changes nothing is counted too.
      command: (book) => {
        part = planImport(book, asked.import)
        return Promise.resolve(asked)
      },
      ...{ commandId: randomUUID(), correlationId },
      actor: userActor(app, user),
      at: now(),
      via: { protocol: 'connectycube' },
    })()
    if (E.isLeft(answer)) return answer
    created += part.created
    updated += part.updated
    deleted += part.deleted
    if (part.isAll) return E.right({ created, updated, deleted })
    for (const phone of part.phones) done.add(phone)
  }
}

const NOTHING = planImport({}, { contacts: [], force: false })
