import type { ServerWritableStream } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Refusal } from './refusals.ts'

/** Encoded, or to be encoded. */
export type Response = ReadResp | Buffer

/** The answering half of a call. */
export type Output = {
  /** Answers a promise if there is no room for more; it resolves when there is, or when the call is over. */
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
  let waiting: (() => void)[] = []
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const resolve of woken) resolve()
  }
  call.on('drain', wake)
  listeners.push(wake)
  const room = (): Promise<void> =>
    closed ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))
  return {
    write: (response) => {
      if (closed || call.write(response)) return undefined
      return room()
    },
    room,
    isFull: () => call.writableNeedDrain,
    closed: () => closed || call.cancelled,
    onClosed: (listener) => (closed ? listener() : void listeners.push(listener)),
    end: () => {
      if (!closed) call.end()
      close()
    },
    fail: (refusal) => {
      if (!closed) call.emit('error', refusal)
      close()
    },
  }
}
