import { randomBytes } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { accountDecider } from '../domain/afrodite/account-decide.ts'
import { accountStream, isAid, sessionStream } from '../domain/afrodite/names.ts'
import { addressBookStream, userStream } from '../domain/cc/names.ts'
import type { Decider } from '../domain/decider.ts'
import { storesDecider } from '../domain/stores/decide.ts'
import { entityStream, isId } from '../domain/stores/names.ts'
import { familyDecider } from '../domain/timelimit/decide.ts'
import { familyStream, isFamilyId, mailsStream } from '../domain/timelimit/names.ts'
import type { Reader } from '../queries/reader.ts'
import { uuidV5 } from '../uuid.ts'
import type { Vault } from '../vault/port.ts'
import { createAccounts } from './afrodite/accounts.ts'
import { createSessions } from './afrodite/sessions.ts'
import { endUser } from './cc/user-endings.ts'
import type { Engine } from './engine.ts'

/** Whom events may speak of (decisions 22), as far as whole subjects are erased: what is looked at and ended before the key is destroyed. */
export type SubjectKind = {
  /** Of the subject's name, and whom it names. */
  readonly prefix: string
  readonly means: string
  readonly isId: (id: string) => boolean
  /** Where its events are. */
  readonly streams: (id: string) => readonly string[]
  /**
   * Ends what lives of it by its own decider, so that tokens, claims and sessions end as if its own protocol had deleted it. Does nothing a
   * second time, and nothing for one that is over. Rejects if that was refused.
   */
  readonly end: (parts: EndParts, id: string, cause: EndCause) => Promise<void>
}

export type EndParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly vault: Pick<Vault, 'delete'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}
/** `commandId` is a UUID. */
export type EndCause = { readonly actor: string; readonly commandId: string }

/** The kind of a subject and its id there; `undefined` if it is a name of no kind. */
export const subjectKind = (
  subject: string,
): { readonly kind: SubjectKind; readonly id: string } | undefined => {
  for (const kind of SUBJECT_KINDS) {
    const id = subject.slice(kind.prefix.length)
    if (subject.startsWith(kind.prefix) && kind.isId(id)) return { kind, id }
  }
  return undefined
}

/** For the erasure (decisions 8): of a subject of no kind nothing is known that would have to end. */
export const endSubject =
  (parts: EndParts) =>
  async (subject: string, cause: EndCause): Promise<void> => {
    const found = subjectKind(subject)
    await found?.kind.end({ ...parts, engine: overHolds(parts.engine) }, found.id, cause)
  }

/** What an operator has put in quarantine can be erased all the same. */
const overHolds = (engine: Engine): Engine => ({
  ...engine,
  execute: (request) => engine.execute({ ...request, evenIfHeld: true }),
})

const entities = (kind: 'user' | 'invite' | 'object', store: string): SubjectKind => ({
  prefix: `stores.${kind}-`,
  means: `${kind === 'user' ? 'a user' : `an ${kind}`} of the stores`,
  isId: (id) => isId(id) && id === id.toLowerCase(),
  streams: (id) => [entityStream(store, id)],
  end: (parts, id, cause) =>
    execute(parts, entityStream(store, id), storesDecider(store), {
      command: { type: 'EndEntity', id, at: parts.now() },
      cause,
      protocol: 'rightech',
    }),
})

/** `<app>-<user>`, both as numbers are written. */
const isUserOfApp = (id: string): boolean => /^[1-9]\d{0,14}-[1-9]\d{0,14}$/.test(id)

const ofUser = <A>(id: string, of: (app: number, user: number) => A): A => {
  const [app, user] = id.split('-').map(Number)
  return of(app ?? 0, user ?? 0)
}

export const SUBJECT_KINDS: readonly SubjectKind[] = [
  entities('user', 'users'),
  entities('invite', 'invites'),
  entities('object', 'objects'),
  {
    prefix: familyStream(''),
    means: 'a family of TimeLimit',
    isId: isFamilyId,
    streams: (id) => [familyStream(id), mailsStream(id)],
    end: (parts, id, cause) =>
      execute(parts, familyStream(id), familyDecider, {
        command: { type: 'EndFamily' },
        cause,
        protocol: 'timelimit',
      }),
  },
  {
    prefix: accountStream(''),
    means: 'an account of Afrodite',
    isId: isAid,
    streams: (id) => [accountStream(id), sessionStream(id)],
    end: async (parts, id, cause) => {
      await execute(parts, accountStream(id), accountDecider, {
        command: { type: 'End' },
        cause,
        protocol: 'afrodite',
      })
      const accounts = createAccounts(parts)
      const sessions = createSessions({ ...parts, accounts, random: randomBytes, revokeOnMalformed: false })
      const ended = await sessions.endForGood(id, cause.actor)
      if (E.isLeft(ended)) throw refused(sessionStream(id), ended.left)
    },
  },
  {
    prefix: 'cc.user-',
    means: 'a user of a ConnectyCube application: profile, contacts',
    isId: isUserOfApp,
    streams: (id) => ofUser(id, (app, user) => [userStream(app, user), addressBookStream(app, user)]),
    end: async (parts, id, { actor, commandId }) => {
      const cause = { actor, commandId: uuidV5(`end cc.user-${id}`, commandId), correlationId: commandId }
      const ended = await ofUser(id, (app, user) => endUser(parts, { app, user }, cause))
      if (E.isLeft(ended)) throw refused(`cc.user-${id}`, ended.left)
    },
  },
  {
    // What he wrote stays for the others when he is deleted: only an operator takes it away, and nothing lives of it.
    prefix: 'cc.words-',
    means: 'what a user of a ConnectyCube application wrote',
    isId: isUserOfApp,
    streams: (id) => ofUser(id, (app, user) => [userStream(app, user)]),
    end: () => Promise.resolve(),
  },
]

type Ending<C> = { readonly command: C; readonly cause: EndCause; readonly protocol: string }

const execute = async <S, C>(
  { engine, now }: EndParts,
  stream: string,
  decider: Decider<S, C>,
  { command, cause, protocol }: Ending<C>,
): Promise<void> => {
  const done = await engine.execute({
    ...{ stream, decider, command, at: now(), actor: cause.actor, via: { protocol } },
    // The caller's own id may have been used for another stream.
    commandId: uuidV5(`end ${stream}`, cause.commandId),
    correlationId: cause.commandId,
  })()
  if (E.isLeft(done)) throw refused(stream, done.left)
}

const refused = (
  stream: string,
  { kind, reason }: { readonly kind: string; readonly reason: string },
): Error => new Error(`${stream} could not be ended: ${kind} ${reason}`)
