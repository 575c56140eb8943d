import type { Documents, Scanned } from '../documents/port.ts'
import { COMPARE_AGAIN_MAX } from '../limits.ts'
import { physicalOf, type Build } from './build.ts'
import type { Line } from './line.ts'
import { RebuildInterrupted } from './rebuild.ts'

export type Difference = { readonly collection: string; readonly id: string }
export type Comparison = { readonly compared: number; readonly differences: readonly Difference[] }

export type Compared = {
  readonly documents: Documents
  readonly line: Line
  readonly signal: AbortSignal
}

/**
 * Two builds of one projection, document by document, byte for byte. Both are in the line and move on while this reads, so what differs at
 * first sight is looked at again between two pages, when both stand at the same event.
 */
export const compareBuilds = async (
  { documents, line, signal }: Compared,
  serving: Build,
  scratch: Build,
): Promise<Comparison> => {
  let compared = 0
  const differences: Difference[] = []
  const suspects: Difference[] = []
  const lookAgain = async (): Promise<void> => {
    const again = suspects.splice(0)
    differences.push(...(await line.exclusive(() => stillDifferent(documents, again, serving, scratch))))
  }
  for (const collection of Object.keys(serving.projection.collections)) {
    const pairs = inStep(
      documents.scan(physicalOf(serving, collection)),
      documents.scan(physicalOf(scratch, collection)),
    )
    for await (const { id, a, b } of pairs) {
      if (signal.aborted) throw new RebuildInterrupted(serving.projection.name)
      compared++
      if (textOf(a) !== textOf(b)) suspects.push({ collection, id })
      if (suspects.length >= COMPARE_AGAIN_MAX) await lookAgain()
    }
  }
  await lookAgain()
  return { compared, differences }
}

const stillDifferent = async (
  documents: Documents,
  suspects: readonly Difference[],
  serving: Build,
  scratch: Build,
): Promise<readonly Difference[]> => {
  const real: Difference[] = []
  for (const suspect of suspects) {
    const a = await documents.get(physicalOf(serving, suspect.collection), suspect.id)
    const b = await documents.get(physicalOf(scratch, suspect.collection), suspect.id)
    if (textOf(a) !== textOf(b)) real.push(suspect)
  }
  return real
}

/** A tombstone and a document that never was are the same to every reader. */
const textOf = (found: { readonly at: bigint; readonly value?: unknown } | undefined): string =>
  found?.value === undefined ? '' : `${found.at}:${JSON.stringify(found.value)}`

type Pair = { readonly id: string; readonly a: Scanned | undefined; readonly b: Scanned | undefined }

/** Both in order of `_id`; what only one has is a pair with a gap. */
async function* inStep(
  left: AsyncIterable<readonly Scanned[]>,
  right: AsyncIterable<readonly Scanned[]>,
): AsyncIterable<Pair> {
  const as = flat(left)
  const bs = flat(right)
  let a = await next(as)
  let b = await next(bs)
  for (;;) {
    const pair = pairOf(a, b)
    if (pair === undefined) return
    yield pair
    if (pair.a !== undefined) a = await next(as)
    if (pair.b !== undefined) b = await next(bs)
  }
}

const pairOf = (a: Scanned | undefined, b: Scanned | undefined): Pair | undefined => {
  const order = compareIds(a?.id, b?.id)
  const first = order <= 0 ? a : b
  return first && { id: first.id, a: order <= 0 ? a : undefined, b: order >= 0 ? b : undefined }
}

/** In the order of a scan; what has ended comes last. */
const compareIds = (a: string | undefined, b: string | undefined): number => {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const next = async (items: AsyncIterator<Scanned>): Promise<Scanned | undefined> => {
  const item = await items.next()
  return item.done === true ? undefined : item.value
}

async function* flat(pages: AsyncIterable<readonly Scanned[]>): AsyncGenerator<Scanned> {
  for await (const page of pages) yield* page
}
