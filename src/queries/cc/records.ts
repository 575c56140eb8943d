import * as t from 'io-ts'
import type { Document, Filter, FindOptions } from '../../documents/port.ts'
import { recordSet, type DataClass } from '../../domain/cc/class.ts'
import { JsonValue, nullable } from '../../domain/cc/codec.ts'
import { StoredFile } from '../../domain/cc/field-types.ts'
import {
  classRule,
  keysOf,
  allows,
  RecordPermissions,
  type RecordAction,
  type Who,
} from '../../domain/cc/permissions.ts'
import { withFields, type DataRecord } from '../../domain/cc/record.ts'
import { CC_PARENTS_AT_ONCE } from '../../limits.ts'
import type { Reader } from '../reader.ts'

/** Those that match, page by page. */
export async function* recordsWhere(
  reader: Pick<Reader, 'find'>,
  filter: Filter,
  options: FindOptions = {},
): AsyncGenerator<DataRecord> {
  for await (const page of reader.find(RECORDS, filter, options))
    for (const document of page) {
      const record = recordOf(document)
      if (record !== undefined) yield record
    }
}

export const countRecords = (reader: Pick<Reader, 'count'>, filter: Filter): Promise<number> =>
  reader.count(RECORDS, filter)

/** Records of a class as it is now. */
export const inClass = ({ app, name, generation }: DataClass): Filter => ({
  set: recordSet(app, name, generation),
})

/**
 * The records that somebody may read, update or delete, as a condition: so pages, totals and orders are those of what he may see
 * (connectycube 6.4). `undefined`: none at all.
 */
export const permitted = (of: DataClass, action: RecordAction, who: Who): Filter | undefined => {
  if (who.isAdmin) return {}
  const rule = classRule(of, action)
  if (rule === undefined) return { [`may.${action}`]: { $in: [...keysOf(who)] } }
  if (rule.access === 'not_allowed') return undefined
  return allows(rule, who, NOBODY) ? {} : { user: who.user }
}

/** Those of the class among the ids. */
export const findRecords = async (
  reader: Pick<Reader, 'find'>,
  of: DataClass,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DataRecord>> => {
  const found = new Map<string, DataRecord>()
  if (ids.length === 0) return found
  const filter = { _id: { $in: [...ids] }, ...inClass(of) }
  for await (const record of recordsWhere(reader, filter)) found.set(record.id, record)
  return found
}

/** `undefined` for a document of another shape: none of ours. */
const recordOf = (document: Document): DataRecord | undefined => {
  if (!RecordDocument.is(document)) return undefined
  const {
    _id,
    app,
    class: name,
    generation,
    user,
    parent,
    created,
    updated,
    f,
    files,
    permissions,
  } = document
  return {
    ...{ id: _id, app, class: name, generation, owner: user, parent, permissions },
    ...{ createdAt: created, updatedAt: updated, fields: f, files: withFields({}, files) },
  }
}

/** Where a record's stream is. */
export type Located = {
  readonly id: string
  readonly class: string
  readonly owner: number
  readonly set: string
  readonly files: readonly StoredFile[]
}

/** Of these, whose children there are any. */
export const parentsAmong = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> => {
  const parents = new Set<string>()
  for (const some of chunks(ids)) {
    const filter = { app, parent: { $in: some } }
    for await (const page of reader.find(RECORDS, filter, { fields: ['parent'] }))
      for (const parent of textsIn(page)) parents.add(parent)
  }
  return parents
}

/** What hangs on these, in whatever class. */
export const childrenOf = async (
  reader: Pick<Reader, 'find'>,
  app: number,
  ids: readonly string[],
): Promise<readonly Located[]> => {
  const all: Located[] = []
  for (const some of chunks(ids)) all.push(...(await locate(reader, { app, parent: { $in: some } })))
  return all
}

/** All that match, each by where it is: the ids of a whole class fit into memory, its fields need not. */
export const locate = async (reader: Pick<Reader, 'find'>, filter: Filter): Promise<readonly Located[]> => {
  const all: Located[] = []
  for await (const page of reader.find(RECORDS, filter, { fields: PLACE }))
    all.push(...page.flatMap((document) => locatedOf(document) ?? []))
  return all
}

const RECORDS = 'cc_records'
const NOBODY = -1
const PLACE = ['class', 'user', 'set', 'files']

const RecordDocument = t.readonly(
  t.type({
    _id: t.string,
    app: t.number,
    class: t.string,
    generation: t.number,
    user: t.number,
    parent: nullable(t.string),
    created: t.number,
    updated: t.number,
    f: t.record(t.string, JsonValue),
    files: t.record(t.string, nullable(StoredFile)),
    permissions: RecordPermissions,
  }),
)

const locatedOf = ({ _id, class: name, user, set, files }: Document): Located | undefined =>
  typeof name === 'string' && typeof user === 'number' && typeof set === 'string'
    ? { id: _id, class: name, owner: user, set, files: Object.values(files ?? {}).filter(StoredFile.is) }
    : undefined

const textsIn = (page: readonly Document[]): readonly string[] =>
  page.flatMap(({ parent }) => (typeof parent === 'string' ? [parent] : []))

const chunks = (ids: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(ids.length / CC_PARENTS_AT_ONCE) }, (_, index) =>
    ids.slice(index * CC_PARENTS_AT_ONCE, (index + 1) * CC_PARENTS_AT_ONCE),
  )
