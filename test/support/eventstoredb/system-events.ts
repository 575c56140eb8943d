import * as E from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import type { Appended, History } from '../../../src/history/port.ts'
import { STREAM_NAME_BYTES_MAX } from '../../../src/limits.ts'
import type { EventCodec } from '../../../src/serving/eventstoredb/served.ts'

/**
 * The history of a server that writes events of its own: some when it is new, and one after each seventh event of a user, so
 * that now and then it is the last.
 */
export const withSystemEvents = async (history: History, codec: EventCodec): Promise<History> => {
  let users = 0
  const write = async (stream: string, type: string, content: object | string): Promise<void> => {
    const data = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content))
    const contentType = typeof content === 'string' ? 'application/octet-stream' : 'application/json'
    const metadata = Buffer.from('{}')
    const event = codec.toNew({ id: randomUUID(), type, contentType, data, metadata }, stream)
    await history.append(stream, 'any', [event])()
  }
  if ((await history.head()) === 0n) {
    await write('$$$stats-127.0.0.1:2113', '$metadata', { $maxAge: 86_400 })
    await write('$stats-127.0.0.1:2113', '$statsCollected', { 'proc-mem': 1 })
    await write('$users', '$UsersInformation', { users: ['admin', 'ops'] })
  }
  const follow = (stream: string, { revision }: Appended): void => {
    const turn = Math.floor(users / EVENTS_BETWEEN) % 3
    // The history that keeps them takes no longer names, the server does.
    const meta = `$$${stream}`
    if (turn === 0) void write(`$ce-${stream.split('-', 1)[0] ?? ''}`, '$>', `${revision}@${stream}`)
    else if (turn === 1 || Buffer.byteLength(meta) > STREAM_NAME_BYTES_MAX)
      void write('$stats-127.0.0.1:2113', '$statsCollected', { 'proc-mem': users })
    else void write(meta, '$metadata', {})
  }
  return {
    ...history,
    append: (stream, expected, events) => async () => {
      const appending = history.append(stream, expected, events)()
      const before = users
      users += events.length
      const appended = await appending
      if (E.isRight(appended) && crossed(before, before + events.length)) follow(stream, appended.right)
      return appended
    },
  }
}

const EVENTS_BETWEEN = 7

const crossed = (before: number, after: number): boolean =>
  Math.floor(before / EVENTS_BETWEEN) < Math.floor(after / EVENTS_BETWEEN)
