import { createContext, Script } from 'node:vm'
import { SERVED_PATTERN_MS_MAX } from '../../limits.ts'
import { invalidArgument } from './refusals.ts'

/** Which of the names a client's regular expression matches. Throws a call's failure if it takes too long. */
export type Pattern = (names: readonly string[]) => readonly boolean[]

/**
 * A regular expression comes from outside, and one can be made that takes years for a name of thirty characters. What cannot do that is
 * tried directly, anything else where it can be interrupted. Throws a call's failure if it is none.
 */
export const patternOf = (text: string): Pattern => {
  const regex = regexOf(text)
  if (!isQuick(text)) return interruptible(regex)
  return (names) => (areShort(names) ? names.map((name) => regex.test(name)) : interruptible(regex)(names))
}

/** Other applications may give their types names as long as an append. */
const areShort = (names: readonly string[]): boolean =>
  names.reduce((steps, { length }) => steps + length * length, 0) <= STEPS_MAX

/** Some hundredths of a second. */
const STEPS_MAX = 10_000_000

const regexOf = (text: string): RegExp => {
  if (text === '') throw invalidArgument('a filter has a regular expression or prefixes')
  try {
    return new RegExp(text)
  } catch {
    throw invalidArgument('the regular expression is none')
  }
}

/** At most one repetition, and none of a group: at worst the square of a name's length. */
const isQuick = (text: string): boolean =>
  (text.match(/[*+{]|\)\?/g)?.length ?? 0) <= 1 && !/\)[*+?{]/.test(text)

const interruptible = (regex: RegExp): Pattern => {
  const context = createContext({ regex, names: [] })
  return (names) => {
    context['names'] = names
    try {
      return TRY.runInContext(context, { timeout: SERVED_PATTERN_MS_MAX }) as readonly boolean[]
    } catch {
      throw invalidArgument('the regular expression takes too long')
    } finally {
      context['names'] = []
    }
  }
}

const TRY = new Script('names.map((name) => regex.test(name))')
