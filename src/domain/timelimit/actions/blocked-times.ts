import { check } from './codec.ts'

/**
 * Minutes of the week as `from,to` pairs (timelimit 4.4.3): strictly increasing, `to` not included. Five digits are enough for each, so
 * what passes is of bounded length.
 */
export const blockedTimes = check(
  'blocked times',
  (value): value is string =>
    typeof value === 'string' &&
    value.length <= LENGTH_MAX &&
    FORM.test(value) &&
    boundsOf(value).every(
      (bound, index, bounds) => bound <= WEEK_MINUTES && bound > (bounds[index - 1] ?? -1),
    ),
  () => ({
    type: 'string',
    pattern: FORM.source,
    maxLength: LENGTH_MAX,
    description: 'Minutes of the week, strictly increasing: from, to, from, to …',
  }),
)

/** Whether every minute that is blocked in `before` is blocked in `after`: ranges never touch, so each lies within one. */
export const blocksAll = (after: string, before: string): boolean => {
  const ranges = rangesOf(after)
  let index = 0
  return rangesOf(before).every(([from, to]) => {
    while ((ranges[index]?.[1] ?? to) < to) index += 1
    const range = ranges[index]
    return range !== undefined && range[0] <= from
  })
}

const FORM = /^(\d{1,5},\d{1,5}(,\d{1,5},\d{1,5})*)?$/
const WEEK_MINUTES = 7 * 24 * 60
const LENGTH_MAX = 6 * (WEEK_MINUTES + 1)

const boundsOf = (times: string): readonly number[] => (times === '' ? [] : times.split(',').map(Number))

const rangesOf = (times: string): readonly (readonly [from: number, to: number])[] => {
  const bounds = boundsOf(times)
  return bounds.flatMap((from, index) =>
    index % 2 === 0 ? [[from, bounds[index + 1] ?? from] as const] : [],
  )
}
