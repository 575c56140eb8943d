import * as E from 'fp-ts/lib/Either.js'
import { createDialogs } from '../../commands/cc/dialogs.ts'
import type { Details, UpdateDialog } from '../../domain/cc/dialog.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { equalJson, type Json, type JsonObject } from '../../json.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import type { DialogDocument } from '../../queries/cc/dialog-documents.ts'
import { dialogFor } from '../../queries/cc/dialogs.ts'
import { findMessages } from '../../queries/cc/messages.ts'
import { findUser } from '../../queries/cc/users.ts'
import { fieldErrors, RULES } from './answers.ts'
import { readChanges, type DialogChanges } from './dialog-input.ts'
import { dialogAnswer } from './dialog-view.ts'
import type { Call } from './endpoint.ts'
import { render } from './errors.ts'
import { integer } from './params.ts'
import type { Services } from './services.ts'

/** `PUT /chat/Dialog/{id}`: the dialog for all, and whether the caller hears of its messages (connectycube 8.4). */
export const updateDialog = (services: Services, call: Call): Promise<Answer> =>
  updated(services, call, (changes, dialog) => ({
    ...(changes.details === undefined ? {} : { details: differing(changes.details, dialog) }),
    ...(changes.allowPreview === undefined ? {} : { allowPreview: changes.allowPreview }),
    ...named('add', changes.push.occupants),
    ...named('remove', changes.pull.occupants),
    ...named('appoint', changes.push.admins),
    ...named('dismiss', changes.pull.admins),
    ...named('pin', changes.push.pinned),
    ...named('unpin', changes.pull.pinned),
  }))

/** Nothing but admins, whatever else is named. */
export const updateAdmins = (services: Services, call: Call): Promise<Answer> =>
  updated(services, { ...call, params: listsOf(call.params) }, (changes) => ({
    appoint: changes.push.admins ?? [],
    ...named('dismiss', changes.pull.admins),
  }))

const listsOf = ({ push_all = {}, pull_all = {} }: JsonObject): JsonObject => ({ push_all, pull_all })

type Change = Omit<UpdateDialog, 'type' | 'by'>

const named = <K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } =>
  value === undefined ? {} : ({ [name]: value } as { readonly [key in K]: V })

/** What is so already changes nothing, and needs its right all the same. */
const differing = (details: Details, dialog: DialogDocument): Details =>
  Object.fromEntries(
    (['name', 'description', 'photo', 'extensions'] as const).flatMap((name) =>
      details[name] === undefined || equalJson(details[name], dialog[name]) ? [] : [[name, details[name]]],
    ),
  )

const updated = async (
  services: Services,
  call: Call,
  changeOf: (changes: DialogChanges, dialog: DialogDocument) => Change,
): Promise<Answer> => {
  const { app, user } = call.caller
  const id = call.path['id'] ?? ''
  const mine = await dialogFor(services.reader, app, id, user)
  if (E.isLeft(mine)) return render(mine.left)
  const { dialog } = mine.right
  const { dialog_extension_fields: keys } = await settingsOf(services.reader, app)
  const changes = readChanges(call.params, keys, dialog.type)
  if (E.isLeft(changes)) return changes.left
  const change = changeOf(changes.right, dialog)
  const pins = await withPins(services, dialog, change)
  if (E.isLeft(pins)) return pins.left
  const { isMuted } = changes.right
  const whose = isMuted === undefined ? NOBODY : await mutedUser(services, call, change)
  if (E.isLeft(whose)) return whose.left
  const done = await executed(services, call, pins.right, { whose: whose.right, enabled: isMuted === false })
  return E.isLeft(done) ? render(done.left) : dialogAnswer(services, call, id)
}

type Notifications = { readonly whose: number | undefined; readonly enabled: boolean }

const executed = async (
  services: Services,
  { caller: { app, user }, path }: Call,
  change: Change,
  { whose, enabled }: Notifications,
): Promise<E.Either<Rejection, unknown>> => {
  const id = path['id'] ?? ''
  const dialogs = createDialogs(services)
  if (Object.keys(change).length > 0) {
    const done = await dialogs.update(app, id, { type: 'Update', by: user, ...change })
    if (E.isLeft(done)) return done
  }
  return whose === undefined ? NOBODY : dialogs.view(app, id, whose, { type: 'Notify', enabled })
}

const NOBODY = E.right(undefined)

/**
 * Whose notifications are switched, found before anything is changed: the caller's, or of the one whom the administrator names (connectycube
 * 12.1). Nobody's who is taken out by the same request.
 */
const mutedUser = async (
  { reader }: Services,
  { caller, path, params }: Call,
  { add, remove }: Change,
): Promise<E.Either<Answer, number | undefined>> => {
  const { app } = caller
  const named = caller.isAdmin ? await readUser(reader, app, params['user_id']) : E.right(caller.user)
  if (E.isLeft(named)) return named
  const user = named.right
  if (remove?.includes(user) === true) return NOBODY
  const his = await dialogFor(reader, app, path['id'] ?? '', user)
  return E.isRight(his) || add?.includes(user) === true ? named : E.left(render(his.left))
}

const readUser = async (
  reader: Services['reader'],
  app: number,
  value: Json | undefined,
): Promise<E.Either<Answer, number>> => {
  if (value === undefined) return E.left(fieldErrors({ user_id: [RULES.blank] }))
  const user = integer(value)
  return user !== undefined && (await findUser(reader, app, user)) !== undefined
    ? E.right(user)
    : E.left(fieldErrors({ user_id: [RULES.invalid] }))
}

/** Only messages that are there can be pinned; those that have been deleted since are pinned no more. */
const withPins = async (
  { reader, engine, newId, now }: Services,
  { _id, app }: DialogDocument,
  change: Change,
): Promise<E.Either<Answer, Change>> => {
  const { pin, unpin } = change
  if (pin === undefined && unpin === undefined) return E.right(change)
  const { pinned } = await createDialogs({ engine, reader, newId, now }).load(app, _id)
  const found = await findMessages(reader, app, [...pinned, ...(pin ?? [])])
  const isThere = (message: string): boolean => found.get(message)?.dialog === _id
  if (pin?.every(isThere) === false) return E.left(fieldErrors({ pinned_messages_ids: [RULES.invalid] }))
  const gone = pinned.filter((message) => !isThere(message))
  return E.right({ ...change, unpin: [...(unpin ?? []), ...gone] })
}
