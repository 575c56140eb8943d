import { setTimeout as pause } from 'node:timers/promises'
import type { Document, Documents, Scanned, Versioned, Write } from '../documents/port.ts'
import { equalJson } from '../json.ts'
import { COMPARE_AGAIN_MAX, DOCUMENTS_WAIT_MS_MAX } from '../limits.ts'
import { physicalName, physicalOf, sameBuild, type Build } from '../projecting/build.ts'
import { readRecord, type ServingRecord } from '../projecting/serving.ts'

/** A document that the replay touched and that serves otherwise. What is absent on one side never was there or was deleted. */
export type Difference = {
  readonly collection: string
  readonly id: string
  readonly kind: 'different' | 'only in the replay' | 'only serving'
  readonly replayed: Versioned | undefined
  readonly serving: Versioned | undefined
  /** It serves as an event behind the last replayed one made it. */
  readonly isLater: boolean
}

export type Compared = {
  /** Position of the last replayed event. */
  readonly upTo: bigint
  readonly serving: { readonly version: number; readonly generation: number; readonly position: bigint }
  readonly compared: number
  readonly differences: number
  /** Of the differences. */
  readonly later: number
  /** Documents that the events change and do not make: their beginning is not among them, so they are not compared. */
  readonly unbuilt: number
}

export type CompareParts = {
  /** Those that serve. */
  readonly documents: Documents
  readonly scratch: Documents
  readonly build: Build
  readonly serving: ServingRecord
  /** Replays what came since, and tells how many events that were. */
  readonly advance: () => Promise<number>
  readonly onDifference: (difference: Difference) => void
}

/** Which documents of the projection serve. Throws if none do. */
export const servingOf = async (documents: Documents, name: string): Promise<ServingRecord> => {
  const record = await readRecord(documents, name)
  if (record === undefined) throw new Error(`No documents of ${name} serve: there is nothing to compare with`)
  return record
}

/** The same documents, which also remember what was changed and is not there. */
export const notingUnbuilt = (scratch: Documents): Documents => ({
  ...scratch,
  apply: async (writes, checkpoints) => {
    await scratch.apply(writes, checkpoints)
    const notes: Write[] = []
    for (const write of writes) {
      if (!('id' in write && 'update' in write)) continue
      const { collection, id, at } = write
      if ((await scratch.get(collection, id)) === undefined)
        notes.push({ collection: unbuiltOf(collection), id, at, put: {} })
    }
    if (notes.length > 0) await scratch.apply(notes, [])
  },
})

const unbuiltOf = (collection: string): string => `unbuilt ${collection}`

/**
 * Every document that the build has, or has deleted, with the serving one. Both may move on meanwhile, so what differs at first sight is looked
 * at again when the build has caught up. Throws if other documents begin to serve.
 */
export const compareReplayed = async (parts: CompareParts): Promise<Compared> => {
  const { documents, scratch, build, serving } = parts
  const counts = { compared: 0, differences: 0, later: 0, unbuilt: 0 }
  const reached = servingWait(parts)
  const suspects: Place[] = []
  const lookAgain = async (): Promise<void> => {
    for (const difference of await lasting(parts, suspects.splice(0), reached)) {
      counts.differences += 1
      if (difference.isLater) counts.later += 1
      parts.onDifference(difference)
    }
  }
  await reached()
  for (const collection of Object.keys(build.projection.collections)) {
    const physical = physicalOf(build, collection)
    counts.unbuilt += await scratch.count(unbuiltOf(physical), {})
    const servingAt = await servingReader(parts, collection)
    for await (const page of scratch.scan(physical)) {
      const ids = page.map(({ id }) => id)
      counts.compared += ids.length
      counts.unbuilt -= await builtAfterAll(scratch, physical, ids)
      const found = await servingAt(ids)
      page.forEach((replayed, index) => {
        if (!isSame(replayed, found[index])) suspects.push({ collection, id: replayed.id })
      })
      if (suspects.length >= COMPARE_AGAIN_MAX) await lookAgain()
    }
  }
  await lookAgain()
  const now = await readRecord(documents, build.projection.name)
  if (now === undefined || !sameBuild(now, serving))
    throw new Error(`Other documents of ${build.projection.name} began to serve meanwhile: replay once more`)
  const { version, generation } = serving
  const position = (await servingPosition(parts)) ?? 0n
  return { upTo: build.position, serving: { version, generation, position }, ...counts }
}

type Place = { readonly collection: string; readonly id: string }

