import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { checkCopyFiles, type CopyFiles } from './copy-files.ts'
import type { Expected } from './ends.ts'
import type { Fault, FaultGroup } from './faults.ts'
import { parseNote } from './notes.ts'
import { ReadFailed } from './reading/child.ts'
import type { Description, Source } from './reading/jobs.ts'
import type { Pool } from './reading/pool.ts'
import { serverFaults } from './server-proofs.ts'
import { verifyHistory, type Verdict, type VerifyOptions } from './verify.ts'

/** What the command line names. */
export type Target =
  | { readonly kind: 'stores' }
  /** A copy's directory, or an exported history. */
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'server'; readonly url: string; readonly token: string }

/** Readers of a source. */
export type StartPool = (source: Source) => Pool

/** Throws if there is nothing to verify, or it cannot be reached. */
export const verifyTarget = async (
  target: Target,
  start: StartPool,
  options: VerifyOptions,
): Promise<Verdict> => {
  const found = await sourceOf(target)
  if (found instanceof ReadFailed) return unreadable(target, found)
  const { source, expected } = found
  const opened = await openPool(source, start)
  try {
    if ('died' in opened) return unreadable(target, opened.died)
    const { pool, description, faults } = opened
    const more = expected === undefined ? {} : { expected }
    const verdict = await verifyHistory(pool, description, { ...options, ...more, faults })
    const beside = await found.beside?.()
    return withNotes(verdict, beside?.notes ?? [], [
      ...manifestHeadFaults(verdict, expected),
      ...(source.kind === 'server' ? await serverFaults(source, verdict) : []),
      ...(beside?.faults ?? []),
    ])
  } finally {
    await opened.pool.close()
  }
}

type CopyExpected = Expected & { readonly head?: string }
type Found = {
  readonly source: Source
  readonly expected?: CopyExpected
  /** What stands beside the history. */
  readonly beside?: () => Promise<CopyFiles>
}

const sourceOf = async (target: Target): Promise<Found | ReadFailed> => {
  if (target.kind === 'stores') return { source: { kind: 'stores', trees: true } }
  if (target.kind === 'server') return { source: target }
  const found = await stat(target.path).catch(() => {
    throw new Error(`There is nothing at ${target.path}`)
  })
  if (!found.isDirectory()) return { source: { kind: 'file', path: target.path } }
  const manifest = await manifestIn(target.path)
  if (manifest === undefined) return damaged(`${target.path} has a manifest.json of no complete copy`)
  const path = join(target.path, 'history.ndjson')
  if (!existsSync(path)) return damaged(`${path} is not there, and the manifest names it`)
  return {
    source: { kind: 'file', path },
    expected: expectedOf(manifest),
    beside: () => checkCopyFiles(target.path, manifest),
  }
}

const damaged = (message: string): ReadFailed => new ReadFailed(message, { isDamage: true })

/** Written last, by a rename: one that says something else was changed since. */
const manifestIn = async (directory: string): Promise<JsonObject | undefined> => {
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error
    throw new Error(
      `There is no manifest.json in ${directory}. A data directory is verified with DATA_DIR=${directory}`,
    )
  })
  const manifest = parsed(text)
  return isObject(manifest) && manifest.format === 1 && manifest.complete === true ? manifest : undefined
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

const expectedOf = (manifest: JsonObject): CopyExpected => {
  const { events, firstPosition, lastPosition, root, head, source = null } = manifest
  return {
    who: 'the manifest',
    events: typeof events === 'number' ? events : -1,
    firstPosition: textOr(firstPosition),
    lastPosition: textOr(lastPosition),
    isContiguous: isObject(source) && source.history === 'embedded',
    ...(typeof root === 'string' ? { root } : {}),
    ...(typeof head === 'string' ? { head } : {}),
  }
}

const textOr = (value: Json | undefined): string => (typeof value === 'string' ? value : 'nothing')

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

type OpenedPool = { readonly pool: Pool } & (
  { readonly description: Description; readonly faults: readonly Fault[] } | { readonly died: ReadFailed }
)

/** Without the documents, if these are what cannot be read. */
const openPool = async (source: Source, start: StartPool): Promise<OpenedPool> => {
  const pool = start(source)
  const died = await describe(pool)
  if (!(died instanceof ReadFailed)) return { pool, description: died, faults: [] }
  if (source.kind !== 'stores') return { pool, died }
  await pool.close()
  const bare = start({ kind: 'stores', trees: false })
  const description = await describe(bare)
  if (description instanceof ReadFailed) return { pool: bare, died: description }
  const fault: Fault = { kind: 'tree', detail: `the documents with the tree cannot be read: ${died.message}` }
  return { pool: bare, description, faults: [fault] }
}

/** Readers that are not gone keep this process alive, so they go with whatever is thrown. */
const describe = async (pool: Pool): Promise<Description | ReadFailed> => {
  try {
    return await pool.run({ kind: 'describe' })
  } catch (error) {
    if (error instanceof ReadFailed && error.isDamage) return error
    await pool.close()
    throw error
  }
}

const unreadable = (target: Target, { message }: ReadFailed): Verdict => ({
  what: target.kind === 'path' ? target.path : 'the stores',
  ...{ events: 0, firstPosition: '0', lastPosition: '0', root: '', tree: { none: 'nothing could be read' } },
  heads: { count: 0, covered: 0, notCovered: 0, isPinned: false },
  faults: [{ kind: 'unreadable', detail: message, count: 1 }],
  ...{ notes: [], roots: new Map() },
})

const manifestHeadFaults = (verdict: Verdict, expected: CopyExpected | undefined): readonly Fault[] => {
  if (expected?.head === undefined) return []
  const note = parseNote(expected.head)
  const held = verdict.heads.newest?.note
  if (note !== undefined && (held?.text === note.text || note.size <= (held?.size ?? 0))) return []
  return [{ kind: 'head', detail: 'the head that the manifest names is not among those in the history' }]
}

/** What was found out beside the history itself. */
const withNotes = (
  verdict: Verdict,
  notes: readonly string[],
  faults: readonly (Fault | FaultGroup)[],
): Verdict => ({
  ...verdict,
  notes: [...verdict.notes, ...notes],
  faults: [...verdict.faults, ...faults.map((fault) => ({ count: 1, ...fault }))],
})
