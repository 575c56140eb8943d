/** Clients that go on creating labels whatever becomes of the servers, and what they were told. */
import { Agent, type OutgoingHttpHeaders } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { BASE, clientOf, errorText, type Entity, type Reply } from './client.ts'
import { unique } from './members.ts'
import { within } from './sockets.ts'

export type SteadyLoad = {
  /** Names, each in one request. */
  readonly sent: ReadonlySet<string>
  readonly acknowledged: ReadonlyMap<string, Entity>
  /** Answers that were not 200. */
  readonly refused: readonly Reply[]
  /** Requests that ended without an answer. */
  readonly cut: () => number
  /** Requests that had neither an answer nor an end for `HANG_MS`. */
  readonly hung: () => number
  /** Milliseconds of the slowest answer so far. */
  readonly slowestMs: () => number
  /** Resolves when so many more creates are acknowledged, with the milliseconds that it took; rejects after `ms`. */
  readonly more: (count: number, ms?: number) => Promise<number>
  /** Resolves when every request has ended. */
  readonly stop: () => Promise<void>
}

/** A request that takes longer hangs. */
export const HANG_MS = 30_000

/** `up`: the nodes that clients are spread over at present; without any they wait. */
export const startSteadyLoad = (
  up: () => readonly string[],
  headers: OutgoingHttpHeaders,
  clients: number,
): SteadyLoad => {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const sent = new Set<string>()
  const acknowledged = new Map<string, Entity>()
  const refused: Reply[] = []
  const count = { cut: 0, hung: 0, slowestMs: 0 }
  let stopping = false

  const create = async (url: string): Promise<boolean> => {
    const name = unique('label')
    sent.add(name)
    const since = performance.now()
    const sending = clientOf(url, headers).send('POST', `${BASE}/labels`, {
      body: JSON.stringify({ name }),
      agent,
    })
    const reply = await within(
      sending.catch(() => 'cut' as const),
      'an answer',
      HANG_MS,
    ).catch(() => undefined)
    if (reply === undefined) count.hung += 1
    else if (reply === 'cut') count.cut += 1
    else count.slowestMs = Math.max(count.slowestMs, performance.now() - since)
    if (reply === undefined || reply === 'cut') return false
    if (reply.status === 200) acknowledged.set(name, reply.entity())
    else refused.push(reply)
    return reply.status === 200
  }
  const run = async (number: number): Promise<void> => {
    while (!stopping) {
      const urls = up()
      const url = urls[number % Math.max(urls.length, 1)]
      await pause(url !== undefined && (await create(url)) ? clients * CREATED_PAUSE_MS : REFUSED_PAUSE_MS)
    }
  }
  const ended = Promise.all(Array.from({ length: clients }, (_, number) => run(number)))
  return {
    sent,
    acknowledged,
    refused,
    cut: () => count.cut,
    hung: () => count.hung,
    slowestMs: () => Math.round(count.slowestMs),
    more: (wanted, ms = MORE_MS_MAX) => {
      const goal = acknowledged.size + wanted
      const so = (): string =>
        `${wanted} more acknowledged creates: ${acknowledged.size} of ${goal}, ${count.cut} cut, ${count.hung} hung, ${refused.length} refused, ${refused.at(-1)?.text ?? ''}`
      return until(() => acknowledged.size >= goal, so, ms)
    },
    stop: async () => {
      stopping = true
      await ended
      agent.destroy()
    },
  }
}

/** Shorter than what `Retry-After` asks for, so that every moment of a failure has its requests. */
const REFUSED_PAUSE_MS = 150
/** All clients together are at most one such rate, whatever their number: machines that are also tested on are not to be worn out. */
const CREATED_PAUSE_MS = process.env['SOAK'] === undefined ? 80 : 0
const MORE_MS_MAX = 180_000
const POLL_MS = 20

/** Milliseconds until it is so; rejects after `ms`. */
export const until = async (
  isSo: () => boolean | Promise<boolean>,
  what: string | (() => string),
  ms: number,
): Promise<number> => {
  const since = performance.now()
  while (!(await isSo())) {
    if (performance.now() - since > ms)
      throw new Error(`not within ${ms} ms: ${typeof what === 'string' ? what : what()}`)
    await pause(POLL_MS)
  }
  return Math.round(performance.now() - since)
}

export const UNAVAILABLE = errorText(503, 'Service Unavailable', ['error_unavailable'])

/** Nothing but 503 in the protocol's form, with the time to come again, and no request without an end. */
export const assertRefusedWell = (t: ExecutionContext, load: SteadyLoad): void => {
  const wrong = load.refused.filter(
    ({ status, text, headers }) =>
      status !== 503 || text !== UNAVAILABLE || !/^[1-9]\d*$/.test(headers['retry-after'] ?? ''),
  )
  t.deepEqual(
    wrong
      .slice(0, 3)
      .map(({ status, text, headers }) => `${status} ${headers['retry-after'] ?? '-'} ${text}`),
    [],
    `${wrong.length} of ${load.refused.length} are no 503 of the protocol`,
  )
  t.is(load.hung(), 0, 'no request hangs')
}
