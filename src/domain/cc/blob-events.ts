import * as t from 'io-ts'
import type { Fact } from '../decider.ts'
import { eventsOf, sealed } from './codec.ts'
import { wordsSubject } from './names.ts'

const place = { app: t.number, blob: t.number, owner: t.number }

/** What the vault holds under the owner's words, by the SHA-256 of it. `size` and `md5` are those of the bytes that came. */
export const BlobContent = t.type({ sha256: t.string, size: t.number, md5: t.string })
export type BlobContent = t.TypeOf<typeof BlobContent>

/** Of a file's stream (connectycube 7). Its name is the owner's words, and its type too: what follows that in parameters is free text. */
export const BLOB_EVENTS = {
  BlobDeclared: t.intersection([
    t.type({ ...place, uid: t.string, public: t.boolean }),
    t.partial({ sealed: sealed(t.type({ name: t.string, contentType: t.string })) }),
  ]),
  /** In place of what came before. */
  BlobUploaded: t.type({ ...place, content: BlobContent }),
  BlobCompleted: t.type(place),
  /** What is different now. */
  BlobRenamed: t.intersection([
    t.type(place),
    t.partial({ sealed: sealed(t.partial({ name: t.string, contentType: t.string })) }),
  ]),
  /** Its content is gone, and another one is awaited. */
  BlobReopened: t.type(place),
  BlobDeleted: t.type(place),
} as const

export const blobEvents = eventsOf(BLOB_EVENTS)

const WORDS_OF_OWNER = {
  fields: ['sealed'],
  subject: ({ data: { app, owner } }: Pick<Fact, 'data'>) =>
    typeof app === 'number' && typeof owner === 'number' ? wordsSubject(app, owner) : undefined,
}
export const BLOB_SEALED = { BlobDeclared: WORDS_OF_OWNER, BlobRenamed: WORDS_OF_OWNER } as const
