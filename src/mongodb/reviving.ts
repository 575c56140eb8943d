import { setTimeout as pause } from 'node:timers/promises'
import type { MongoClient } from 'mongodb'
import { MONGODB_HEARTBEAT_MS_MAX, MONGODB_RETRY_MS } from '../limits.ts'

/**
 * Connects the client again where its driver would not: after a first connection that failed it is closed for good, and a heartbeat that
 * met a socket in the moment of its end is waited for for ever. What was under way is interrupted.
 */
export const keepAlive = (client: MongoClient): { readonly stop: () => void } => {
  const stopping = new AbortController()
  const { signal } = stopping
  let connecting = false
  const connect = async (): Promise<void> => {
    connecting = true
    while (!signal.aborted) {
      await pause(MONGODB_RETRY_MS, undefined, { ref: false })
      const connected = await client.connect().catch(() => undefined)
      if (connected !== undefined) break
    }
    connecting = false
    // It was closed meanwhile, before there was anything to close.
    if (signal.aborted) await client.close()
  }
  client.on('topologyClosed', () => {
    if (!signal.aborted && !connecting) connect().catch(() => undefined)
  })
  const watch = watchHeartbeats(client, () => {
    if (!signal.aborted) client.close().catch(() => undefined)
  })
  return {
    stop: () => {
      stopping.abort()
      watch.stop()
    },
  }
}

/** Calls `onSilent` when a heartbeat of any member neither succeeds nor fails. */
const watchHeartbeats = (client: MongoClient, onSilent: () => void): { readonly stop: () => void } => {
  const { connectTimeoutMS, heartbeatFrequencyMS } = client.options
  const timers = new Map<string, NodeJS.Timeout>()
  const end = (member: string): void => {
    clearTimeout(timers.get(member))
    timers.delete(member)
  }
  client.on('serverHeartbeatStarted', ({ connectionId, awaited }) => {
    end(connectionId)
    // The server keeps an awaited one until something changes or its time has passed.
    const ms = connectTimeoutMS + MONGODB_HEARTBEAT_MS_MAX + (awaited ? heartbeatFrequencyMS : 0)
    timers.set(connectionId, setTimeout(onSilent, ms).unref())
  })
  client.on('serverHeartbeatSucceeded', ({ connectionId }) => end(connectionId))
  client.on('serverHeartbeatFailed', ({ connectionId }) => end(connectionId))
  client.on('serverClosed', ({ address }) => end(address))
  return {
    stop: () => {
      for (const member of [...timers.keys()]) end(member)
    },
  }
}
