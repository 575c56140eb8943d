import type { ServerWritableStream } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { SERVED_STALL_MS_MAX } from '../../limits.ts'
import { consumerTooSlow, type Refusal } from './refusals.ts'

/** Encoded, or to be encoded. */
export type Response = ReadResp | Buffer

/** The answering half of a call. */
export type Output = {
  /**
   * Answers a promise if there is no room for more; it resolves when there is, or when the call is over. Who takes nothing for
   * `SERVED_STALL_MS_MAX` then ends the call.
   */
  readonly write: (response: Response) => Promise<void> | undefined
  readonly isFull: () => boolean
  /** When there is room, or the call is over. */
  readonly room: () => Promise<void>
  /** The client has gone, or the call was ended. */
  readonly closed: () => boolean
  readonly onClosed: (listener: () => void) => void
  readonly end: () => void
  readonly fail: (refusal: Refusal) => void
}

export const makeOutput = (call: ServerWritableStream<ReadReq, Response>): Output => {
  let closed = false
  const listeners: (() => void)[] = []
  const close = (): void => {
    if (closed) return
    closed = true
    for (const listener of listeners) listener()
  }
  call.on('cancelled', close)
  call.on('close', close)
  call.on('error', close)
  const fail = (refusal: Refusal): void => {
    if (!closed) call.emit('error', refusal)
    close()
  }
  let waiting: (() => void)[] = []
  let stall: NodeJS.Timeout | undefined
  const wake = (): void => {
    clearTimeout(stall)
    stall = undefined
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  call.on('drain', wake)
  listeners.push(wake)
  const room = (): Promise<void> => {
    if (closed) return Promise.resolve()
    stall ??= setTimeout(() => fail(consumerTooSlow()), SERVED_STALL_MS_MAX)
    return new Promise((resolve) => waiting.push(resolve))
  }
  return {
    write: (response) => {
      if (closed) return undefined
      // The stream counts messages, not bytes: a large one is waited for until it has left.
      if (Buffer.isBuffer(response) && response.length > LARGE_BYTES) {
        call.write(response, wake)
        return room()
      }
      return call.write(response) ? undefined : room()
    },
    room,
    isFull: () => call.writableNeedDrain,
    closed: () => closed || call.cancelled,
    onClosed: (listener) => (closed ? listener() : void listeners.push(listener)),
    end: () => {
      if (!closed) call.end()
      close()
    },
    fail,
  }
}

const LARGE_BYTES = 32 * 1024
