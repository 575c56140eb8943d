import * as t from 'io-ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { isId } from './names.ts'
import type { Field, FieldTable, StoreDef } from './store-def.ts'

/** The io-ts type of a store's entities, made once a store. The message of each of its errors is a rule of rightech 4.6. */
export const entityCodec = (def: StoreDef): t.Type<JsonObject> => {
  const known = CODECS.get(def)
  if (known) return known
  const codec = objectCodec(def.path, tableRules(def.fields, false))
  CODECS.set(def, codec)
  return codec
}

const CODECS = new WeakMap<StoreDef, t.Type<JsonObject>>()

/** What is broken about a value; `NONE` if nothing is. */
type Rules = (value: unknown, context: t.Context) => t.Errors
const NONE: t.Errors = []

const codecOf = <A>(name: string, guard: (value: unknown) => value is A, rules: Rules): t.Type<A> =>
  new t.Type<A>(
    name,
    (value): value is A => guard(value) && rules(value, []).length === 0,
    (value, context) => {
      const errors = rules(value, context)
      return errors.length === 0 && guard(value) ? t.success(value) : t.failures([...errors])
    },
    t.identity,
  )

const objectCodec = (name: string, rules: Rules): t.Type<JsonObject> =>
  codecOf(name, isObject, (value, context) =>
    isObject(value) ? rules(value, context) : broken(value, context, 'type'),
  )

const isJson = (_value: unknown): _value is Json => true

const broken = (value: unknown, context: t.Context, rule: string): t.Errors => [
  { value, context, message: rule },
]

type Checked = { readonly key: string; readonly required: boolean; readonly codec: t.Type<Json> }

/**
 * The rules of an object's named fields; others are not looked at. `nested`: `required` is checked here too. At the top of an
 * entity it depends on the mode and is `validate`'s.
 */
const tableRules = (fields: FieldTable = {}, nested: boolean): Rules => {
  const checked = Object.entries(fields).map(([key, field]): Checked => {
    return { key, required: nested && field.required === true, codec: fieldCodec(key, field) }
  })
  return (value, context) => {
    if (!isObject(value)) return broken(value, context, 'type')
    let errors: t.Errors = NONE
    for (const each of checked) {
      const found = memberErrors(each, value, context)
      if (found.length > 0) errors = [...errors, ...found]
    }
    return errors
  }
}

const memberErrors = ({ key, required, codec }: Checked, of: JsonObject, context: t.Context): t.Errors => {
  const item = Object.hasOwn(of, key) ? of[key] : undefined
  if (item === undefined || item === null || (required && item === '')) {
    return required ? broken(item, t.appendContext(context, key, codec, item), 'required') : NONE
  }
  return errorsOf(codec, item, t.appendContext(context, key, codec, item))
}

const errorsOf = (codec: t.Mixed, value: unknown, context: t.Context): t.Errors => {
  const result = codec.validate(value, context)
  return result._tag === 'Left' ? result.left : NONE
}

const fieldCodec = (name: string, field: Field): t.Type<Json> => codecOf(name, isJson, fieldRules(field))

const fieldRules = (field: Field): Rules => {
  switch (field.type) {
    case 'string':
      return stringRules(field)
    case 'number':
      return guarded((value) => Number.isFinite(value))
    case 'boolean':
      return guarded((value) => typeof value === 'boolean')
    case 'ref':
      return field.many ? REFS : refRules
    case 'list':
      return itemRules(field.item)
    case 'object':
      return field.values ? mapRules(fieldRules(field.values)) : tableRules(field.fields, true)
    case 'any':
      return anyRules
  }
}

const guarded = (guard: (value: unknown) => boolean): Rules => {
  return (value, context) => (guard(value) ? NONE : broken(value, context, 'type'))
}

const itemRules = (item: Field = { type: 'any' }): Rules =>
  listRules(fieldRules(item), item.type === 'object' || item.type === 'list')

const anyRules: Rules = () => NONE

const refRules: Rules = (value, context) => {
  if (isId(value)) return NONE
  return broken(value, context, typeof value === 'string' ? 'reference' : 'type')
}

const stringRules = ({ pattern, max = Infinity, oneOf }: Field): Rules => {
  const tests: readonly (readonly [rule: string, test: (value: string) => boolean])[] = [
    ['max', (value) => value.length <= max],
    ...(pattern ? [['format', (value: string) => pattern.test(value)] as const] : []),
    ...(oneOf ? [['enum', (value: string) => oneOf.includes(value)] as const] : []),
  ]
  return (value, context) => {
    if (typeof value !== 'string') return broken(value, context, 'type')
    if (tests.every(([, test]) => test(value))) return NONE
    return tests.flatMap(([rule, test]) => (test(value) ? NONE : broken(value, context, rule)))
  }
}

/** Broken items are named by their place if they are objects or lists, else the list itself is. */
const listRules = (item: Rules, placed: boolean): Rules => {
  return (value, context) => {
    if (!Array.isArray(value)) return broken(value, context, 'type')
    return value.flatMap((each: unknown, index) =>
      item(each, placed ? t.appendContext(context, String(index), t.unknown, each) : context),
    )
  }
}

const mapRules = (item: Rules): Rules => {
  return (value, context) => {
    if (!isObject(value)) return broken(value, context, 'type')
    return Object.entries(value).flatMap(([key, each]) =>
      each === null ? NONE : item(each, t.appendContext(context, key, t.unknown, each)),
    )
  }
}

const REFS = listRules(refRules, false)