/** Rounds in which a document that changes all the time may be seen in one state on both sides. */
const ROUNDS_MAX = 10

/** What differs also when nothing came in between, or every time. */
const lasting = async (
  parts: CompareParts,
  suspects: readonly Place[],
  reached: () => Promise<void>,
): Promise<readonly Difference[]> => {
  let left: readonly Difference[] = []
  let places = suspects
  for (let round = 0; round < ROUNDS_MAX && places.length > 0; round += 1) {
    if (round === 0) await parts.advance()
    await reached()
    left = await differencesAt(parts, places)
    places = left
    if ((await parts.advance()) === 0) break
  }
  return left
}

const differencesAt = async (
  parts: CompareParts,
  places: readonly Place[],
): Promise<readonly Difference[]> => {
  const found = await Promise.all(places.map((place) => differenceAt(parts, place)))
  return found.filter((difference) => difference !== undefined)
}

const differenceAt = async (
  { documents, scratch, build, serving: { version, generation } }: CompareParts,
  { collection, id }: Place,
): Promise<Difference | undefined> => {
  const [replayed, serving] = await Promise.all([
    scratch.get(physicalOf(build, collection), id),
    documents.get(physicalName(collection, version, generation), id),
  ])
  if (isSame(replayed, serving)) return undefined
  const kind =
    replayed === undefined ? 'only serving' : serving === undefined ? 'only in the replay' : 'different'
  const isLater = serving !== undefined && serving.at > build.position
  return { collection, id, kind, replayed, serving, isLater }
}

type Found = { readonly at: bigint; readonly value?: Document } | undefined

/** A tombstone and a document that never was are the same to every reader. */
const isSame = (a: Found, b: Found): boolean =>
  a?.value === undefined || b?.value === undefined
    ? a?.value === b?.value
    : a.at === b.at && equalJson(a.value, b.value)

/** How many of these were noted, and then made or deleted by what followed. */
const builtAfterAll = async (
  scratch: Documents,
  physical: string,
  ids: readonly string[],
): Promise<number> => {
  const notes = await Promise.all(ids.map((id) => scratch.get(unbuiltOf(physical), id)))
  return notes.filter((note) => note !== undefined).length
}

type Reader = (ids: readonly string[]) => Promise<readonly Found[]>

/** The serving documents by ids in ascending order: one by one if there are few, or else out of a scan. */
const servingReader = async (
  { documents, scratch, build, serving: { version, generation } }: CompareParts,
  collection: string,
): Promise<Reader> => {
  const physical = physicalName(collection, version, generation)
  const touched = await scratch.count(physicalOf(build, collection), {})
  if (touched < SCAN_DOCUMENTS_MIN || touched * SCAN_SHARE < (await documents.count(physical, {})))
    return (ids) => Promise.all(ids.map((id) => documents.get(physical, id)))
  const scanned = flat(documents.scan(physical))
  let next = await scanned.next()
  return async (ids) => {
    const found: Found[] = []
    for (const id of ids) {
      while (next.done !== true && isBefore(next.value.id, id)) next = await scanned.next()
      found.push(next.done !== true && next.value.id === id ? next.value : undefined)
    }
    return found
  }
}

/** Over a network a document out of a scan costs about a tenth of one that is asked for by itself. */
const SCAN_SHARE = 10
const SCAN_DOCUMENTS_MIN = 500

async function* flat(pages: AsyncIterable<readonly Scanned[]>): AsyncGenerator<Scanned, void> {
  for await (const page of pages) yield* page
}

/** In the order of a scan. */
const isBefore = (a: string, b: string): boolean => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0

const servingPosition = ({ documents, build, serving }: CompareParts): Promise<bigint | undefined> =>
  documents.checkpoint(physicalName(build.projection.name, serving.version, serving.generation))

/** Waits until the serving documents show what was replayed; once that they stand still for too long or are gone, no more. */
const servingWait = (parts: CompareParts): (() => Promise<void>) => {
  let moves = parts.serving.stopped === undefined
  return async () => {
    let position = await servingPosition(parts)
    let movedAt = performance.now()
    while (moves && position !== undefined && position < parts.build.position) {
      await pause(WAIT_POLL_MS)
      const now = await servingPosition(parts)
      if (now !== position) movedAt = performance.now()
      else if (performance.now() - movedAt > DOCUMENTS_WAIT_MS_MAX) moves = false
      position = now
    }
  }
}

const WAIT_POLL_MS = 50
