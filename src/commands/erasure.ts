import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Documents } from '../documents/port.ts'
import { erasureDecider, erasureStream, type ErasureCommand } from '../domain/platform/erasure.ts'
import type { History } from '../history/port.ts'
import { DOCUMENTS_WAIT_MS_MAX, ERASURE_GATHER_MS } from '../limits.ts'
import { untilAborted } from '../projecting/aborting.ts'
import { partsOf } from '../projecting/build.ts'
import type { ReadModels } from '../projecting/read-models.ts'
import { uuidV5 } from '../uuid.ts'
import type { Keyring, Vault } from '../vault/port.ts'
import type { Engine } from './engine.ts'
import { createLease } from './lease.ts'
import { SNAPSHOTS } from './snapshots.ts'

/**
 * Erases subjects (decisions 8): `ErasureRequested`, the key destroyed, what the vault and the snapshots have of the subject deleted,
 * `SubjectErased`, which every projection answers by deleting what it shows, the files rewritten, `ErasureCompleted`. What was begun
 * is noted in the vault before the first event and until the last, so a crash between any two steps is gone on from; every step can be repeated.
 */
export type Erasure = {
  /**
   * Resolves when the key is destroyed and no document shows the subject; the files are rewritten after that. Also of a subject that was
   * erased before: if its key came back since, with a restored keyring, it is erased again, with another receipt. Rejects with `ErasureUnfinished`, or with a store's error, if it could not get that far: it will be finished all the same.
   */
  readonly request: (subject: string, request: ErasureRequest) => Promise<void>
  /** Goes on with everything that is unfinished, one node at a time. Resolves when the bytes are gone of whatever can be finished now. */
  readonly resume: () => Promise<void>
  /** Waits for no rewriting: closing the documents breaks it off. */
  readonly close: () => Promise<void>
}

/** `reason` is kept in the clear, so it must name nobody. `commandId` is a UUID. */
export type ErasureRequest = t.TypeOf<typeof ErasureRequest>
const ErasureRequest = t.readonly(
  t.type({ reason: t.string, actor: t.string, at: t.number, commandId: t.string }),
)

export type ErasureParts = {
  readonly engine: Engine
  readonly history: Pick<History, 'read' | 'head'>
  readonly documents: Documents
  readonly vault: Vault
  readonly keyring: Keyring
  readonly readModels: Pick<ReadModels, 'reached' | 'status'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** An erasure or a rewriting that failed; `resume` tries again. */
  readonly onFailure: (error: unknown) => void
  /** Ends what lives of the subject, before its key is destroyed. Does nothing a second time. */
  readonly end?: (subject: string, request: ErasureRequest) => Promise<void>
  /** How long another node may still open with a key that was destroyed: nothing that it opens may lie behind the receipt. */
  readonly keysLingerMs?: number
}

export class ErasureUnfinished extends Error {
  override readonly name = 'ErasureUnfinished'
}

export const createErasure = (given: ErasureParts): Erasure => {
  const { vault, onFailure } = given
  const lease = createLease(vault, 'erasures', LEASE_MS)
  const stopping = new AbortController()
  const { signal } = stopping
  // Each request listens while it waits.
  setMaxListeners(0, signal)
  const parts: Parts = { ...given, signal }
  let turn: Promise<void> = Promise.resolve()
  let gathering: Promise<void> | undefined

  const failed = (error: unknown): void => {
    if (!signal.aborted) onFailure(error)
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(async () => {
      if (!signal.aborted && (await lease.hold())) await work()
    })
    turn = mine.catch(() => undefined)
    return mine
  }
  const finishSoon = (): void => {
    gathering ??= pause(ERASURE_GATHER_MS, undefined, { signal, ref: false })
      .then(() => {
        gathering = undefined
        return inTurn(() => finish(parts))
      })
      .catch(failed)
  }
  return {
    request: async (subject, request) => {
      await vault.compareAndSet(SPACE, subject, 'absent', { value: { ...request } })
      await erase(parts, subject, request)
      finishSoon()
    },
    resume: () =>
      inTurn(async () => {
        for (const { subject, request } of await unfinished(vault)) {
          if (signal.aborted) return
          await erase(parts, subject, request).catch(failed)
          await lease.hold()
        }
        await finish(parts)
      }),
    close: async () => {
      stopping.abort()
      await untilQuiet([turn, gathering])
      // Whoever cannot say so lets it run out.
      await lease.release().catch(() => undefined)
    },
  }
}

/** Whether the files are still to be rewritten for that subject. */
export const isBeingErased = async (vault: Pick<Vault, 'get'>, subject: string): Promise<boolean> =>
  (await vault.get(SPACE, subject)) !== undefined

/** How many subjects are being erased: of some the bytes may be left, and all will be finished. */
export const countUnfinished = async (vault: Pick<Vault, 'list'>): Promise<number> => {
  let count = 0
  for await (const page of vault.list(SPACE)) count += page.length
  return count
}

/** Entries by subject, each with its request: what was begun and is not completed. */
const SPACE = 'platform.erasures'
const LEASE_MS = 60_000
const ACTOR = 'platform:job:erasure'

type Parts = ErasureParts & { readonly signal: AbortSignal }
type Unfinished = { readonly subject: string; readonly request: ErasureRequest }

const unfinished = async (vault: Vault): Promise<readonly Unfinished[]> => {
  const all: Unfinished[] = []
  for await (const page of vault.list(SPACE))
    for (const { key, value } of page)
      if (ErasureRequest.is(value)) all.push({ subject: key, request: value })
  return all
}

