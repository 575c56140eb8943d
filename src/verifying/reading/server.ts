import { isObject, type Json } from '../../json.ts'
import type { Part } from '../parts.ts'
import { createLines } from '../line.ts'
import { readLines } from './file.ts'
import { PART_LEAVES, type TreeState } from './jobs.ts'

/** A running server's history over HTTP, as an auditor may read it. */
export type Server = {
  /** The next events behind `after`. */
  readonly after: (after: string) => Promise<Part>
  readonly tree: () => Promise<TreeState | undefined>
  /** The newest signed head as text, and the key that it is signed with; `undefined` if there is none. */
  readonly latestHead: () => Promise<string | undefined>
  readonly key: () => Promise<string | undefined>
  readonly inclusion: (position: string, size: number) => Promise<Inclusion>
  readonly consistency: (from: number, to: number) => Promise<Consistency>
}

export type Inclusion = {
  readonly index: number
  readonly size: number
  readonly leaf: Buffer
  readonly root: Buffer
  readonly hashes: readonly Buffer[]
}
export type Consistency = { readonly roots: readonly Buffer[]; readonly hashes: readonly Buffer[] }

/** Its calls throw `ServerFailed` if it does not answer as it should. */
export const createServer = ({ url, token }: { readonly url: string; readonly token: string }): Server => {
  const base = url.replace(/\/+$/, '')
  const get = async (path: string, accept: string): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, accept }
    const response = await fetch(`${base}/history/${path}`, {
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    }).catch((error: unknown) => {
      throw new ServerFailed(`the server does not answer: ${causeOf(error)}`)
    })
    if (response.ok || response.status === 404) return response
    const place = `/history/${path.split('?')[0] ?? ''}`
    throw new ServerFailed(`the server answers ${response.status} to ${place}`, response.status)
  }
  const json = async (path: string): Promise<Json | undefined> => {
    const response = await get(path, 'application/json')
    const text = await response.text()
    return response.status === 404 ? undefined : parsed(text)
  }
  const text = async (path: string): Promise<string | undefined> => {
    const response = await get(path, 'text/plain')
    const body = await response.text()
    return response.status === 404 ? undefined : body
  }
  const lines = createLines()
  return {
    after: async (after) => {
      const response = await get(`events?after=${after}&limit=${PART_LEAVES}`, 'application/x-ndjson')
      if (response.status === 404) throw new ServerFailed('the server shows no history')
      const block = Buffer.from(await response.arrayBuffer())
      return readLines(lines, block, {
        isLast: block.length === 0,
        isCut: block.length > 0 && block.at(-1) !== NEW_LINE,
      })
    },
    tree: async () => stateOf(await json('tree')),
    latestHead: () => text('heads/latest'),
    key: async () => (await text('key'))?.trim(),
    inclusion: async (position, size) => {
      const { index, leaf, root, hashes } = objectOf(
        await json(`proofs/inclusion?position=${position}&size=${size}`),
      )
      return {
        index: numberOf(index),
        size,
        leaf: hashOf(leaf),
        root: hashOf(root),
        hashes: hashesOf(hashes),
      }
    },
    consistency: async (from, to) => {
      const { roots, hashes } = objectOf(await json(`proofs/consistency?from=${from}&to=${to}`))
      return { roots: hashesOf(roots), hashes: hashesOf(hashes) }
    },
  }
}

export class ServerFailed extends Error {
  override readonly name = 'ServerFailed'
  /** Of its answer, if it gave one. */
  readonly status: number | undefined
  constructor(message: string, status?: number) {
    super(message)
    this.status = status
  }
}

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new ServerFailed('the server answers something else than JSON')
  }
}

const stateOf = (json: Json | undefined): TreeState | undefined => {
  if (json === undefined) return undefined
  const { size, root, position } = objectOf(json)
  return { size: numberOf(size), root: hashOf(root).toString('base64'), position: textOf(position) }
}

const strange = (): never => {
  throw new ServerFailed('the server answers something else than it should')
}
const objectOf = (json: Json | undefined) => (isObject(json) ? json : strange())
const textOf = (json: Json | undefined): string => (typeof json === 'string' ? json : strange())
const numberOf = (json: Json | undefined): number =>
  typeof json === 'number' && Number.isSafeInteger(json) && json >= 0 ? json : strange()
const hashOf = (json: Json | undefined): Buffer => {
  const bytes = Buffer.from(textOf(json), 'base64')
  return bytes.length === HASH_BYTES ? bytes : strange()
}
const hashesOf = (json: Json | undefined): readonly Buffer[] =>
  Array.isArray(json) ? (json as readonly Json[]).map(hashOf) : strange()

const HASH_BYTES = 32
const NEW_LINE = 0x0a
const ANSWER_MS_MAX = 60_000
