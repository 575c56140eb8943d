import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { PROJECTIONS } from '../../projections/registry.ts'
import type { Engine } from '../commands/engine.ts'
import { erasedAt, isBeingErased, type Erasure } from '../commands/erasure.ts'
import { SNAPSHOTS } from '../commands/snapshots.ts'
import { subjectKind, SUBJECT_KINDS } from '../commands/subjects.ts'
import { DocumentsUnavailable, type Documents } from '../documents/port.ts'
import { erasureDecider, erasureStream } from '../domain/platform/erasure.ts'
import type { History } from '../history/port.ts'
import { isList, isObject, plainText, type Json, type JsonObject } from '../json.ts'
import { ERASURE_WAIT_SECONDS } from '../limits.ts'
import type { Projection } from '../projecting/projection.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import type { Keyring, Vault } from '../vault/port.ts'
import type { Job } from './admin.ts'

export type EraseParts = {
  readonly erasure: Pick<Erasure, 'request' | 'resume'>
  readonly engine: Engine
  readonly history: Pick<History, 'read'>
  readonly documents: Pick<Documents, 'count'>
  readonly readModels: Pick<ReadModels, 'serving'>
  readonly keyring: Pick<Keyring, 'find'>
  readonly vault: Pick<Vault, 'get'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/**
 * What `npm run erase` does, in the server or in the script itself: `{ subjects, reason, waitSeconds }` → a line for each step → results. What
 * was begun goes on when nobody waits any more. Rejects, and erases nobody, if a subject is of no kind or never was.
 */
export const eraseJob =
  (parts: EraseParts): Job =>
  async (input, { tell, signal }) => {
    const subjects = textsIn(input.subjects)
    await refuseUnknown(parts, subjects)
    const reason = typeof input.reason === 'string' ? input.reason : 'an operator was asked to'
    const waitMs = 1_000 * (typeof input.waitSeconds === 'number' ? input.waitSeconds : ERASURE_WAIT_SECONDS)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const asked: Asked[] = []
    for (const subject of subjects) asked.push(await ask(parts, subject, { reason, tell, deadline, signal }))
    const results: JsonObject[] = []
    for (const one of asked) results.push(await outcome(parts, one, { tell, deadline }))
    return { results }
  }

/** Whether all of it is through. */
export const allErased = (result: Json): boolean =>
  isObject(result) &&
  isList(result['results']) &&
  result['results'].every((one) => isObject(one) && one['outcome'] === 'erased')

/** The same for people. */
export const eraseTexts = (result: Json): readonly string[] =>
  isObject(result) && isList(result['results'])
    ? result['results'].filter(isObject).flatMap((one) => {
        const subject = plainText(one['subject'])
        const before = one['before'] === true ? ' (it was erased before)' : ''
        if (one['outcome'] !== 'erased')
          return [`${subject}: unfinished, ${plainText(one['step'])}: ${plainText(one['why'])}`]
        return [
          `${subject}: erased${before}`,
          `  key destroyed, ${plainText(one['documents'])} documents purged, receipt at position ${plainText(one['position'])}, files rewritten`,
        ]
      })
    : []

type Waiting = { readonly tell: (line: JsonObject) => void; readonly deadline: AbortSignal }
type Asked = {
  readonly subject: string
  /** The receipt was there already. */
  readonly before: boolean
  readonly documents: number
  readonly failure?: string
}

const textsIn = (value: Json | undefined): readonly string[] =>
  isList(value) ? [...new Set(value.filter((one) => typeof one === 'string'))] : []

const refuseUnknown = async (parts: EraseParts, subjects: readonly string[]): Promise<void> => {
  if (subjects.length === 0) throw new Error('No subject is named')
  const faults: string[] = []
  for (const subject of subjects) {
    const found = subjectKind(subject)
    if (found === undefined) faults.push(`${subject} is no subject: there are ${KINDS}`)
    else if (!(await isKnown(parts, subject, found.kind.streams(found.id))))
      faults.push(`${subject} was never here: there is neither a key nor an event of it`)
  }
  if (faults.length > 0) throw new Error(faults.join('; '))
}

const KINDS = SUBJECT_KINDS.map(({ prefix, means }) => `${prefix}<id> (${means})`).join(', ')

const isKnown = async (
  { keyring, history }: EraseParts,
  subject: string,
  streams: readonly string[],
): Promise<boolean> => {
  if ((await keyring.find(subject)) !== undefined) return true
  for (const stream of [...streams, erasureStream(subject)])
    for await (const page of history.read(stream, { limit: 1 })) if (page.length > 0) return true
  return false
}

/** As far as nobody is shown anything any more. */
const ask = async (
  parts: EraseParts,
  subject: string,
  { reason, tell, deadline, signal }: Waiting & { readonly reason: string; readonly signal: AbortSignal },
): Promise<Asked> => {
  const before = (await erasedAt(parts, subject)) !== undefined
  const documents = await naming(parts, subject, PROJECTIONS)
  // Nothing brings back whom it is begun for.
  if (signal.aborted) return { subject, before, documents, failure: 'it was interrupted, and not begun' }
  tell({ progress: { subject, step: 'destroying the key and purging the documents' } })
  // Broken off, the one who waits goes away; the erasure does not.
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new Error('nobody waits any more'))
    if (deadline.aborted) stop()
    else deadline.addEventListener('abort', stop, { once: true })
  })
  const request = { reason, actor: OPERATOR, at: parts.now(), commandId: randomUUID() }
  try {
    await Promise.race([parts.erasure.request(subject, request), stopped])
    return { subject, before, documents }
  } catch (error) {
    return { subject, before, documents, failure: error instanceof Error ? error.message : String(error) }
  }
}

