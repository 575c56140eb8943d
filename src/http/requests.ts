import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Addresses } from './address.ts'
import { owner } from './owner.ts'
import type { OwnerTable } from './owner.ts'
import type { HttpRequest, ListenerName, Owner, Renderer } from './protocol.ts'

/** Reads what everybody needs to know of a request, before any byte of its body. */
export type Describe = (message: IncomingMessage, listener: ListenerName, upgrade: boolean) => HttpRequest

export const describer = (setup: {
  readonly table: OwnerTable
  readonly addresses: Addresses
  readonly rendererOf: (owner: Owner) => Renderer
}): Describe => {
  const { table, addresses, rendererOf } = setup
  return (message, listener, upgrade) => {
    const startedAt = performance.now()
    const method = message.method ?? 'GET'
    const read = owner(
      { method, target: message.url ?? '/', upgrade, headers: message.headers },
      listener,
      table,
    )
    return {
      id: requestId(message, addresses),
      owner: read.owner,
      listener,
      method,
      path: read.path,
      query: read.query,
      ...(read.hadSuffix ? { hadSuffix: true } : {}),
      address: addresses.client(message),
      startedAt,
      renderer: rendererOf(read.owner),
    }
  }
}

/** An id for what never became a request. */
export const nextRequestId = (): string => {
  count += 1
  return PROCESS + count.toString(36)
}

/** Random once a process, then counted: unique at a hundredth of the price of a UUID. */
const PROCESS = `${randomBytes(8).toString('base64url')}-`
let count = 0

const requestId = (message: IncomingMessage, addresses: Addresses): string => {
  const theirs = message.headers['x-request-id']
  return typeof theirs === 'string' && /^[\w.:-]{1,64}$/.test(theirs) && addresses.trusted(message)
    ? theirs
    : nextRequestId()
}
