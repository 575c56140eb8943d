import type { JsonObject } from '../../json.ts'
import { isObject } from '../../json.ts'

/**
 * The entity as a client sees it, out of a document or a decider's state; secrets are already `***` or absent in both. What is left out
 * only documents and states have: subjects, viewers, a task's next deadline, a model's tables, name and result of a report's build, a row's
 * table.
 */
export const present = (
  store: string,
  { _s, _v, _due, _tables, _name, _result, ...entity }: JsonObject,
): JsonObject => {
  if (store !== 'tables/rows') return entity
  const { table: _table, ...row } = entity
  return row
}

/**
 * `changes` of an `-update` push (rightech 6.3): the top-level fields that the data of an `EntityChanged` touches, with the
 * values that `item`, the presented entity after it, has; a field that went is left out.
 */
export const changesOf = (data: JsonObject, item: JsonObject): JsonObject => {
  const sealed = isObject(data['sealed']) ? data['sealed'] : {}
  const paths = [data, sealed].flatMap((part) => [
    ...(isObject(part['set']) ? Object.keys(part['set']) : []),
    ...(Array.isArray(part['unset']) ? part['unset'].map(String) : []),
  ])
  const names = new Set(paths.map((path) => path.split('.')[0] ?? path))
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)))
}

/** An object's own stream does not say its state, which its packets make (rightech 3.3): it comes from the document. */
export const withStateOf = (
  store: string,
  entity: JsonObject,
  document: JsonObject | undefined,
): JsonObject => {
  const state = store === 'objects' ? document?.['state'] : undefined
  return state === undefined ? entity : { ...entity, state }
}
