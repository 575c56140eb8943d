import * as t from 'io-ts'
import { isClassName, FieldTypeCodec } from '../../domain/cc/field-types.ts'
import type { DataClass } from '../../domain/cc/class.ts'
import { ActionCodec, ClassPermissions } from '../../domain/cc/permissions.ts'
import type { Document } from '../../documents/port.ts'
import type { Reader } from '../reader.ts'

/** A class by its name; `undefined` if the application has none of it (connectycube 6.1). */
export const findClass = async (
  reader: Pick<Reader, 'get'>,
  app: number,
  name: string,
): Promise<DataClass | undefined> => {
  const found = isClassName(name) ? (await reader.get(CLASSES, `${app}-${name}`))?.value : undefined
  return found === undefined ? undefined : classOf(found)
}

/** All of an application, by name. */
export const classesOf = async (reader: Pick<Reader, 'find'>, app: number): Promise<readonly DataClass[]> => {
  const all: DataClass[] = []
  for await (const page of reader.find(CLASSES, { app }))
    all.push(...page.flatMap((document) => classOf(document) ?? []))
  return all
}

const CLASSES = 'cc_classes'

const classOf = (document: Document): DataClass | undefined => {
  if (!ClassDocument.is(document)) return undefined
  const { app, name, generation, fields, permissions, useClassPermissions, schemaless } = document
  return { app, name, generation, fields, permissions, useClassPermissions, schemaless }
}

const ClassDocument = t.readonly(
  t.type({
    app: t.number,
    name: t.string,
    generation: t.number,
    fields: t.record(t.string, FieldTypeCodec),
    permissions: ClassPermissions,
    useClassPermissions: t.readonlyArray(ActionCodec),
    schemaless: t.boolean,
  }),
)
