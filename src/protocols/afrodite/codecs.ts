import * as t from 'io-ts'
import { shaped, type Shape } from '../../domain/codec-shape.ts'
import { isDay } from '../../domain/afrodite/birthdate.ts'

/** Absent and `null` are the same. Members that a codec does not name are ignored everywhere. */
export const nullable = <A>(codec: t.Type<A>): t.Type<A | null> =>
  shaped(
    new t.Type<A | null>(
      `${codec.name} | null`,
      (value): value is A | null => value === null || codec.is(value),
      (value, context) =>
        value === null || value === undefined ? t.success(null) : codec.validate(value, context),
      t.identity,
    ),
    (schemaOf) => ({ anyOf: [schemaOf(codec), { type: 'null' }] }),
  )

/** A text that fulfils a rule. @param shape what JSON Schema can say of it. */
export const textWhere = (name: string, isOne: (text: string) => boolean, shape: Shape): t.Type<string> => {
  const is = (value: unknown): value is string => typeof value === 'string' && isOne(value)
  const codec = new t.Type<string>(
    name,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  )
  return shaped(codec, shape)
}

/** `YYYY-MM-DD`, of a day that there is. */
export const Day = textWhere('day', isDay, { type: 'string', format: 'date' })
