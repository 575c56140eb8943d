import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { WebSocket } from 'ws'
import type { CloseCause } from '../../domain/afrodite/events.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { HubLog } from '../../live/feed.ts'
import { AFRODITE_CLOSING_MS_MAX, AFRODITE_RECORD_MS_MAX } from '../../limits.ts'
import { within } from '../../live/repeating.ts'
import type { Ends } from './ends.ts'

/** How a connection ends (afrodite 3.6). */
export type Farewell = {
  /** Of the close frame; without it the frame is empty. */
  readonly code?: number | undefined
  readonly reason?: string | Buffer | undefined
  /** Recorded if this is the account's current connection. Without it that has been done, or never was to be. */
  readonly cause?: CloseCause
  /** The client was malformed in this step, which is recorded instead. */
  readonly refused?: Step
}
export type Step = 1 | 2 | 5

export type Ending = {
  readonly isOver: () => boolean
  /** Withdraws the permission, then sends the close frame. The first farewell counts; resolves when the frame was sent. */
  readonly end: (farewell: Farewell) => Promise<void>
  /** From now on the connection may be the account's current one; the promise tells whether it is. It must not reject. */
  readonly opening: (isOpen: Promise<boolean>) => void
}

export type EndingParts = {
  readonly refuseMalformed: (
    aid: string,
    connectionId: string,
    step: Step,
  ) => Promise<Either<Rejection, unknown>>
  readonly ends: Ends
  readonly log: HubLog
}

export type Place = { readonly aid: string; readonly connectionId: string }

/** @param cleanUp is called once, at the beginning of the end; the close frame waits for it too. Must not reject. */
export const createEnding = (
  parts: EndingParts,
  socket: WebSocket,
  { aid, connectionId }: Place,
  cleanUp: () => Promise<void>,
): Ending => {
  const closeNow = socket.close.bind(socket)
  let isOver = false
  let isSaid = false
  let isBroken = false
  let ending: Promise<void> | undefined
  let opening: Promise<boolean> | undefined

  const refuse = async (step: Step): Promise<boolean> => {
    try {
      return E.isRight(await parts.refuseMalformed(aid, connectionId, step))
    } catch (error) {
      parts.log.warn({ err: error, connection: connectionId }, 'a refused handshake could not be recorded')
      return false
    }
  }
  const record = async ({ cause, refused }: Farewell): Promise<void> => {
    const isOpen = (await opening) ?? false
    if (refused !== undefined && (await refuse(refused))) return
    if (isOpen && cause !== undefined)
      await parts.ends.record(aid, connectionId, isBroken ? 'malformed' : cause)
  }
  const leave = async (farewell: Farewell): Promise<void> => {
    isOver = true
    await within(AFRODITE_RECORD_MS_MAX, Promise.all([cleanUp(), record(farewell)]))
    if (socket.readyState === socket.CLOSED) return
    if (socket.isPaused) socket.resume()
    isSaid = true
    closeNow(farewell.code, farewell.reason)
    const timer = setTimeout(() => socket.terminate(), AFRODITE_CLOSING_MS_MAX)
    socket.once('close', () => clearTimeout(timer))
  }
  const end = (farewell: Farewell): Promise<void> => (ending ??= leave(farewell))

  // `ws` calls this when a close frame comes, or a frame that breaks its rules. A client may act on our close frame: so the record comes first.
  socket.close = (code, reason) => {
    if (isSaid) closeNow(code, reason)
    else void end({ code, reason, cause: 'client' })
  }
  socket.on('error', () => {
    isBroken = true
  })
  return {
    isOver: () => isOver,
    end,
    opening: (isOpen) => {
      opening = isOpen
    },
  }
}
