import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Floor, Server } from './server.ts'
import { heading, percentile, row } from './table.ts'

const SOCKETS = 100
const CHANGES = 500
const PAUSE_MS = 5

/**
 * From a write to its arrival at each of a hundred sockets, one write after the other: counted from its answer, which most arrivals come
 * before, and from the request, which shows what the former hides.
 */
export const measureDelivery = async (server: Server, floor: Floor): Promise<void> => {
  heading(`delivery to ${SOCKETS} sockets, ${CHANGES} changes one after the other`)
  const headers = { authorization: `Bearer ${server.token}` }
  const bare = await deliveries(floor.url.replace('http', 'ws'), {}, async (mark) => {
    await (await fetch(`${floor.url}/send`, { method: 'POST', body: mark })).text()
  })
  show('floor: ws, sent to all', bare)
  const ours = await deliveries(
    `${server.url.replace('http', 'ws')}/events/stream`,
    headers,
    async (mark) => {
      const body = JSON.stringify({ name: mark })
      await (await fetch(`${server.url}/api/v1/labels`, { method: 'POST', headers, body })).text()
    },
  )
  show('append → socket, after the acknowledgement', ours)
}

type Arrivals = { readonly afterAnswer: readonly number[]; readonly afterRequest: readonly number[] }

const show = (name: string, { afterAnswer, afterRequest }: Arrivals): void => {
  const [answer, request] = [afterAnswer, afterRequest].map((delays) => {
    const sorted = [...delays].sort((a, b) => a - b)
    const [p50, p99, most] = [0.5, 0.99, 1].map((of) => percentile(sorted, of).toFixed(1))
    return { p99: `p99 ${p99} ms`, rest: `p50 ${p50} ms, greatest ${most} ms` }
  })
  row(
    name,
    answer?.p99 ?? '',
    `${answer?.rest ?? ''}; since the request ${request?.p99 ?? ''}, ${request?.rest ?? ''}; ${afterAnswer.length} arrivals`,
  )
}

/** A message that arrives before its write is answered has waited for nothing: 0. */
const deliveries = async (
  url: string,
  headers: Record<string, string>,
  change: (mark: string) => Promise<void>,
): Promise<Arrivals> => {
  const arrivals = new Map<string, number[]>()
  const sockets = Array.from({ length: SOCKETS }, () => new WebSocket(url, { headers }))
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  for (const socket of sockets) {
    socket.on('message', (data: Buffer) => {
      const mark = /mark-\d+/.exec(data.toString())?.[0]
      if (mark !== undefined) arrivals.get(mark)?.push(performance.now())
    })
  }
  const asked = new Map<string, number>()
  const answered = new Map<string, number>()
  for (let n = 0; n < CHANGES; n++) {
    const mark = `mark-${n}`
    arrivals.set(mark, [])
    asked.set(mark, performance.now())
    await change(mark)
    answered.set(mark, performance.now())
    await pause(PAUSE_MS)
  }
  await pause(500)
  sockets.forEach((socket) => socket.terminate())
  const since = (begun: ReadonlyMap<string, number>): readonly number[] =>
    [...arrivals].flatMap(([mark, times]) =>
      times.map((time) => Math.max(0, time - (begun.get(mark) ?? time))),
    )
  return { afterAnswer: since(answered), afterRequest: since(asked) }
}
