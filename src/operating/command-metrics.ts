import type { CommandObserver, CommandOutcome } from '../commands/measured.ts'
import { CONTEXTS } from '../domain/event-types.ts'
import type { Rejection } from '../domain/rejection.ts'
import { createHistogram, metricHeader, type Histogram } from '../http/histogram.ts'
import type { Metrics } from '../http/metrics.ts'

/** `/metrics` says of each context how its commands ended, why they were rejected and how long they took: a few additions a command. */
export const commandMetrics = ({ add }: Pick<Metrics, 'add'>): CommandObserver => {
  const series = new Map<string, Series>(CONTEXTS.map((context) => [context, newSeries()]))
  add(() => [
    ...metricHeader(COMMANDS, 'counter', 'Commands by context and how they ended'),
    ...linesOf(series, COMMANDS, 'outcome', ({ outcomes }) => outcomes),
    ...metricHeader(REJECTIONS, 'counter', 'Rejected commands by context and kind of the rejection'),
    ...linesOf(series, REJECTIONS, 'kind', ({ rejections }) => rejections),
    ...metricHeader(DURATION, 'histogram', 'From a command to its answer, after the documents show it'),
    ...[...series].flatMap(([context, { durations }]) => durations.lines(DURATION, `context="${context}"`)),
  ])
  return {
    ended: (stream, outcome, ms) => {
      const one = series.get(contextOf(stream))
      if (one === undefined) return
      one.outcomes[outcome] += 1
      one.durations.observe(ms / 1000)
    },
    rejected: (stream, kind) => {
      const one = series.get(contextOf(stream))
      if (one !== undefined) one.rejections[kind] += 1
    },
  }
}

const COMMANDS = 'headwater_commands_total'
const REJECTIONS = 'headwater_command_rejections_total'
const DURATION = 'headwater_command_duration_seconds'
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

type Counts<Name extends string> = { [name in Name]: number }
type Series = {
  readonly outcomes: Counts<CommandOutcome>
  readonly rejections: Counts<Rejection['kind']>
  readonly durations: Histogram
}

/** All names are there from the beginning, so that the first time is seen as an increase. */
const newSeries = (): Series => ({
  outcomes: { done: 0, unchanged: 0, repeated: 0, rejected: 0, failed: 0 },
  rejections: {
    Invalid: 0,
    Unprocessable: 0,
    Unauthenticated: 0,
    Forbidden: 0,
    NotFound: 0,
    Gone: 0,
    Conflict: 0,
    NotAcceptable: 0,
    TooMany: 0,
    TooLarge: 0,
    Unavailable: 0,
  },
  durations: createHistogram(BOUNDS),
})

const contextOf = (stream: string): string => stream.slice(0, stream.indexOf('.'))

const linesOf = (
  series: ReadonlyMap<string, Series>,
  metric: string,
  label: string,
  countsOf: (one: Series) => Readonly<Counts<string>>,
): readonly string[] =>
  [...series].flatMap(([context, one]) =>
    Object.entries(countsOf(one)).map(
      ([name, count]) => `${metric}{context="${context}",${label}="${name}"} ${count}`,
    ),
  )
