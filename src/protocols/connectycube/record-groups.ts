import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { canonicalJson } from '../../canonical-json.ts'
import { compareValues } from '../../documents/order.ts'
import type { DataClass } from '../../domain/cc/class.ts'
import { own } from '../../domain/cc/field-types.ts'
import type { DataRecord } from '../../domain/cc/record.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { baseError } from './answers.ts'
import { text } from './params.ts'
import { recordView } from './record-view.ts'

/** `{num}[calc]=op` with `group_by={field}` (connectycube 6.4). */
export type Calculation = { readonly of: string; readonly op: CalcOp; readonly by: string }

const CALC_OPS = ['avg', 'min', 'max', 'sum'] as const
type CalcOp = (typeof CALC_OPS)[number]

/** `undefined`: none is asked for. 422 for one half without the other, and for what is no number or no field. */
export const readCalculation = (
  of: DataClass,
  params: JsonObject,
): Either<Answer, Calculation | undefined> => {
  const by = text(params['group_by'])
  const asked = Object.entries(params).flatMap(([field, value]) => {
    const op = isObject(value) ? own(value, 'calc') : undefined
    return op === undefined ? [] : [{ field, op: text(op) }]
  })
  const [only] = asked
  if (by === undefined && only === undefined) return E.right(undefined)
  if (by === undefined || only === undefined || asked.length > 1)
    return E.left(baseError(422, 'calc and group_by belong together'))
  const op = CALC_OPS.find((one) => one === only.op)
  if (op === undefined || !isNumeric(of, only.field))
    return E.left(baseError(422, `Cannot calculate ${only.op ?? 'that'} of the field ${only.field}`))
  if (!isGroupable(of, by)) return E.left(baseError(422, `Cannot group by ${by}`))
  return E.right({ of: only.field, op, by })
}

export type Groups = {
  readonly add: (record: DataRecord) => void
  /** One item a group, by the group's value ascending. */
  readonly items: () => readonly JsonObject[]
}

export const createGroups = (of: DataClass, { of: field, op, by }: Calculation): Groups => {
  const groups = new Map<
    string,
    { readonly value: Json; count: number; sum: number; least: number; most: number }
  >()
  return {
    add: (record) => {
      const value = recordView(of, record)[by] ?? null
      const key = canonicalJson(value)
      const group = groups.get(key) ?? { value, count: 0, sum: 0, least: Infinity, most: -Infinity }
      groups.set(key, group)
      const number = own(record.fields, field)
      if (typeof number !== 'number') return
      group.count += 1
      group.sum += number
      group.least = Math.min(group.least, number)
      group.most = Math.max(group.most, number)
    },
    items: () =>
      [...groups.values()]
        .sort((a, b) => compareValues(a.value, b.value))
        .map(({ value, count, sum, least, most }) => ({
          [by]: value,
          // Of no numbers there is a sum, and nothing else.
          [`calc_${op}`]:
            op === 'sum' ? sum : count === 0 ? null : { avg: sum / count, min: least, max: most }[op],
        })),
  }
}

const OWN = ['_id', '_parent_id', 'user_id', 'created_at', 'updated_at']

/** Of a field that nobody declared, the values that are numbers. */
const isNumeric = (of: DataClass, field: string): boolean => {
  const type = own(of.fields, field)
  return type === undefined ? of.schemaless : type === 'Integer' || type === 'Float'
}

const isGroupable = (of: DataClass, by: string): boolean => {
  const type = own(of.fields, by)
  return type === undefined ? OWN.includes(by) || of.schemaless : type !== 'File'
}