const OPERATOR = 'platform:operator:erase'

/** Until the files are rewritten, or nobody waits any more. */
const outcome = async (
  parts: EraseParts,
  { subject, before, documents, failure }: Asked,
  { tell, deadline }: Waiting,
): Promise<JsonObject> => {
  tell({ progress: { subject, step: 'rewriting the files' } })
  let resumedAt = performance.now()
  while (!(await isThrough(parts, subject)) && !deadline.aborted) {
    await pause(POLL_MS, undefined, { signal: deadline }).catch(() => undefined)
    if (performance.now() - resumedAt < RESUME_MS) continue
    resumedAt = performance.now()
    await parts.erasure.resume().catch(() => undefined)
  }
  const position = await erasedAt(parts, subject)
  const left = position === undefined ? 0 : await naming(parts, subject, PURGED)
  const facts = {
    subject,
    before,
    documents,
    ...(position === undefined ? {} : { position: String(position) }),
  }
  if (left === 0 && (await isThrough(parts, subject))) return { ...facts, outcome: 'erased' }
  const why = failure ?? 'it goes on by itself'
  const step = position === undefined ? 'it is not erased yet' : 'the files are not rewritten yet'
  return { ...facts, outcome: 'unfinished', step, why }
}

const POLL_MS = 100
/** Whoever is at it in another process goes on by himself; else this one has to. */
const RESUME_MS = 3_000

const isThrough = async ({ engine, vault }: EraseParts, subject: string): Promise<boolean> =>
  (await engine.load(erasureStream(subject), erasureDecider)).state === 'completed' &&
  !(await isBeingErased(vault, subject))

/** Of which the runner deletes what lists the subject; others keep it, and take out themselves what it shows. */
const PURGED = PROJECTIONS.filter(({ on }) => on['SubjectErased'] === undefined)

/** Documents that list the subject as one of whom they show something. */
const naming = async (
  { documents, readModels }: EraseParts,
  subject: string,
  projections: readonly Projection[],
): Promise<number> => {
  const serving = projections.flatMap(({ collections }) =>
    Object.entries(collections)
      .filter(([, { indexes }]) => indexes.some(({ keys }) => keys[0] === '_s'))
      .map(([name]) => physicalIn(readModels, name)),
  )
  let count = 0
  for (const collection of [...serving, SNAPSHOTS])
    if (collection !== undefined) count += await documents.count(collection, { _s: subject })
  return count
}

/** `undefined`: it is made for the first time, so it shows nothing yet. */
const physicalIn = ({ serving }: EraseParts['readModels'], name: string): string | undefined => {
  try {
    return serving.physical(name)
  } catch (error) {
    if (error instanceof DocumentsUnavailable) return undefined
    throw error
  }
}
