import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { isList, isObject, type Json, type JsonObject } from '../../json.ts'
import { CONNECTYCUBE_MESSAGE_BYTES_MAX } from '../../limits.ts'
import { rejection, type Rejection } from '../rejection.ts'
import type { SendMessage } from './dialog.ts'
import { RULES } from './rules.ts'

export type Content = SendMessage['content']

/**
 * What somebody says (connectycube 8.5, 8.6): a text, attachments as a list or as an object with numbers for keys, and whatever else he sends
 * under a name that is not ours.
 */
export const readContent = (body: JsonObject): Either<Rejection, Content> => {
  const text = readText(body['message'])
  const attachments = readAttachments(body['attachments'])
  if (E.isLeft(text)) return text
  if (attachments === undefined) return E.left(invalid('attachments'))
  const params = Object.fromEntries(Object.entries(body).filter(([name]) => !RESERVED.has(name)))
  return bounded({
    ...(text.right === undefined ? {} : { text: text.right }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(Object.keys(params).length === 0 ? {} : { params }),
  })
}

/** `undefined`: none. */
export const readText = (value: Json | undefined): Either<Rejection, string | undefined> => {
  if (value === undefined || value === null) return E.right(undefined)
  return typeof value === 'object' ? E.left(invalid('message')) : bounded(String(value))
}

/** Of the message itself (8.5), of its sending (8.6), and of the request. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['_id', 'id', 'chat_dialog_id', 'message', 'attachments', 'sender_id', 'recipient_id', 'date_sent'],
  ...['created_at', 'updated_at', 'edited_at', 'read_ids', 'delivered_ids', 'reactions', 'views_count'],
  ...['read', 'deleted_for_ids', 'send_to_chat', 'markable', 'silent', 'token'],
  // Names that are none in JavaScript.
  ...['__proto__', 'constructor', 'prototype'],
])

const invalid = (field: string): Rejection =>
  rejection('Unprocessable', 'message', { fields: { [field]: [RULES.invalid] } })

const bounded = <T extends Content | string>(content: T): Either<Rejection, T> =>
  Buffer.byteLength(JSON.stringify(content)) > CONNECTYCUBE_MESSAGE_BYTES_MAX
    ? E.left(rejection('TooLarge', 'message_too_large'))
    : E.right(content)

/** `undefined` if it is neither form; in a form, nothing is an empty text. */
const readAttachments = (value: Json | undefined): readonly JsonObject[] | undefined => {
  if (value === undefined || value === null || value === '') return []
  const items = isList(value) ? value : isObject(value) ? inKeyOrder(value) : undefined
  return items?.every(isObject) === true ? items : undefined
}

const inKeyOrder = (items: JsonObject): readonly Json[] | undefined =>
  Object.keys(items).every((key) => /^\d{1,9}$/.test(key))
    ? Object.entries(items)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, item]) => item)
    : undefined
