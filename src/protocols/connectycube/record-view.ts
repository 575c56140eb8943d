import type { DataClass } from '../../domain/cc/class.ts'
import { own } from '../../domain/cc/field-types.ts'
import type { DataRecord } from '../../domain/cc/record.ts'
import type { Json, JsonObject } from '../../json.ts'
import { showValue } from './field-values.ts'
import { seconds } from './params.ts'
import { showRules } from './record-rules.ts'

/** A record as it is shown (connectycube 6.1): every field of its class, null where there is none; lists leave the permissions out. */
export const recordView = (of: DataClass, record: DataRecord): JsonObject => ({
  _id: record.id,
  _parent_id: record.parent,
  created_at: seconds(record.createdAt),
  updated_at: seconds(record.updatedAt),
  user_id: record.owner,
  ...Object.fromEntries(namesOf(of, record).map((name) => [name, fieldView(of, record, name)])),
})

export const wholeView = (of: DataClass, record: DataRecord): JsonObject => ({
  ...recordView(of, record),
  permissions: showRules(record.permissions),
})

/** The file of a field as it is shown. */
export const fileView = (record: DataRecord, field: string): JsonObject | null => {
  const file = own(record.files, field)
  if (file === undefined) return null
  const { name, size, content_type, file_id } = file
  return { name, size, content_type, file_id }
}

/** Those of the class first, in its order. */
const namesOf = ({ fields, schemaless }: DataClass, record: DataRecord): readonly string[] => [
  ...new Set([...Object.keys(fields), ...(schemaless ? Object.keys(record.fields) : [])]),
]

const fieldView = ({ fields }: DataClass, record: DataRecord, name: string): Json => {
  const type = own(fields, name)
  return type === 'File' ? fileView(record, name) : showValue(type, own(record.fields, name) ?? null)
}
