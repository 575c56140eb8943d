import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import {
  meetingDecider,
  type Invitation,
  type Invitations,
  type MeetingChange,
  type MeetingCommand,
} from '../../domain/cc/meeting.ts'
import type { Attendee, MeetingWords, Plan } from '../../domain/cc/meeting-events.ts'
import { adminActor, meetingStream, userActor } from '../../domain/cc/names.ts'
import { meetingUrls } from '../../domain/cc/settings.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { findMeeting } from '../../queries/cc/meetings.ts'
import { findUsers, type UserDocument } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import { createDialogs, type DialogParts } from './dialogs.ts'

type Answered<A> = Promise<Either<Rejection, A>>
type Me = { readonly app: number; readonly user: number }

export type MeetingParts = DialogParts & {
  readonly reader: Reader
  /** Scheme, host and prefix of links in mails, where the application's settings name none. */
  readonly linkBase: string
}

export type NewMeeting = { readonly plan: Plan; readonly words: MeetingWords; readonly hasChat: boolean }

/** With a chat, if it is wanted, for the host and those attendees who are users (connectycube 10.1). Answers its id. */
export const scheduleMeeting = async (
  parts: MeetingParts,
  { app, user: host }: Me,
  { plan, words, hasChat }: NewMeeting,
  by: 'user' | 'admin' = 'user',
): Answered<string> => {
  const users = await usersAmong(parts.reader, app, host, words.attendees)
  const chat = hasChat ? await createChat(parts, { app, host }, words.name, [...users.keys()]) : E.right(null)
  if (E.isLeft(chat)) return chat
  const meeting = parts.newId(parts.now())
  const place = { app, meeting, host }
  const invitations = await invitationsFor(parts, place, words.attendees, users)
  const command = { type: 'Schedule', place, chatDialog: chat.right, plan, words, invitations } as const
  return E.map(() => meeting)(await run(parts, command, host, by === 'admin' ? adminActor(app) : undefined))
}

export const changeMeeting = async (
  parts: MeetingParts,
  { app, user }: Me,
  meeting: string,
  change: MeetingChange,
): Answered<unknown> => {
  const known = await findMeeting(parts.reader, app, meeting)
  if (known === undefined) return E.left(NO_MEETING)
  const attendees = change.attendees ?? known.attendees
  const users = await usersAmong(parts.reader, app, known.host, attendees)
  const place = { app, meeting, host: user }
  const invitations = await invitationsFor(parts, { ...place, host: known.host }, attendees, users)
  return run(parts, { type: 'Change', place, change, invitations }, known.host)
}

export const cancelMeeting = async (
  parts: Omit<MeetingParts, 'linkBase'>,
  { app, user }: Me,
  meeting: string,
): Answered<unknown> => {
  const known = await findMeeting(parts.reader, app, meeting)
  if (known === undefined) return E.left(NO_MEETING)
  return run(parts, { type: 'Cancel', place: { app, meeting, host: user } }, known.host)
}

const NO_MEETING = rejection('NotFound', 'no_meeting')

const run = (
  { engine, now }: Pick<MeetingParts, 'engine' | 'now'>,
  command: MeetingCommand,
  host: number,
  actor = userActor(command.place.app, command.place.host),
) =>
  engine.execute({
    stream: meetingStream(command.place.app, command.place.meeting),
    decider: meetingDecider(command.place.app, host),
    command,
    commandId: randomUUID(),
    actor,
    at: now(),
    via: { protocol: 'connectycube' },
  })()

const usersAmong = (
  reader: Pick<Reader, 'find'>,
  app: number,
  host: number,
  attendees: readonly Attendee[],
): Promise<ReadonlyMap<number, UserDocument>> =>
  findUsers(reader, app, [host, ...attendees.flatMap(({ id }) => id ?? [])])

const createChat = (
  parts: MeetingParts,
  { app, host }: { readonly app: number; readonly host: number },
  name: string,
  occupants: readonly number[],
): Answered<string> =>
  createDialogs(parts).create(app, host, {
    ...{ type: DIALOG_TYPES.meeting, occupants, admins: [], allowPreview: false },
    details: { name },
  })

/** Who gave no address is reached at that of his profile, if he has one. */
const invitationsFor = async (
  { reader, newId, now, linkBase }: MeetingParts,
  { app, meeting, host }: { readonly app: number; readonly meeting: string; readonly host: number },
  attendees: readonly Attendee[],
  users: ReadonlyMap<number, UserDocument>,
): Promise<Invitations> => {
  const template = meetingUrls(await settingsOf(reader, app), linkBase)
  const addressOf = (user: number): string | undefined => {
    const email = users.get(user)?.['email']
    return typeof email === 'string' && email !== '' ? email : undefined
  }
  const link = template.replaceAll('%s', meeting)
  const params = { host: addressOf(host) ?? nameOf(users.get(host)), link }
  const to = (address: string | undefined): Invitation | undefined =>
    address === undefined ? undefined : { mail: newId(now()), to: address, params }
  return {
    host: to(addressOf(host)),
    attendees: attendees.map(({ id, email }) => to(email ?? (id === undefined ? undefined : addressOf(id)))),
  }
}

const nameOf = (user: UserDocument | undefined): string => {
  const name = user?.['fullName'] ?? user?.['login']
  return typeof name === 'string' ? name : ''
}
