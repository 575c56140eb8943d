import { once } from 'node:events'
import { chmod, rm } from 'node:fs/promises'
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createInterface } from 'node:readline'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { ADMIN_BODY_BYTES_MAX } from '../limits.ts'

/**
 * How operators' scripts ask a running server to do what only the holder of the directory can: JSON over HTTP on a Unix socket in
 * the data directory, which only its owner can reach. A job answers line by line and is broken off when the asker goes away.
 */
export type AdminServer = { readonly close: () => Promise<void> }

export type Job = (
  input: JsonObject,
  context: { readonly tell: (line: JsonObject) => void; readonly signal: AbortSignal },
) => Promise<JsonObject>

/** By name; what is added later can be asked for from then on. */
export type Jobs = { [name: string]: Job }

/** The directory's lock is held, so a socket file that is there belongs to a dead process. */
export const startAdmin = async (socketPath: string, jobs: Readonly<Jobs>): Promise<AdminServer> => {
  await rm(socketPath, { force: true })
  const server = createServer((req, res) => void serve(req, res, jobs))
  server.listen(socketPath)
  await once(server, 'listening')
  await chmod(socketPath, 0o600)
  return {
    close: async () => {
      server.close()
      server.closeAllConnections()
      await rm(socketPath, { force: true })
    },
  }
}

const serve = async (req: IncomingMessage, res: ServerResponse, jobs: Readonly<Jobs>): Promise<void> => {
  const name = (req.url ?? '').slice(1)
  const job = Object.hasOwn(jobs, name) ? jobs[name] : undefined
  if (req.method !== 'POST' || job === undefined) return void res.writeHead(404).end()
  const gone = new AbortController()
  res.on('close', () => gone.abort())
  const tell = (line: JsonObject): void => void res.write(`${JSON.stringify(line)}\n`)
  res.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
  try {
    const input: unknown = JSON.parse(await textOf(req))
    if (!isObject(input)) throw new Error('What is asked for has to be a JSON object')
    tell({ result: await job(input, { tell, signal: gone.signal }) })
  } catch (error) {
    tell({ error: error instanceof Error ? error.message : String(error) })
  }
  res.end()
}

const textOf = async (req: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of req) {
    bytes += (part as Buffer).length
    if (bytes <= ADMIN_BODY_BYTES_MAX) parts.push(part as Buffer)
  }
  if (bytes > ADMIN_BODY_BYTES_MAX) throw new Error(`More than ${ADMIN_BODY_BYTES_MAX} bytes`)
  return Buffer.concat(parts).toString()
}

/** Asks the server behind the socket; every line but the last goes to `onLine`. Rejects with the server's error. */
export const askServer = async (
  socketPath: string,
  job: string,
  input: JsonObject,
  onLine: (line: JsonObject) => void,
): Promise<Json> => {
  const asking = request({ socketPath, path: `/${job}`, method: 'POST' })
  asking.end(JSON.stringify(input))
  const response = await answerTo(asking)
  if (response.statusCode !== 200) throw new Error(`The server does not know how to ${job}`)
  for await (const text of linesOf(response)) {
    const line = JSON.parse(text) as JsonObject
    if (typeof line.error === 'string') throw new Error(line.error)
    if (line.result !== undefined) return line.result
    onLine(line)
  }
  throw new Error('The server went away before it was done')
}

/** Ends also where the answer was cut off. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const lines = createInterface({ input: response })
  response.on('error', () => lines.close())
  try {
    yield* lines
  } catch {
    return
  }
}

const answerTo = async (asking: ClientRequest): Promise<IncomingMessage> => {
  try {
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    return response
  } catch (cause) {
    throw new Error(NOBODY, { cause })
  }
}

const NOBODY = 'Nobody answers there: the server is starting or stopping, or another script is at work'
