import { Readable } from 'node:stream'
import type { Document } from '../../documents/port.ts'
import { LIST_BUFFER_CHARACTERS_MAX } from '../../limits.ts'

export type Pages = AsyncIterable<readonly Document[]>
export type Encode = (document: Document) => string

/**
 * The body of a list (rightech 2.7), whole; beyond `charactersMax` as a stream. What fails before this answers is an ordinary failure;
 * what fails later makes the stream fail, and the connection must be dropped then.
 */
export const frame = (
  pages: Pages,
  encode: Encode,
  charactersMax: number = LIST_BUFFER_CHARACTERS_MAX,
): Promise<string | Readable> =>
  opened(pages, async (iterator) => {
    let text = ''
    for (;;) {
      const page = await iterator.next()
      if (page.done === true) return text === '' ? EMPTY : text + CLOSE
      for (const document of page.value) text += (text === '' ? OPEN : NEXT) + encode(document)
      if (text.length > charactersMax) return streamed([text], iterator, encode)
    }
  })

/** A list that is sent as it is read, whatever its size, in the memory of one page. The first page is read before this answers. */
export const frameStream = (pages: Pages, encode: Encode): Promise<Readable> =>
  opened(pages, async (iterator) => {
    for (;;) {
      const page = await iterator.next()
      if (page.done === true) return Readable.from([EMPTY], { objectMode: false })
      const [first, ...rest] = page.value
      if (first !== undefined) {
        const units = [OPEN + encode(first), ...rest.map((document) => NEXT + encode(document))]
        return streamed(units, iterator, encode)
      }
    }
  })

/** A blank line between the brackets kills a published reader. */
export const EMPTY = '[\n]\n'

const OPEN = '[\n'
const NEXT = '\n,\n'
const CLOSE = '\n]\n'

/** Lets the pages go if no body comes of them. */
const opened = async <Body>(
  pages: Pages,
  make: (iterator: AsyncIterator<readonly Document[]>) => Promise<Body>,
): Promise<Body> => {
  const iterator = pages[Symbol.asyncIterator]()
  try {
    return await make(iterator)
  } catch (error) {
    await iterator.return?.()
    throw error
  }
}

const streamed = (
  first: readonly string[],
  iterator: AsyncIterator<readonly Document[]>,
  encode: Encode,
): Readable => {
  const stream = Readable.from(units(first, iterator, encode), { objectMode: false })
  // A generator that was never started cannot clean up behind itself.
  stream.once('close', () => void iterator.return?.())
  return stream
}

/** One chunk a unit and never a part of one, because a published reader parses chunk by chunk. */
async function* units(
  first: readonly string[],
  iterator: AsyncIterator<readonly Document[]>,
  encode: Encode,
): AsyncGenerator<string> {
  yield* first
  for (;;) {
    const page = await iterator.next()
    if (page.done === true) break
    for (const document of page.value) yield NEXT + encode(document)
  }
  yield CLOSE
}
