import * as E from 'fp-ts/lib/Either.js'
import { changeWhiteboard, createWhiteboard } from '../../commands/cc/whiteboards.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { dialogFor } from '../../queries/cc/dialogs.ts'
import { findWhiteboard, whiteboardsOf, type WhiteboardDocument } from '../../queries/cc/meetings.ts'
import { empty, fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { text } from './params.ts'
import type { Services } from './services.ts'

type Serve = (services: Services, call: Call) => Promise<Answer>

const NAME_CHARACTERS_MAX = 255
/** Where several draw together (connectycube 10.2). */
const TYPES: readonly number[] = [DIALOG_TYPES.group, DIALOG_TYPES.private, DIALOG_TYPES.meeting]

const nameErrors = (name: string): { readonly name?: readonly string[] } => {
  if (name === '') return { name: [RULES.blank] }
  return name.length > NAME_CHARACTERS_MAX ? { name: [RULES.tooLong(NAME_CHARACTERS_MAX)] } : {}
}

const nameOf = ({ params }: Call): string => text(params['name'])?.trim() ?? ''
const dialogOf = ({ params }: Call): string => text(params['chat_dialog_id'])?.trim() ?? ''
const NO_DIALOG = { chat_dialog_id: [RULES.blank] }

const create: Serve = async (services, call) => {
  const { app, user } = call.caller
  const [name, dialog] = [nameOf(call), dialogOf(call)]
  const errors = { ...nameErrors(name), ...(dialog === '' ? NO_DIALOG : {}) }
  if (Object.keys(errors).length > 0) return fieldErrors(errors)
  const mine = await dialogFor(services.reader, app, dialog, user)
  if (E.isLeft(mine)) return render(mine.left)
  if (!TYPES.includes(mine.right.dialog.type)) return fieldErrors({ chat_dialog_id: [RULES.invalid] })
  const made = await createWhiteboard(services, { app, user }, { dialog, name })
  return E.isLeft(made) ? render(made.left) : shown(services, app, made.right, 201)
}

const list: Serve = async ({ reader }, call) => {
  const { app, user } = call.caller
  const dialog = dialogOf(call)
  if (dialog === '') return fieldErrors(NO_DIALOG)
  const mine = await dialogFor(reader, app, dialog, user)
  if (E.isLeft(mine)) return render(mine.left)
  return json(200, (await whiteboardsOf(reader, app, dialog)).map(view))
}

const rename: Serve = async (services, call) => {
  const name = nameOf(call)
  const errors = nameErrors(name)
  if (errors.name !== undefined) return fieldErrors({ name: errors.name })
  const id = call.path['id'] ?? ''
  const done = await changeWhiteboard(services, call.caller, id, { type: 'Rename', name })
  return E.isLeft(done) ? render(done.left) : shown(services, call.caller.app, id, 200)
}

const remove: Serve = async (services, { caller, path }) => {
  const done = await changeWhiteboard(services, caller, path['id'] ?? '', { type: 'Delete' })
  return E.isLeft(done) ? render(done.left) : empty()
}

const shown = async ({ reader }: Services, app: number, id: string, status: number): Promise<Answer> => {
  const whiteboard = await findWhiteboard(reader, app, id)
  return whiteboard === undefined ? notFound() : json(status, view(whiteboard))
}

/** Times with milliseconds, unlike everywhere else (connectycube 2.8). */
const view = ({ _id, name, dialog, user, createdAt, updatedAt }: WhiteboardDocument): JsonObject => ({
  ...{ _id, name, chat_dialog_id: dialog, user_id: user },
  created_at: new Date(createdAt).toISOString(),
  updated_at: new Date(updatedAt).toISOString(),
})

/** Connectycube 10.2. */
export const WHITEBOARD_ENDPOINTS: readonly Endpoint[] = [
  { method: 'POST', path: '/whiteboards', level: 'user', serve: create },
  { method: 'GET', path: '/whiteboards', level: 'user', serve: list },
  { method: 'PUT', path: '/whiteboards/:id', level: 'user', serve: rename },
  { method: 'DELETE', path: '/whiteboards/:id', level: 'user', serve: remove },
]
