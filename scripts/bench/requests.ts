import { load, type Loaded } from './http-load.ts'
import type { Floor, Server } from './server.ts'
import { heading, loadRow, row } from './table.ts'

/** Requests against the server, each beside the bare route that answers the same bytes. */
export const measureRequests = async (server: Server, floor: Floor, seconds: number): Promise<void> => {
  heading('requests, 50 connections')
  const headers = { authorization: `Bearer ${server.token}` }
  const label = JSON.stringify({ name: 'a label', color: '#cc0000' })
  const labels = `${server.url}/api/v1/labels`
  const created = (await (await fetch(labels, { method: 'POST', headers, body: label })).json()) as {
    readonly _id: string
  }

  const bare = async (bytes: string, method: 'GET' | 'POST' = 'GET'): Promise<Loaded> => {
    await fetch(`${floor.url}/bytes`, { method: 'POST', body: bytes })
    const request = method === 'GET' ? { url: floor.url } : { url: floor.url, method, body: label }
    return load(floor.child.pid, { ...request, seconds })
  }
  const ours = (path: string, more: { readonly method?: 'POST'; readonly body?: string } = {}) =>
    load(server.child.pid, { url: `${server.url}${path}`, headers, seconds, ...more })

  const one = `/api/v1/labels/${created._id}`
  const reply = await (await fetch(`${server.url}${one}`, { headers })).text()
  const putFloor = await bare(reply, 'POST')
  loadRow('floor: Koa, parse, decode, durable put', putFloor)
  loadRow('creates of labels', await ours('/api/v1/labels', { method: 'POST', body: label }), putFloor)
  const getFloor = await bare(reply)
  loadRow('floor: Koa answers the same bytes', getFloor)
  loadRow('gets by id', await ours(one), getFloor)
  const page = '/api/v1/labels?limit=20'
  const listed = await (await fetch(`${server.url}${page}`, { headers })).text()
  const listFloor = await bare(listed)
  loadRow('floor: Koa answers the bytes of a list', listFloor)
  loadRow('lists of 20', await ours(page), listFloor)
  row('labels in the store', await count(labels, headers))
}

const count = async (url: string, headers: Record<string, string>): Promise<string> => {
  const answer = (await (await fetch(`${url}?meta=count`, { headers })).json()) as { readonly count: number }
  return answer.count.toLocaleString('en')
}
