import { isObject, type Json, type JsonObject } from '../json.ts'
import type { Runner } from '../projecting/runner.ts'
import type { Progress } from '../projecting/rebuild.ts'
import type { RebuildResult } from '../projecting/takeover.ts'
import type { Job } from './admin.ts'

/** What `npm run rebuild` does, in the server or in the script itself: `{ names, check }` → a line of progress at a time → results. */
export const rebuildJob =
  (runner: Runner): Job =>
  async (input, { tell, signal }) => {
    const names = chosen(input, runner)
    const results: JsonObject[] = []
    for (const name of names) {
      const result = await runner.rebuild(name, {
        check: input.check === true,
        signal,
        onProgress: (progress) => tell({ progress: progressLine(progress) }),
      })
      results.push({ projection: name, ...resultLine(result) })
    }
    return { results }
  }

const chosen = (input: JsonObject, runner: Runner): readonly string[] => {
  const known = runner.status().map(({ name }) => name)
  const asked = Array.isArray(input.names) ? input.names.filter((name) => typeof name === 'string') : []
  const unknown = asked.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new Error(`There is no projection ${unknown.join(', ')}; there are ${known.join(', ')}`)
  return asked.length === 0 ? known : asked
}

/** Positions as text, because JSON's numbers end at 2^53. */
export type ProgressLine = Omit<Progress, 'position' | 'head'> & {
  readonly position: string
  readonly head: string
}

export const progressLine = ({ position, head, ...rest }: Progress): ProgressLine => ({
  ...rest,
  position: String(position),
  head: String(head),
})

/** Such a line for people. */
export const progressText = (line: JsonObject): string => {
  const { projection, position, head, eventsPerSecond, secondsLeft } = line as ProgressLine
  const share = head === '0' ? 100 : Math.floor((Number(position) / Number(head)) * 100)
  return `${projection}: ${share} % (${position} of ${head}), ${eventsPerSecond} events/s, ${secondsLeft} s left`
}

const resultLine = (result: RebuildResult): JsonObject => {
  switch (result.outcome) {
    case 'taken over':
      return { outcome: result.outcome, checkpoint: result.checkpoint }
    case 'compared':
      return {
        outcome: result.outcome,
        compared: result.compared,
        differences: result.differences.length,
        examples: result.differences.slice(0, EXAMPLES),
      }
    case 'stopped':
      return {
        outcome: result.outcome,
        position: String(result.stopped.position),
        stream: result.stopped.stream,
        type: result.stopped.type,
        error: result.stopped.error,
      }
  }
}

const EXAMPLES = 20

/** Whether all of it holds: nothing stopped, nothing differs. */
export const allHold = (result: unknown): boolean =>
  isObject(result) &&
  Array.isArray(result.results) &&
  result.results.every(
    (one) =>
      isObject(one) &&
      (one.outcome === 'taken over' || (one.outcome === 'compared' && one.differences === 0)),
  )

/** The same for people. */
export const resultTexts = (result: Json): readonly string[] =>
  isObject(result) && Array.isArray(result.results) ? result.results.filter(isObject).flatMap(textsOf) : []

/** Of a part of a result. */
export const textOf = (value: Json | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null)

const textsOf = (one: JsonObject): readonly string[] => {
  const of = (name: string): string => textOf(one[name])
  switch (one.outcome) {
    case 'taken over':
      return [`${of('projection')}: ${of('checkpoint')} serves now`]
    case 'compared':
      return [
        `${of('projection')}: ${of('compared')} documents compared, ${of('differences')} differ`,
        ...examplesOf(one).map(({ collection, id }) => `  ${textOf(collection)} ${textOf(id)}`),
      ]
    default:
      return [
        `${of('projection')}: stops at position ${of('position')}, ${of('type')} in ${of('stream')}: ${of('error')}`,
      ]
  }
}

const examplesOf = ({ examples }: JsonObject): readonly JsonObject[] =>
  Array.isArray(examples) ? examples.filter(isObject) : []
