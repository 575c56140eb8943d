import type { Documents } from '../documents/port.ts'
import type { History } from '../history/port.ts'
import { physicalName } from '../projecting/build.ts'
import type { Projection } from '../projecting/projection.ts'
import { readRecord } from '../projecting/serving.ts'

export type StatusLine = {
  readonly projection: string
  readonly version: number
  readonly generation: number
  readonly position: string
  /** Events of the history that its documents do not show yet. */
  readonly lag: string
  readonly state: 'serving' | 'stopped' | 'missing' | 'building'
  readonly why?: string
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
    const shown = { version: record?.version ?? version, generation: record?.generation ?? 0 }
    const line = await lineOf(documents, head, { name, ...shown })
    if (record === undefined) lines.push({ ...line, state: 'missing' })
    else if (record.stopped === undefined) lines.push({ ...line, state: 'serving' })
    else lines.push({ ...line, state: 'stopped', why: whyStopped(record.stopped) })
    if (record?.building !== undefined) {
      lines.push({ ...(await lineOf(documents, head, { name, ...record.building })), state: 'building' })
    }
  }
  return { head: String(head), projections: lines }
}

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
