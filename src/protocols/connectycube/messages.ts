import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Removed } from '../../commands/cc/message-removal.ts'
import { createMessages, type To } from '../../commands/cc/messages.ts'
import { readContent, readText } from '../../domain/cc/message-content.ts'
import type { Answer } from '../../http/protocol.ts'
import { isList, type Json, type JsonObject } from '../../json.ts'
import { CONNECTYCUBE_MESSAGES_AT_ONCE } from '../../limits.ts'
import { NO_MARKS, reactionsTo } from '../../queries/cc/messages.ts'
import { unreadCounts } from '../../queries/cc/unread.ts'
import { findUser } from '../../queries/cc/users.ts'
import { badRequest, empty, fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { listed } from './message-list.ts'
import { messageView } from './message-view.ts'
import { integer, list, text, truthy } from './params.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const sent: Serve = async (services, { caller: { app, user }, params }) => {
  const to = recipientOf(params)
  if (E.isLeft(to)) return to.left
  const content = readContent(params)
  if (E.isLeft(content)) return render(content.left)
  const message = await createMessages(services).send(app, user, to.right, {
    content: content.right,
    sendToChat: truthy(params['send_to_chat']),
    silent: truthy(params['silent']),
  })
  return E.isLeft(message) ? render(message.left) : json(201, messageView(message.right, NO_MARKS, user))
}

const dialogIn = (params: JsonObject): string => text(params['chat_dialog_id'])?.trim() ?? ''

const recipientOf = (params: JsonObject): Either<Answer, To> => {
  const dialog = dialogIn(params)
  if (dialog !== '') return E.right({ dialog })
  const given = text(params['recipient_id'])?.trim() ?? ''
  if (given === '') return E.left(NO_DIALOG)
  const recipient = integer(given)
  return recipient === undefined
    ? E.left(fieldErrors({ recipient_id: [RULES.invalid] }))
    : E.right({ recipient })
}

const NO_DIALOG = fieldErrors({ chat_dialog_id: [RULES.blank] })

/** The total is of all his dialogs, whichever are asked about. */
const unread: Serve = async ({ reader }, { caller: { app, user }, params }) => {
  const asked = [...list(params['chat_dialog_ids']), ...list(params['dialogs_ids'])]
  const { total, byDialog } = await unreadCounts(reader, app, user)
  const shown = asked.flatMap((id): readonly (readonly [string, number])[] => {
    const count = byDialog.get(id)
    return count === undefined ? [] : [[id, count]]
  })
  return json(200, { total, ...Object.fromEntries(shown) })
}

const idsIn = (path: Call['path']): readonly string[] => list(path['ids'])

const changed: Serve = async (services, { caller: { app, user }, path, params }) => {
  const ids = idsIn(path)
  if (ids.length > CONNECTYCUBE_MESSAGES_AT_ONCE) return badRequest()
  const content = readText(params['message'])
  if (E.isLeft(content)) return render(content.left)
  const dialog = dialogIn(params)
  const done = await createMessages(services).change(app, user, ids, {
    read: truthy(params['read']),
    delivered: truthy(params['delivered']),
    ...(dialog === '' ? {} : { dialog }),
    ...(content.right === undefined ? {} : { text: content.right }),
  })
  return E.isLeft(done) ? render(done.left) : empty()
}

const allMarked: Serve = async (services, { caller: { app, user }, params }) => {
  const dialog = dialogIn(params)
  if (dialog === '') return NO_DIALOG
  const marks = { read: truthy(params['read']), delivered: truthy(params['delivered']) }
  const done = await createMessages(services).markAll(app, user, dialog, marks)
  return E.isLeft(done) ? render(done.left) : empty()
}

const removed: Serve = async (services, { caller: { app, user }, path, params }) => {
  const ids = idsIn(path)
  if (ids.length > CONNECTYCUBE_MESSAGES_AT_ONCE) return badRequest()
  const done = await createMessages(services).remove(app, user, ids, truthy(params['force']))
  return E.isLeft(done) ? render(done.left) : json(200, bucketsOf(done.right))
}

const bucketsOf = ({ removed: done, forbidden, missing }: Removed): JsonObject => ({
  SuccessfullyDeleted: { ids: done },
  WrongPermissions: { ids: forbidden },
  NotFound: { ids: missing },
})

/** A signal: nothing of it is kept. */
const signalled: Serve = async ({ reader, newId }, { caller: { app }, body, params, now }) => {
  const recipient = integer(params['recipientId'])
  if (recipient === undefined) {
    const isGiven = (text(params['recipientId']) ?? '') !== ''
    return fieldErrors({ recipientId: [isGiven ? RULES.invalid : RULES.blank] })
  }
  if ((await findUser(reader, app, recipient)) === undefined) return notFound()
  const { recipientId: _, ...extensionParams } = body
  return json(201, { messageId: newId(now), recipientId: recipient, extensionParams })
}

const reacted: Serve = async (services, { caller: { app, user }, path, params }) => {
  const add = kindsIn(params['add'])
  const remove = kindsIn(params['remove'])
  if (add.length + remove.length === 0) return fieldErrors({ add: [RULES.blank] })
  const done = await createMessages(services).react(app, user, path['id'] ?? '', { add, remove })
  return E.isLeft(done) ? render(done.left) : empty()
}

/** A kind may have a comma: only what came as a list is one. */
const kindsIn = (value: Json | undefined): readonly string[] =>
  (isList(value) ? value : [value]).flatMap((item) => {
    const kind = text(item)
    return kind === undefined || kind === '' ? [] : [kind]
  })

const reactions: Serve = async (services, { caller: { app, user }, path }) => {
  const message = await createMessages(services).find(app, user, path['id'] ?? '')
  return E.isLeft(message) ? render(message.left) : json(200, Object.fromEntries(reactionsTo(message.right)))
}

/** Connectycube 8.6, but for the search. */
export const MESSAGE_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/chat/message', level: 'user', serve: sent },
  { method: 'GET', path: '/chat/message', level: 'user', serve: listed },
  { method: 'PUT', path: '/chat/message', level: 'user', serve: allMarked },
  { method: 'GET', path: '/chat/message/unread', level: 'user', serve: unread },
  { method: 'POST', path: '/chat/message/system', level: 'user', serve: signalled },
  { method: 'PUT', path: '/chat/message/:ids', level: 'user', serve: changed },
  { method: 'DELETE', path: '/chat/message/:ids', level: 'user', serve: removed },
  { method: 'PUT', path: '/chat/message/:id/reactions', level: 'user', serve: reacted },
  { method: 'GET', path: '/chat/message/:id/reactions', level: 'user', serve: reactions },
]