/** Up to the receipt, and until the documents show it. */
const erase = async (parts: Parts, subject: string, request: ErasureRequest): Promise<void> => {
  const { engine, keyring } = parts
  const { state } = await engine.load(erasureStream(subject), erasureDecider)
  if (state === 'none' || state === 'requested') await eraseBy(parts, 'RequestErasure', subject, request)
  else if ((await keyring.find(subject)) !== undefined) await eraseAgain(parts, subject, request)
  const position = await erasedAt(parts, subject)
  if (position === undefined || !(await isShown(parts, position)))
    throw new ErasureUnfinished(`the documents do not show yet that ${subject} is erased`)
}

const eraseBy = async (
  parts: Parts,
  type: 'RequestErasure' | 'RequestErasureAgain',
  subject: string,
  request: ErasureRequest,
): Promise<void> => {
  const { keysLingerMs = 0, signal } = parts
  await step(parts, { type, subject, reason: request.reason }, request)
  await parts.end?.(subject, request)
  await destroy(parts, subject)
  if (keysLingerMs > 0) await pause(keysLingerMs, undefined, { signal })
  await step(parts, { type: 'RecordErased', subject }, request)
}

/** What was sealed since with the key that came back stands behind the first receipt. */
const eraseAgain = async (parts: Parts, subject: string, request: ErasureRequest): Promise<void> => {
  // Under the id that asked before it would be taken for what was done then.
  const again = { ...request, commandId: randomUUID() }
  await parts.vault.put(SPACE, subject, again)
  await eraseBy(parts, 'RequestErasureAgain', subject, again)
}

const destroy = async (parts: Parts, subject: string): Promise<void> => {
  await parts.keyring.destroy(subject)
  await parts.vault.deleteSubject(subject)
  await deleteSnapshots(parts, subject)
}

/** Rewrites the files, once for everything that has come as far as that. */
const finish = async (parts: Parts): Promise<void> => {
  const { keyring, vault, documents, signal } = parts
  const ready = await purged(parts)
  if (ready.length === 0) return
  for (const { rewrite } of [keyring, vault, documents]) {
    if (signal.aborted) return
    await untilAborted(rewrite(), signal)
  }
  for (const { subject, request } of ready) {
    if (signal.aborted) return
    await step(parts, { type: 'RecordCompleted', subject }, request)
    await vault.delete(SPACE, subject)
  }
}

/** Those that only the files still have. */
const purged = async (parts: Parts): Promise<readonly Unfinished[]> => {
  const { vault, keyring, engine } = parts
  const ready: Unfinished[] = []
  for (const one of await unfinished(vault)) {
    const position = await erasedAt(parts, one.subject)
    if (position === undefined || !(await isPurged(parts, position))) continue
    // What was put while the erasure was under way.
    await vault.deleteSubject(one.subject)
    const { state } = await engine.load(erasureStream(one.subject), erasureDecider)
    if (state !== 'completed') ready.push(one)
    // One whose key came back is about to be erased again.
    else if ((await keyring.find(one.subject)) === undefined) await vault.delete(SPACE, one.subject)
  }
  return ready
}

const step = async (parts: Parts, command: ErasureCommand, request: ErasureRequest): Promise<void> => {
  const { type, subject } = command
  const isRequest = type.startsWith('RequestErasure')
  const answer = await parts.engine.execute({
    stream: erasureStream(subject),
    decider: erasureDecider,
    command,
    // Not the caller's own: he may have used it for another stream, and ids of events derive from it.
    commandId: uuidV5(`${type} ${subject}`, request.commandId),
    correlationId: request.commandId,
    actor: isRequest ? request.actor : ACTOR,
    at: isRequest ? request.at : parts.now(),
  })()
  if (E.isLeft(answer))
    throw new ErasureUnfinished(`${type} ${subject}: ${answer.left.kind} ${answer.left.reason}`)
}

/** They are no projection's. One that is written afterwards is sealed with a key that is gone. */
const deleteSnapshots = async ({ documents, history }: Parts, subject: string): Promise<void> => {
  await documents.ensureIndexes(SNAPSHOTS, [{ keys: ['_s'] }])
  const at = (await history.head()) + 1n
  await documents.apply([{ collection: SNAPSHOTS, where: { _s: subject }, delete: true, at }], [])
}

/** Position of the receipt, if the subject is erased; of the last one, if that is not asked for again. */
export const erasedAt = async (
  { history }: { readonly history: Pick<History, 'read'> },
  subject: string,
): Promise<bigint | undefined> => {
  let receipt: bigint | undefined
  for await (const page of history.read(erasureStream(subject)))
    for (const { type, position } of page) {
      if (type === 'ErasureRequested') receipt = undefined
      if (type === 'SubjectErased') receipt = position
    }
  return receipt
}

/** Of a projection that has stopped nobody knows when it goes on; the rewriting waits for it. */
const isShown = async ({ readModels, signal }: Parts, at: bigint): Promise<boolean> => {
  const reached = readModels.reached(at, EVERY_STREAM)
  const late = pause(DOCUMENTS_WAIT_MS_MAX, undefined, { signal, ref: false }).catch(() => undefined)
  await Promise.race([reached, late])
  return readModels.status().every(({ position, stopped }) => stopped !== undefined || position >= at)
}

const EVERY_STREAM = ['']

/** Also documents that do not serve: those of a rebuild under way, of an earlier version until its place is taken, of a stopped projection. */
const isPurged = async ({ documents, readModels }: Parts, at: bigint): Promise<boolean> => {
  const status = readModels.status()
  if (status.some(({ position }) => position < at)) return false
  const names = new Set(status.map(({ name }) => name))
  return [...(await documents.checkpoints())].every(
    ([checkpoint, position]) => position >= at || !names.has(partsOf(checkpoint)?.name ?? ''),
  )
}

const untilQuiet = async (works: readonly (Promise<void> | undefined)[]): Promise<void> => {
  for (const work of works) await work?.catch(() => undefined)
}
