import { pino } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import type { LogLevel } from '../config/settings.ts'

/** Structured lines on standard output. Written from a buffer: `flush` before leaving. */
export type Log = Logger

export const createLog = (level: LogLevel, destination: DestinationStream = buffered()): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
    },
    destination,
  )

const buffered = (): DestinationStream => pino.destination({ fd: 1, sync: false })

/** A second line of defence: headers, queries and bodies are not logged in the first place (one-port 6). */
const SECRET_KEYS = [
  ...['authorization', 'cookie', '["set-cookie"]', '["x-access-token"]', '["sec-websocket-protocol"]'],
  ...['["cb-token"]', '["cb-authkey"]', '["cb-administration-api-key"]'],
  ...['password', 'token', 'accessToken', 'secret', 'query', 'body'],
]
const REDACTED = SECRET_KEYS.flatMap((key) => {
  const below = key.startsWith('[') ? key : `.${key}`
  return [key, `*${below}`, `*.*${below}`]
})
