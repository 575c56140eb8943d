import type { History, StoredEvent } from '../../history/port.ts'
import { createPart, HEADS_STREAM, type Part } from '../parts.ts'
import { contentOf, leafOf, Misshapen } from '../shape.ts'
import { PART_LEAVES } from './jobs.ts'
import { leafFault } from './tiles.ts'

/** The next events of a history in a server of its own, behind `after`. `stored`: the leaves that the tree has of them. */
export const readAfter = async (
  history: Pick<History, 'readAll'>,
  after: bigint,
  { stored, covered }: { readonly stored: Buffer; readonly covered: number },
  progress: () => void,
): Promise<Part> => {
  const part = createPart(PART_LEAVES)
  let last = after
  for await (const page of history.readAll({ after, limit: PART_LEAVES })) {
    progress()
    for (const event of page) {
      const place = {
        position: String(event.position),
        stream: event.stream,
        revision: String(event.revision),
      }
      if (event.position <= last)
        part.fault({ kind: 'order', ...place, detail: `it comes behind position ${last}` })
      last = event.position
      const at = part.count()
      part.follow(event.stream, place.revision, event.position)
      if (event.stream === HEADS_STREAM) part.head({ ...place, type: event.type, data: event.data })
      const leaf = leafIfShaped(event)
      if (leaf instanceof Misshapen) {
        part.fault({ kind: 'shape', ...place, detail: leaf.message })
        part.holes(event.position, 1)
        continue
      }
      const fault = at < covered ? leafFault(leaf, stored, at) : undefined
      if (fault !== undefined) part.fault({ ...fault, ...place })
      part.add(event.position, leaf)
    }
  }
  return part.build({ isLast: part.count() === 0 })
}

const leafIfShaped = (event: StoredEvent): Buffer | Misshapen => {
  try {
    return leafOf(
      contentOf({
        ...event,
        meta: { ...event.meta },
        position: undefined,
        revision: String(event.revision),
      }),
    )
  } catch (error) {
    if (error instanceof Misshapen) return error
    throw error
  }
}
