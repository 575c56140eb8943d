import * as t from 'io-ts'
import { isDay } from '../../domain/afrodite/birthdate.ts'

/** Absent and `null` are the same. Members that a codec does not name are ignored everywhere. */
export const nullable = <A>(codec: t.Type<A>): t.Type<A | null> =>
  new t.Type<A | null>(
    `${codec.name} | null`,
    (value): value is A | null => value === null || codec.is(value),
    (value, context) =>
      value === null || value === undefined ? t.success(null) : codec.validate(value, context),
    t.identity,
  )

/** A text that fulfils a rule. */
export const textWhere = (name: string, isOne: (text: string) => boolean): t.Type<string> => {
  const is = (value: unknown): value is string => typeof value === 'string' && isOne(value)
  return new t.Type(
    name,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  )
}

/** `YYYY-MM-DD`, of a day that there is. */
export const Day = textWhere('day', isDay)
