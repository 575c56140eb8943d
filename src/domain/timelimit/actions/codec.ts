import * as t from 'io-ts'
import type { JsonObject } from '../../../json.ts'
import { shaped, type Shape } from '../../codec-shape.ts'
import { isId6 } from '../names.ts'

/** Shapes of what actions carry (timelimit 4.0.1). They only check: what passes is what was sent. */

/** @param shape what it takes, as far as JSON Schema can say it. */
export const check = <A>(
  name: string,
  is: (value: unknown) => value is A,
  shape: Shape,
): t.Type<A, unknown> =>
  shaped(
    new t.Type<A, unknown>(
      name,
      is,
      (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
      (value) => value,
    ),
    shape,
  )

/** An action's members beside `type`. Any other member is refused: a newer device may mean something by it. */
export const members = <R extends t.Props, O extends t.Props = NoProps>(required: R, optional?: O) =>
  exact<R, O>(required, optional, 'type')

/** The same for an object inside an action, or a request's body: no `type` is allowed for. */
export const strictObject = <R extends t.Props, O extends t.Props = NoProps>(required: R, optional?: O) =>
  exact<R, O>(required, optional)

export const text = t.string
export const bool = t.boolean

/** A number without fraction that is exact as a JSON number, within the bounds given. */
export const int = (min: number, max: number = Number.MAX_SAFE_INTEGER): t.Type<number, unknown> =>
  check(
    `int ${min} to ${max}`,
    (value): value is number => isInt(value) && value >= min && value <= max,
    integer(min, max),
  )

/** Devices parse it as 32 bits (timelimit 5.4). */
export const INT32_MAX = 2 ** 31 - 1
export const int32 = (min: number): t.Type<number, unknown> => int(min, INT32_MAX)

/** A set of bits out of `all`. */
export const bits = (all: number): t.Type<number, unknown> =>
  check(
    `bits ${all}`,
    (value): value is number => isInt(value) && value >= 0 && value <= all && (value & ~all) === 0,
    { ...integer(0, all), description: `Bits out of ${all}` },
  )

export const minute = int(0, 1439)
export const ms = int(0)
export const id6 = check('id6', (value): value is string => typeof value === 'string' && isId6(value), {
  type: 'string',
  pattern: '^[A-Za-z0-9]{6}$',
})
/** `''` is nobody or nothing. */
export const id6OrNone = check(
  'id6 or none',
  (value): value is string => typeof value === 'string' && (value === '' || isId6(value)),
  { type: 'string', pattern: '^([A-Za-z0-9]{6})?$' },
)
/** Not blank, at most 255 UTF-16 units. */
export const label = check(
  'label',
  (value): value is string => typeof value === 'string' && value.length <= 255 && /[^ \t\r\n]/.test(value),
  { type: 'string', maxLength: 255, pattern: '[^ \\t\\r\\n]' },
)

export const hex = (characters: number): t.Type<string, unknown> => {
  const form = new RegExp(`^[0-9a-f]{${characters}}$`)
  return check(
    `hex ${characters}`,
    (value): value is string => typeof value === 'string' && form.test(value),
    { type: 'string', pattern: form.source },
  )
}

/** Standard base64 of so many bytes. */
export const base64 = (bytesMin: number, bytesMax: number): t.Type<string, unknown> =>
  check(
    'base64',
    (value): value is string => {
      if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
        return false
      const bytes = Buffer.byteLength(value, 'base64')
      return bytes >= bytesMin && bytes <= bytesMax
    },
    { type: 'string', contentEncoding: 'base64', description: `${bytesMin} to ${bytesMax} bytes` },
  )

export const oneOf = <const V extends readonly (string | number)[]>(
  ...values: V
): t.Type<V[number], unknown> =>
  check(values.join('|'), (value): value is V[number] => values.some((one) => one === value), {
    enum: values,
  })

/** Without duplicates by `keyOf`; empty ones pass (timelimit 4.0.3). */
export const distinct = <A>(
  item: t.Type<A, unknown>,
  keyOf: (item: A) => string,
  lengthMin = 0,
): t.Type<readonly A[], unknown> =>
  check(
    'distinct list',
    (value): value is readonly A[] => {
      if (!Array.isArray(value) || value.length < lengthMin || !value.every(item.is)) return false
      return value.length < 2 || new Set(value.map(keyOf)).size === value.length
    },
    (schemaOf) => ({
      type: 'array',
      items: schemaOf(item),
      uniqueItems: true,
      ...(lengthMin === 0 ? {} : { minItems: lengthMin }),
    }),
  )

type NoProps = { readonly [name in never]: t.Mixed }
type Exact<R extends t.Props, O extends t.Props> = { readonly [K in keyof R]: t.TypeOf<R[K]> } & {
  readonly [K in keyof O]?: t.TypeOf<O[K]>
}

const exact = <R extends t.Props, O extends t.Props>(
  required: R,
  optional: O | undefined,
  allowed?: string,
): t.Type<Exact<R, O>, unknown> => {
  const codecs = new Map<string, t.Mixed>(Object.entries({ ...required, ...optional }))
  const needed = Object.keys(required)
  const is = (value: unknown): value is Exact<R, O> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    for (const [key, member] of Object.entries(value)) {
      const codec = codecs.get(key)
      if (codec === undefined ? key !== allowed : !codec.is(member)) return false
    }
    return needed.every((key) => Object.hasOwn(value, key))
  }
  return check(needed.join(), is, (schemaOf) => ({
    type: 'object',
    properties: Object.fromEntries([...codecs].map(([key, codec]) => [key, schemaOf(codec)])),
    required: needed,
    additionalProperties: false,
  }))
}

const isInt = (value: unknown): value is number => Number.isSafeInteger(value)

/** A function, which the codecs above may use: they are made when this file is loaded. */
function integer(minimum: number, maximum: number): JsonObject {
  return { type: 'integer', minimum, maximum }
}
