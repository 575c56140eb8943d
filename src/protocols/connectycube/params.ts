import { isList, type Json, type JsonObject } from '../../json.ts'
import { pointInTime } from './times.ts'

/** Readers of single parameters, whether they came as JSON, in a query or in a form (connectycube 2.2). */
export { isoSeconds, seconds } from './times.ts'

/** A scalar as text. Nothing for null, lists and objects. */
export const text = (value: Json | undefined): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** All three forms of a list, each element trimmed; empty ones, and what is no scalar, left out. */
export const list = (value: Json | undefined): readonly string[] => {
  const items = isList(value) ? value.map(text) : text(value)?.split(',')
  return (items ?? []).flatMap((item) => (item === undefined || item.trim() === '' ? [] : [item.trim()]))
}

export const truthy = (value: Json | undefined): boolean =>
  value === true || value === 1 || value === '1' || value === 'true'

/** A whole number, as such or in digits. */
export const integer = (value: Json | undefined): number | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*-?\d{1,16}\s*$/.test(value)) return undefined
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Any number, as such or in decimal. */
export const decimal = (value: Json | undefined): number | undefined => {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?\s*$/i.test(value))
    return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}

/** Whole ids of a list; what is none is left out. */
export const integers = (value: Json | undefined): readonly number[] =>
  list(value).flatMap((item) => integer(item) ?? [])

/** Milliseconds since the Unix epoch; `undefined`: not given. */
export const time = (value: Json | undefined): number | 'invalid' | undefined => {
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' || typeof value === 'number'
    ? (pointInTime(value) ?? 'invalid')
    : 'invalid'
}

export type Paging = {
  readonly skip: number
  readonly limit: number
  /** From 1. */
  readonly page: number
}

/** Names of the parameters: `skip` and `limit`, `page` and `per_page`, `offset` and `limit`. */
export type PagingKind = 'skip' | 'page' | 'offset'

/** Connectycube 2.9: what is too large is clamped; what is no positive number counts as not given. */
export const paging = (
  params: JsonObject,
  rule: { readonly kind: PagingKind; readonly default: number; readonly max: number },
): Paging => {
  const isPaged = rule.kind === 'page'
  const asked = amount(params[isPaged ? 'per_page' : 'limit'])
  const limit = Math.min(asked > 0 ? asked : rule.default, rule.max)
  const from = Math.max(amount(params[rule.kind]), isPaged ? 1 : 0)
  const skip = Math.min(isPaged ? (from - 1) * limit : from, SKIP_MAX)
  return { skip, limit, page: isPaged ? from : Math.floor(skip / limit) + 1 }
}

/** A whole number however large; 0 for anything else. */
const amount = (value: Json | undefined): number => {
  const number = typeof value === 'string' && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value
  return typeof number === 'number' && (Number.isInteger(number) || Math.abs(number) === Infinity)
    ? Math.min(number, Number.MAX_SAFE_INTEGER)
    : 0
}

/** What every store can skip. */
const SKIP_MAX = 2 ** 31 - 1
