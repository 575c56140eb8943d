import * as E from 'fp-ts/lib/Either.js'
import type { CommandRequest, Engine } from '../../commands/engine.ts'
import { contactNoticeEvents } from '../../domain/cc/address-book-notices.ts'
import { pushEventStream, userStream } from '../../domain/cc/names.ts'
import { pushEventDecider, type PushEventCommand, type PushEventState } from '../../domain/cc/push-event.ts'
import { userDecider } from '../../domain/cc/user-decide.ts'
import type { UserCommand, UserState } from '../../domain/cc/user.ts'
import { plainText } from '../../json.ts'
import { CC_JOINED_TOLD_MAX } from '../../limits.ts'
import { joinedUsers, ownersOfContact } from '../../queries/cc/contacts.ts'
import { noticesFor } from '../../queries/cc/push.ts'
import { findUser, type UserDocument } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'

export type ContactJob = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'get' | 'find'>
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Tells those who have a new user's phone in their address books that he is here (connectycube 5.3): one push event for all of them, in one
 * append, so that a round that is broken off is gone on from by the next one and nobody is told twice.
 */
export const startTellingContacts = (parts: ContactJob): Job =>
  startJob(
    { ...parts, name: 'connectycube-contacts', everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS },
    async (signal) => {
      const until = performance.now() + ROUND_MS
      for (const { app, user } of await joinedUsers(parts.reader, USERS_A_ROUND)) {
        if (signal.aborted || performance.now() > until) return
        const known = await findUser(parts.reader, app, user)
        // Who was deleted goes with the entry that named him.
        if (known !== undefined) await tell(parts, { app, user }, known)
      }
    },
  )

const EVERY_MS = 1_000
const ROUND_MS = 5_000
const LEASE_MS = 60_000
const USERS_A_ROUND = 50
const ACTOR = 'platform:job:connectycube-contacts'
const NAMESPACE = '9c5b0f4e-4a34-4d5a-8a39-0f0d7a6e5b22'

type Who = { readonly app: number; readonly user: number }

const tell = async (parts: ContactJob, { app, user }: Who, known: UserDocument): Promise<void> => {
  const notifications = await notificationsOf(parts.reader, { app, user }, known['phoneDigits'])
  if (notifications.length > 0)
    await run<PushEventState, PushEventCommand>(parts, {
      stream: pushEventStream(app, `joined-${user}`),
      decider: pushEventDecider,
      command: {
        ...{ type: 'Queue', app, event: `joined-${user}`, user, environment: null, notifications },
        content: { message: messageOf(user, known) },
      },
    })
  const told = { app, user, told: notifications.length }
  await run<UserState, UserCommand>(parts, {
    stream: userStream(app, user),
    decider: userDecider(app),
    command: { type: 'Note', fact: contactNoticeEvents.fact('ContactJoinedTold', told) },
  })
}

const notificationsOf = async (
  reader: ContactJob['reader'],
  { app, user }: Who,
  phone: unknown,
): ReturnType<typeof noticesFor> => {
  if (typeof phone !== 'string') return []
  const owners = await ownersOfContact(reader, app, phone, CC_JOINED_TOLD_MAX)
  const others = owners.filter((owner) => owner !== user)
  return noticesFor(reader, app, others)
}

/** As connectycube 9 has messages for all channels. The app knows by what name he stands in the address book, so it is told who he is. */
const messageOf = (user: number, { fullName, login, phone }: UserDocument): string => {
  const name = [fullName, login, phone].find((text) => typeof text === 'string') ?? ''
  const message = { message: `${plainText(name)} has joined`, type: 'contact_joined', user_id: user }
  return Buffer.from(JSON.stringify(message)).toString('base64')
}

/** Of each stream one command, however often it is tried (decisions 19). */
const run = async <S, C>(
  { engine, now }: ContactJob,
  request: Pick<CommandRequest<S, C>, 'stream' | 'decider' | 'command'>,
): Promise<void> => {
  const done = await engine.execute({
    ...request,
    commandId: uuidV5(request.stream, NAMESPACE),
    actor: ACTOR,
    at: now(),
    via: { protocol: 'connectycube' },
  })()
  if (E.isLeft(done) && done.left.kind !== 'NotFound')
    throw new Error(`contacts could not be told of a user: ${done.left.reason}`)
}
