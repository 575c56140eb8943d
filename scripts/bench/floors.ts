import { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import Koa from 'koa'
import getRawBody from 'raw-body'
import { WebSocketServer } from 'ws'
import { openLmdb } from '../../src/embedded/lmdb.ts'
import { print } from '../support.ts'

/**
 * What the machine gives with nothing of ours in between: a Koa route that answers given bytes, the same that parses, decodes and durably puts
 * what it got, and a WebSocket server that sends what is posted to everybody.
 */
const directory = mkdtempSync(join(tmpdir(), 'headwater-floor-'))
const store = openLmdb(join(directory, 'floor.mdb'), 'durable')
const Label = t.type({ name: t.string, color: t.string })
let bytes: Buffer = Buffer.from('{}')
let count = 0

const keep = (value: unknown): Promise<boolean> =>
  store.put(Buffer.from(String(count++).padStart(12, '0')), Buffer.from(JSON.stringify(value)))

const app = new Koa()
app.use(async (ctx) => {
  ctx.type = 'application/json; charset=utf-8'
  if (ctx.method === 'GET') {
    ctx.body = bytes
    return
  }
  const body = await getRawBody(ctx.req, { limit: 1_048_576 })
  if (ctx.path === '/bytes') bytes = body
  else if (ctx.path === '/send') sockets.clients.forEach((socket) => socket.send(body.toString()))
  else if (ctx.path === '/sync/push-actions') await keep(JSON.parse(body.toString()))
  else if (ctx.path !== '/sync/pull-status') {
    const decoded = Label.decode(JSON.parse(body.toString()))
    if (E.isLeft(decoded)) return
    await keep(decoded.right)
  }
  ctx.body = bytes
})

const serve = app.callback()
const server = new Server((req, res) => void serve(req, res))
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  print(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
})
process.once('SIGTERM', () => {
  rmSync(directory, { recursive: true, force: true })
  process.exit(0)
})
