import * as t from 'io-ts'
import type { Json } from '../../json.ts'
import { shaped } from '../codec-shape.ts'

/** Types of a class's fields (connectycube 6.1). `Array` holds any scalars. */
export const FIELD_TYPES = [
  'Integer',
  'Float',
  'String',
  'Boolean',
  'Location',
  'Date',
  'File',
  'Integer[]',
  'Float[]',
  'String[]',
  'Boolean[]',
  'Array',
] as const
export type FieldType = (typeof FIELD_TYPES)[number]

export const isFieldType = (value: unknown): value is FieldType =>
  (FIELD_TYPES as readonly unknown[]).includes(value)

export const FieldTypeCodec = shaped(
  new t.Type<FieldType>(
    'FieldType',
    isFieldType,
    (value, context) => (isFieldType(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  ),
  { enum: FIELD_TYPES },
)

/** What one element of a list is; `undefined`: the type is no list. */
export const elementType = (
  type: FieldType,
): 'Integer' | 'Float' | 'String' | 'Boolean' | 'any' | undefined => ELEMENTS[type]

const ELEMENTS: { readonly [type in FieldType]?: 'Integer' | 'Float' | 'String' | 'Boolean' | 'any' } = {
  'Integer[]': 'Integer',
  'Float[]': 'Float',
  'String[]': 'String',
  'Boolean[]': 'Boolean',
  Array: 'any',
}

/**
 * Values by field: of a `Date` milliseconds since the Unix epoch, whole seconds; of a `Location` `[longitude, latitude]`. What is absent is
 * null. Files are beside them: what clients send as a value can never be taken for one.
 */
export type Fields = { readonly [field: string]: Json }

/** `file_id` begins the blob, so that two uploads are never one blob: deleting one leaves the other. */
export const StoredFile = t.readonly(
  t.type({
    name: t.string,
    size: t.number,
    content_type: t.string,
    file_id: t.string,
    sha256: t.string,
  }),
)
export type StoredFile = t.TypeOf<typeof StoredFile>
export type Files = { readonly [field: string]: StoredFile }

/** Fields are asked for by names that clients choose: `toString` is no field unless it is there. */
export const own = <T>(of: { readonly [name: string]: T }, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined

/** Names of classes and fields (connectycube 12.2). */
export const isClassName = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)
export const isFieldName = (name: string): boolean =>
  /^[A-Za-z][A-Za-z0-9_]{0,49}$/.test(name) && !RESERVED.has(name)

/** The last two never arrive as parameters (connectycube 2.2). */
const RESERVED: ReadonlySet<string> = new Set([
  ...['_id', 'id', 'user_id', '_parent_id', 'created_at', 'updated_at', 'permissions', 'record'],
  ...['search_criteria', 'inc', 'push', 'pull', 'pull_with_filter', 'pull_all', 'pop', 'add_to_set'],
  ...['update_by_index', 'sort_asc', 'sort_desc', 'skip', 'limit', 'count', 'output', 'group_by'],
  ...['constructor', 'prototype'],
])
