import type { Order, Sortable } from '../documents/order.ts'
import type { Document } from '../documents/port.ts'
import { DOCUMENTS_PAGE } from '../limits.ts'

/** Pages that are in the order of what is shown of their documents. */
export type PagesSource = {
  readonly pages: AsyncIterable<readonly Document[]>
  readonly shown: (document: Document) => Document
}

export type Merging = {
  readonly order: Order
  readonly skip: number
  /** `undefined`: no end. */
  readonly limit: number | undefined
  readonly project: (document: Document) => Document
}

/** Several ordered sources as one, in pages; of each source one page is in memory. */
export async function* mergedPages(
  sources: readonly PagesSource[],
  { order, skip, limit = Infinity, project }: Merging,
): AsyncGenerator<readonly Document[]> {
  const cursors = sources.map((source) => openCursor(source, order))
  try {
    await Promise.all(cursors.map(async (cursor) => cursor.advance()))
    let page: Document[] = []
    for (let place = 0; place < skip + limit; place += 1) {
      const next = leading(cursors, order)
      if (next?.head === undefined) break
      if (place >= skip) page.push(project(next.head.document))
      const loading = next.advance()
      if (loading !== undefined) await loading
      if (page.length === DOCUMENTS_PAGE) {
        yield page
        page = []
      }
    }
    if (page.length > 0) yield page
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()))
  }
}

type Head = { readonly document: Document; readonly by: Sortable }

type Cursor = {
  /** `undefined`: at the end. */
  readonly head: Head | undefined
  /** Waits only where a page begins. */
  readonly advance: () => Promise<void> | undefined
  readonly close: () => Promise<unknown>
}

const leading = (cursors: readonly Cursor[], order: Order): Cursor | undefined =>
  cursors.reduce<Cursor | undefined>((best, cursor) => {
    if (cursor.head === undefined) return best
    return best?.head !== undefined && order.compare(best.head.by, cursor.head.by) <= 0 ? best : cursor
  }, undefined)

const openCursor = ({ pages, shown }: PagesSource, order: Order): Cursor => {
  const iterator = pages[Symbol.asyncIterator]()
  let page: readonly Document[] = []
  let at = 0
  let head: Head | undefined
  const take = (): boolean => {
    const found = page[at++]
    if (found === undefined) return false
    const document = shown(found)
    head = { document, by: order.sortable(document) }
    return true
  }
  const load = async (): Promise<void> => {
    do {
      const next = await iterator.next()
      if (next.done === true) {
        head = undefined
        return
      }
      page = next.value
      at = 0
    } while (!take())
  }
  return {
    get head() {
      return head
    },
    advance: () => (take() ? undefined : load()),
    close: () => Promise.resolve(iterator.return?.()),
  }
}
