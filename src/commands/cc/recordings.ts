import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { meetingDecider } from '../../domain/cc/meeting.ts'
import type { Recorded } from '../../domain/cc/meeting-events.ts'
import type { RecordingCommand } from '../../domain/cc/meeting-recordings.ts'
import { adminActor, meetingStream } from '../../domain/cc/names.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { findBlobByUid } from '../../queries/cc/blobs.ts'
import { findMeeting, type MeetingDocument } from '../../queries/cc/meetings.ts'
import { recordingsOf } from '../../queries/cc/recordings.ts'
import { findUser } from '../../queries/cc/users.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Engine } from '../engine.ts'
import { deleteBlobFor, type BlobParts } from './blobs.ts'

type Answered<A> = Promise<Either<Rejection, A>>

export type RecordingParts = {
  readonly engine: Engine
  readonly reader: Reader
  readonly newId: (at: number) => string
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** `days`: so long the link opens, if that is known. */
export type NewRecording = {
  readonly recorded: Recorded
  readonly link: string
  readonly days: number | undefined
}

/** The door through which a media server's recordings come in: they are shown, mailed to the host, and told to the webhook. Answers the id. */
export const registerRecording = async (
  parts: RecordingParts,
  { _id: meeting, app, host }: MeetingDocument,
  { recorded, link, days }: NewRecording,
): Answered<string> => {
  const { reader, newId, now } = parts
  const { recording_webhook_url: webhook } = await settingsOf(reader, app)
  const to = (await findUser(reader, app, host))?.['email']
  const recording = newId(now())
  const done = await runRecording(parts, {
    ...{ type: 'AddRecording', place: { app, meeting, host }, recording, recorded, link },
    isAnnounced: webhook !== null,
    mail: typeof to === 'string' ? { mail: newId(now()), to, days } : undefined,
  })
  const source = recorded.file ?? link
  if (E.isLeft(done)) return done
  return E.right(done.right.state.recordings.find((one) => one.source === source)?.id ?? recording)
}

/** With their files, and those first: what a crash leaves is still shown, and is removed by the next try (decisions 9). */
export const removeRecordings = async (
  parts: RecordingParts & BlobParts,
  app: number,
  meeting: string,
): Answered<unknown> => {
  const known = await findMeeting(parts.reader, app, meeting)
  if (known === undefined) return E.left({ kind: 'NotFound', reason: 'no_meeting' })
  for (const { file } of await recordingsOf(parts.reader, app, meeting)) {
    const blob = file === null ? undefined : await findBlobByUid(parts.reader, file)
    if (blob?.app !== app) continue
    const gone = await deleteBlobFor(parts, blob, adminActor(app))
    if (E.isLeft(gone) && gone.left.kind !== 'NotFound') return gone
  }
  return runRecording(parts, { type: 'RemoveRecordings', place: { app, meeting, host: known.host } })
}

export const runRecording = (
  { engine, now }: Pick<RecordingParts, 'engine' | 'now'>,
  command: RecordingCommand,
  by: { readonly actor: string; readonly commandId: string } = {
    actor: adminActor(command.place.app),
    commandId: randomUUID(),
  },
) =>
  engine.execute({
    stream: meetingStream(command.place.app, command.place.meeting),
    decider: meetingDecider(command.place.app, command.place.host),
    command,
    ...by,
    at: now(),
    via: { protocol: 'connectycube' },
  })()
