import * as E from 'fp-ts/lib/Either.js'
import { runRecording, type RecordingParts } from '../../commands/cc/recordings.ts'
import { CC_WEBHOOK_GIVE_UP_MS, CC_WEBHOOK_MS_MAX } from '../../limits.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { findMeeting, type MeetingDocument } from '../../queries/cc/meetings.ts'
import {
  meetingView,
  recordingView,
  unannounced,
  type RecordingDocument,
} from '../../queries/cc/recordings.ts'
import { findUser, userViews } from '../../queries/cc/users.ts'
import { uuidV5 } from '../../uuid.ts'
import type { Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'
import { createRetries } from '../retries.ts'

export type RecordingJob = Pick<RecordingParts, 'engine' | 'reader' | 'now'> & {
  readonly vault: Vault
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/**
 * Tells the application's webhook of recordings (connectycube 10.1) and notes what became of it; a crash between the two tells it again. Who
 * does not take it is tried again, ever less often, for a day. The URL is the administrator's own, so it may be one inside his network; but
 * nobody is sent on from it.
 */
export const startAnnouncingRecordings = (parts: RecordingJob): Job => {
  const { reader, now, onFailure } = parts
  const retries = createRetries(now)
  return startJob(
    { ...parts, name: 'connectycube-recordings', everyMs: parts.everyMs ?? EVERY_MS, leaseMs: LEASE_MS },
    async (signal) => {
      const until = performance.now() + ROUND_MS
      const isStopping = (): boolean => signal.aborted
      for (const recording of await unannounced(reader, RECORDINGS_A_ROUND + retries.waiting())) {
        if (isStopping() || performance.now() > until) return
        if (retries.isWaiting(recording._id)) continue
        const result = await announce(parts, recording, signal)
        if (result instanceof Error && isStopping()) return
        if (result instanceof Error) onFailure(result)
        const end = typeof result === 'string' ? result : lateness(recording, now())
        if (end === undefined) {
          retries.later(recording._id)
          continue
        }
        await settle(parts, recording, end)
        retries.forget(recording._id)
      }
    },
  )
}

const EVERY_MS = 1_000
/** A round ends with the call that it is at then, so that the lease is renewed in time. */
const ROUND_MS = 5_000
const LEASE_MS = 60_000
/** Beside those that wait for another try. */
const RECORDINGS_A_ROUND = 50

const lateness = ({ createdAt }: RecordingDocument, now: number): 'late' | undefined =>
  createdAt + CC_WEBHOOK_GIVE_UP_MS < now ? 'late' : undefined

/** Nothing if its meeting was cancelled meanwhile. */
const announce = async (
  parts: RecordingJob,
  recording: RecordingDocument,
  signal: AbortSignal,
): Promise<'delivered' | 'off' | Error | undefined> => {
  const { app, meeting: id } = recording
  const { recording_webhook_url: url } = await settingsOf(parts.reader, app)
  if (url === null) return 'off'
  const meeting = await findMeeting(parts.reader, app, id)
  return meeting === undefined ? undefined : post(url, await bodyOf(parts, meeting, recording), signal)
}

const bodyOf = async (
  { reader, vault }: RecordingJob,
  meeting: MeetingDocument,
  recording: RecordingDocument,
): Promise<string> => {
  const host = await findUser(reader, meeting.app, meeting.host)
  const [hostUser = null] = host === undefined ? [] : await userViews(vault, [host])
  return JSON.stringify({ meeting: meetingView(meeting), hostUser, callRecords: [recordingView(recording)] })
}

/** Why it was not taken says nothing of the URL: it may hold a key. */
const post = async (url: string, body: string, signal: AbortSignal): Promise<'delivered' | Error> => {
  try {
    const response = await fetch(url, {
      ...{ method: 'POST', body, redirect: 'manual' },
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CC_WEBHOOK_MS_MAX)]),
    })
    await response.body?.cancel()
    return response.ok ? 'delivered' : new Error(`a recording's webhook answered ${response.status}`)
  } catch {
    return new Error("a recording's webhook does not answer")
  }
}

const settle = async (
  parts: RecordingJob,
  { _id: recording, app, meeting, host }: RecordingDocument,
  result: 'delivered' | 'off' | 'late',
): Promise<void> => {
  const done = await runRecording(
    parts,
    { type: 'SettleWebhook', place: { app, meeting, host }, recording, result },
    { actor: 'platform:job:connectycube-recordings', commandId: uuidV5(recording, NAMESPACE) },
  )
  // One that was removed, or whose meeting was cancelled, while it was told has nothing to settle.
  if (E.isLeft(done) && done.left.kind !== 'NotFound')
    throw new Error(`a recording's webhook could not be settled: ${done.left.reason}`)
}

const NAMESPACE = '5f1c6f0e-6f0b-4b0c-9a53-8f2f3f0e7a11'
