import type { Documents } from '../documents/port.ts'
import { isObject, type Json, type JsonObject } from '../json.ts'
import { untilAborted } from '../projecting/aborting.ts'
import type { Stopped } from '../projecting/build.ts'
import { holdsJson, type Holds } from '../projecting/holds.ts'
import type { Projection } from '../projecting/projection.ts'
import type { HoldResult, ReleaseResult } from '../projecting/quarantine.ts'
import type { Progress } from '../projecting/rebuild.ts'
import type { Runner } from '../projecting/runner.ts'
import { readRecords } from '../projecting/serving.ts'
import type { Job } from './admin.ts'
import { progressLine, textOf } from './rebuild.ts'

/**
 * What `npm run quarantine` does, in the server or in the script itself: `{ action: 'hold', projection }` or `{ action: 'release', projection,
 * stream? }` → a line of progress at a time → the result. `onDone` is told of what has changed.
 */
export const quarantineJob =
  (runner: Runner, onDone: (result: JsonObject) => void = () => undefined): Job =>
  async (input, { tell, signal }) => {
    const projection = knownIn(input, runner)
    const onProgress = (progress: Progress): void => {
      if (!signal.aborted) tell({ progress: progressLine(progress) })
    }
    const work =
      input['action'] === 'hold'
        ? runner.hold(projection, onProgress).then(holdLine)
        : runner.release(projection, streamIn(input), { signal, onProgress }).then(releaseLine)
    const done = work.then((line): JsonObject => ({ projection, ...line }))
    done.then((result) => CHANGES.has(textOf(result['outcome'])) && onDone(result)).catch(() => undefined)
    const result = await untilAborted(done, signal)
    if (result === undefined) throw new Error(INTERRUPTED)
    return result
  }

const CHANGES: ReadonlySet<string> = new Set(['held', 'released', 'not released'])

const INTERRUPTED =
  'It was interrupted: what was begun stands, and goes on by itself or when it is asked for again'

/** Whether it is as it was asked for: no poison event is in the way. */
export const isAsAsked = (result: Json): boolean => isObject(result) && result['stopped'] === undefined

/** The result for people. */
export const quarantineTexts = (result: Json): readonly string[] => {
  if (!isObject(result)) return []
  const name = textOf(result['projection'])
  const held = jsonsOf(result['holds'])
  const { stopped } = result
  return [
    ...(OUTCOMES[textOf(result['outcome'])]?.(name, result) ?? []),
    ...(isObject(stopped) ? [`${name}: stops at ${placeText(stopped)}: ${textOf(stopped['error'])}`] : []),
    ...held.map((one) => `${name}: holds ${holdText(one)}`),
  ]
}

const OUTCOMES: { readonly [outcome: string]: (name: string, result: JsonObject) => readonly string[] } = {
  held: (name, { hold }) => [
    `${name}: holds ${isObject(hold) ? holdText(hold) : ''}, and goes on with everything else`,
  ],
  'not stopped': (name) => [`${name}: has not stopped, so there is nothing to hold`],
  released: (name, { checkpoint }) => [`${name}: ${textOf(checkpoint)} serves now, made without the hold`],
  'not released': (name) => [`${name}: the event is poison still; it goes on serving with its holds`],
  'not held': (name) => [`${name}: nothing of that is held`],
}

/** What is stopped or held, by projection, as the documents themselves say: beside a running server too. */
export const quarantineList = async (
  documents: Documents,
  projections: readonly Projection[],
): Promise<readonly JsonObject[]> => {
  const records = await readRecords(documents)
  return projections.flatMap(({ name }) => {
    const record = records.get(name)
    if (record === undefined || (record.stopped === undefined && record.holds.size === 0)) return []
    return [{ projection: name, ...stoppedJson(record.stopped), holds: [...holdsJson(record.holds)] }]
  })
}

/** The list for people. */
export const listTexts = (list: readonly JsonObject[]): readonly string[] =>
  list.length === 0 ? ['nothing is held, and nothing has stopped'] : list.flatMap(quarantineTexts)

const knownIn = ({ projection }: JsonObject, runner: Runner): string => {
  const known = runner.status().map(({ name }) => name)
  if (typeof projection === 'string' && known.includes(projection)) return projection
  throw new Error(`There is no projection ${textOf(projection)}; there are ${known.join(', ')}`)
}

const streamIn = ({ stream }: JsonObject): string | undefined =>
  typeof stream === 'string' ? stream : undefined

const holdLine = (result: HoldResult): JsonObject => {
  if (result.outcome === 'not stopped')
    return { outcome: result.outcome, holds: [...holdsJson(result.holds)] }
  const { hold, stopped } = result
  return { outcome: 'held', hold: { ...hold, position: String(hold.position) }, ...stoppedJson(stopped) }
}

const releaseLine = (result: ReleaseResult): JsonObject => {
  switch (result.outcome) {
    case 'released':
      return { outcome: result.outcome, checkpoint: result.checkpoint, ...holdsLine(result.holds) }
    case 'stopped':
      return { outcome: 'not released', ...stoppedJson(result.stopped) }
    case 'not held':
      return { outcome: result.outcome, ...holdsLine(result.holds) }
  }
}

const holdsLine = (holds: Holds): JsonObject => ({ holds: [...holdsJson(holds)] })

const stoppedJson = (stopped: Stopped | undefined): JsonObject => {
  if (stopped === undefined) return {}
  const { position, stream, type, error } = stopped
  return { stopped: { position: String(position), stream, type, error } }
}

const jsonsOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : []

const holdText = ({ stream, position, type }: JsonObject): string =>
  `${textOf(stream)} from position ${textOf(position)} (${textOf(type)}) on`

const placeText = ({ stream, position, type }: JsonObject): string =>
  `position ${textOf(position)}, ${textOf(type)} in ${textOf(stream)}`
