import type { StoredEvent } from '../../src/history/port.ts'
import type { Projection } from '../../src/projecting/projection.ts'

export type Handlers = Projection['on']

/** All handlers of a type, one after the other. They write to different documents. */
export const joined = (tables: readonly Handlers[]): Handlers => {
  const types = new Set(tables.flatMap((table) => Object.keys(table)))
  return Object.fromEntries(
    [...types].map((type) => {
      const handlers = tables.flatMap((table) => table[type] ?? [])
      return [type, (event: StoredEvent) => handlers.flatMap((handler) => handler(event))]
    }),
  )
}

/** Of `SubjectErased`. */
export const erasedSubject = ({ data }: StoredEvent): string => {
  if (typeof data['subject'] !== 'string') throw new TypeError('Malformed data of SubjectErased')
  return data['subject']
}
