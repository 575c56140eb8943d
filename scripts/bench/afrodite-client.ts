import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { WebSocket } from 'ws'

/** An account and its pair, as a client keeps it (afrodite 1.2). */
export type Bot = { readonly aid: string; access: Buffer; refresh: Buffer }

const CONNECT = '/6qQZ2jQO5exMKFI2jCzGAdMysxE'
const VISIBILITY = '/yG0OQXcMed-EGdvhSoq3qlXTYQc'
const INFO = Buffer.from('00ff000000000000', 'hex')
const NOTHING = Buffer.alloc(0)

export const registerBot = async (url: string): Promise<Bot> => {
  const { aid } = (await post(`${url}/account_api/register`, '')) as { readonly aid: string }
  const login = (await post(`${url}/account_api/login`, JSON.stringify({ aid }))) as LoginResult
  const { access, refresh } = login.account
  return {
    aid,
    access: Buffer.from(access.access_token, 'base64url'),
    refresh: Buffer.from(refresh.token, 'base64'),
  }
}

type LoginResult = {
  readonly account: {
    readonly access: { readonly access_token: string }
    readonly refresh: { readonly token: string }
  }
}

/** The whole handshake with an empty sync list: resolves when the bot has its next pair. */
export const connectBot = async (url: string, bot: Bot): Promise<WebSocket> => {
  const socket = new WebSocket(url.replace('http', 'ws') + CONNECT, ['0', bot.access.toString('base64url')], {
    perMessageDeflate: false,
  })
  const next: Buffer[] = []
  const got = new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', (code) => reject(new Error(`closed with ${code}`)))
    socket.on('message', (data: Buffer) => {
      if (next.push(data) === 2) resolve()
    })
  })
  await Promise.race([once(socket, 'open'), got])
  socket.send(INFO)
  socket.send(bot.refresh)
  await got
  socket.removeAllListeners('message').removeAllListeners('close')
  ;[bot.refresh, bot.access] = [next[0] ?? NOTHING, next[1] ?? NOTHING]
  socket.send(NOTHING)
  return socket
}

export const setVisibility = async (url: string, bot: Bot, value: boolean): Promise<void> => {
  await send('PUT', url + VISIBILITY, JSON.stringify({ value }), {
    'x-access-token': bot.access.toString('base64url'),
  })
}

const post = async (url: string, body: string): Promise<unknown> => JSON.parse(await send('POST', url, body))

const agent = new Agent({ keepAlive: true, maxSockets: 32 })

const send = async (
  method: string,
  url: string,
  body: string,
  headers: { readonly [name: string]: string } = {},
): Promise<string> => {
  const asking = request(url, { method, agent, headers: { 'content-type': 'application/json', ...headers } })
  asking.end(body)
  const [response] = (await once(asking, 'response')) as [
    AsyncIterable<Buffer> & { readonly statusCode: number },
  ]
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part)
  const text = Buffer.concat(parts).toString()
  if (response.statusCode !== 200) throw new Error(`${method} ${url}: ${response.statusCode} ${text}`)
  return text
}
