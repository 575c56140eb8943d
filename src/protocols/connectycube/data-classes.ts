import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { createRecords } from '../../commands/cc/records.ts'
import type { DataClass, DefinitionChange } from '../../domain/cc/class.ts'
import { isClassName, isFieldName, isFieldType, type FieldType } from '../../domain/cc/field-types.ts'
import { ACTIONS, type Action } from '../../domain/cc/permissions.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { classesOf, findClass } from '../../queries/cc/classes.ts'
import { fieldErrors, json, RULES } from './answers.ts'
import { renderRecord, undefinedClass } from './data-acting.ts'
import type { Endpoint } from './endpoint.ts'
import { list, text, truthy } from './params.ts'
import { readRules, showRule } from './record-rules.ts'

const define: Endpoint['serve'] = async (services, { caller: { app }, body }) => {
  const name = text(body['class_name'])?.trim()
  if (name === undefined || name === '') return fieldErrors({ class_name: [RULES.blank] })
  if (!isClassName(name)) return fieldErrors({ class_name: [RULES.invalid] })
  const change = readDefinition(body)
  if (E.isLeft(change)) return change.left
  const defined = await createRecords(services).define(app, name, change.right)
  if (E.isLeft(defined)) return renderRecord(defined.left)
  const now = await findClass(services.reader, app, name)
  return now === undefined ? undefinedClass() : json(defined.right.isNew ? 201 : 200, classView(now))
}

const listAll: Endpoint['serve'] = async ({ reader }, { caller: { app } }) =>
  json(200, { items: (await classesOf(reader, app)).map(classView) })

const remove: Endpoint['serve'] = async (services, { caller: { app }, path }) => {
  const name = path['name'] ?? ''
  if ((await findClass(services.reader, app, name)) === undefined) return undefinedClass()
  const removed = await createRecords(services).removeClass(app, name)
  return E.isLeft(removed) ? renderRecord(removed.left) : json(200, {})
}

/** Classes of records (connectycube 12.2). */
export const CLASS_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/admin/data/classes', level: 'admin', serve: define },
  { method: 'GET', path: '/admin/data/classes', level: 'admin', serve: listAll },
  { method: 'DELETE', path: '/admin/data/classes/:name', level: 'admin', serve: remove },
]

const readDefinition = (body: JsonObject): Either<Answer, DefinitionChange> => {
  const fields = readFields(body['fields'])
  if (E.isLeft(fields)) return fields
  const permissions = readRules(body['permissions'], ACTIONS, true)
  if (E.isLeft(permissions)) return permissions
  const actions = list(body['use_class_permissions'])
  if (!actions.every(isAction)) return E.left(fieldErrors({ use_class_permissions: [RULES.invalid] }))
  return E.right({
    ...{ fields: fields.right, permissions: permissions.right },
    useClassPermissions: body['use_class_permissions'] === undefined ? undefined : [...new Set(actions)],
    schemaless: body['schemaless'] === undefined ? undefined : truthy(body['schemaless']),
  })
}

/** A class needs none: one without a schema has whatever comes. */
const readFields = (value: Json | undefined): Either<Answer, { readonly [name: string]: FieldType }> => {
  if (value === undefined || value === null) return E.right({})
  if (!isObject(value)) return E.left(fieldErrors({ fields: [RULES.invalid] }))
  const known: [string, FieldType][] = []
  const broken: string[] = []
  for (const [name, type] of Object.entries(value)) {
    if (isFieldName(name) && isFieldType(type)) known.push([name, type])
    else broken.push(name)
  }
  return broken.length === 0
    ? E.right(Object.fromEntries(known))
    : E.left(fieldErrors(Object.fromEntries(broken.map((name) => [name, [RULES.invalid]]))))
}

const isAction = (value: string): value is Action => (ACTIONS as readonly string[]).includes(value)

const classView = ({
  name,
  fields,
  permissions,
  useClassPermissions,
  schemaless,
}: DataClass): JsonObject => ({
  class_name: name,
  fields,
  permissions: Object.fromEntries(ACTIONS.map((action) => [action, showRule(permissions[action])])),
  use_class_permissions: useClassPermissions,
  schemaless,
})
