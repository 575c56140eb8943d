import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { NewBlob } from '../../commands/cc/blobs.ts'
import type { BlobChange } from '../../domain/cc/blob.ts'
import type { Answer } from '../../http/protocol.ts'
import { isObject, type JsonObject } from '../../json.ts'
import { fieldErrors, RULES } from './answers.ts'
import { text, truthy } from './params.ts'

/** Both first ones are required (connectycube 7.2). */
export const readBlob = (fields: JsonObject): Either<Answer, NewBlob> => {
  const name = text(fields['name']) ?? ''
  const contentType = text(fields['content_type'])?.trim() ?? ''
  const errors = errorsOf({ name, contentType })
  return Object.keys(errors).length > 0
    ? E.left(fieldErrors(errors))
    : E.right({ name, contentType, public: truthy(fields['public']) })
}

export const readBlobChange = (
  fields: JsonObject,
): Either<Answer, Pick<BlobChange, 'name' | 'contentType'>> => {
  const { name, content_type: type } = fields
  const change = {
    ...(name === undefined ? {} : { name: text(name) ?? '' }),
    ...(type === undefined ? {} : { contentType: text(type)?.trim() ?? '' }),
  }
  const errors = errorsOf(change)
  return Object.keys(errors).length > 0 ? E.left(fieldErrors(errors)) : E.right(change)
}

/** They stand below `blob`; where nothing does, beside it. */
export const fieldsIn = (params: JsonObject): JsonObject => {
  const { blob } = params
  return isObject(blob) ? blob : params
}

const errorsOf = ({
  name,
  contentType,
}: Pick<BlobChange, 'name' | 'contentType'>): { readonly [field: string]: readonly string[] } => ({
  ...(name === undefined ? {} : broken('name', nameRule(name))),
  ...(contentType === undefined ? {} : broken('content_type', typeRule(contentType))),
})

const broken = (field: string, rule: string | undefined) => (rule === undefined ? {} : { [field]: [rule] })

const nameRule = (name: string): string | undefined => {
  if (name.trim() === '') return RULES.blank
  return Array.from(name).length > NAME_CHARACTERS_MAX ? RULES.tooLong(NAME_CHARACTERS_MAX) : undefined
}

const typeRule = (type: string): string | undefined => {
  if (type.trim() === '') return RULES.blank
  return type.length <= TYPE_CHARACTERS_MAX && MIME.test(type) ? undefined : RULES.invalid
}

const NAME_CHARACTERS_MAX = 100
const TYPE_CHARACTERS_MAX = 255
/** RFC 9110 8.3.1. */
const MIME =
  /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+(?:[ \t]*;[ \t]*[\w!#$%&'*+.^`|~-]+=(?:[\w!#$%&'*+.^`|~-]+|"[ !#-[\]-~]*"))*$/
