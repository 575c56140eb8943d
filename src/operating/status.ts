import type { Documents } from '../documents/port.ts'
import type { History } from '../history/port.ts'
import { physicalName } from '../projecting/build.ts'
import type { Projection } from '../projecting/projection.ts'
import { readRecord, type ServingRecord } from '../projecting/serving.ts'
import type { JsonObject } from '../json.ts'
import type { Places } from './read-only.ts'

export type StatusLine = {
  readonly projection: string
  readonly version: number
  readonly generation: number
  readonly position: string
  /** Distance to the head, as positions count: events of an embedded history, bytes of EventStoreDB's log. */
  readonly lag: string
  readonly state: 'serving' | 'stopped' | 'missing' | 'building'
  readonly why?: string
  /** Of how many streams it shows nothing from some event on. */
  readonly held?: number
}

/** What the stores themselves say, so it can be asked beside a running server and of a stopped one. */
export const projectionStatus = async (
  history: History,
  documents: Documents,
  projections: readonly Projection[],
): Promise<{ readonly head: string; readonly projections: readonly StatusLine[] }> => {
  const head = await history.head()
  const lines: StatusLine[] = []
  for (const { name, version } of projections) {
    const record = await readRecord(documents, name)
    const { generation } = record ?? { generation: 0 }
    const line = await lineOf(documents, head, { name, version: record?.version ?? version, generation })
    if (record === undefined) {
      lines.push({ ...line, state: 'missing' })
      continue
    }
    lines.push({ ...line, ...stateOf(record) })
    const { building } = record
    if (building === undefined) continue
    lines.push({ ...(await lineOf(documents, head, { name, ...building })), state: 'building' })
  }
  return { head: String(head), projections: lines }
}

/** Where the stores are, for people and as JSON. */
export const placesText = ({ history, documents, directory = '' }: Places): string => {
  const embedded = `embedded in ${directory}`
  if (history === 'embedded' && documents === 'embedded') return embedded
  return [
    `history ${history === 'embedded' ? embedded : 'in EventStoreDB'}`,
    `documents ${documents === 'embedded' ? embedded : 'in MongoDB'}`,
  ].join(', ')
}

export const placesJson = ({ history, documents, directory }: Places): JsonObject => {
  const place = directory === undefined ? {} : { directory }
  return history === 'embedded' && documents === 'embedded'
    ? { kind: 'embedded', ...place }
    : { kind: 'shared', history, documents, ...place }
}

const stateOf = ({ stopped, holds }: ServingRecord): Pick<StatusLine, 'state' | 'why' | 'held'> => ({
  ...(stopped === undefined ? { state: 'serving' } : { state: 'stopped', why: whyStopped(stopped) }),
  ...(holds.size === 0 ? {} : { held: holds.size }),
})

const lineOf = async (
  documents: Documents,
  head: bigint,
  build: { readonly name: string; readonly version: number; readonly generation: number },
): Promise<Omit<StatusLine, 'state'>> => {
  const { name, version, generation } = build
  const position = (await documents.checkpoint(physicalName(name, version, generation))) ?? 0n
  return {
    projection: name,
    version,
    generation,
    position: String(position),
    lag: String(head > position ? head - position : 0n),
  }
}

const whyStopped = (stopped: {
  readonly position: bigint
  readonly stream: string
  readonly type: string
  readonly error: string
}): string => `${stopped.type} at ${stopped.position} in ${stopped.stream}: ${stopped.error}`
