/**
 * Proves that an app built on the official SDK works with nothing changed but its endpoints: two users go through every module that speaks
 * REST against a running server, by the calls of the SDK alone.
 */
import { Buffer } from 'node:buffer'
import test, { type ExecutionContext } from 'ava'
import sdk from 'connectycube'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { ADMIN, send } from '../support/connectycube.ts'

/* eslint-disable @typescript-eslint/no-deprecated, @typescript-eslint/no-unsafe-enum-assignment -- apps use what the SDK calls deprecated, and its names of dialog types are swapped (connectycube 8.1) */
// Its types say that there is a CommonJS module, but Node takes the other one.
const ConnectyCube = sdk as unknown as typeof sdk.default

let server: RunningServer | undefined
const url = (): string => server?.url ?? ''

test.before(async () => {
  server = await startServer()
  const host = new URL(url()).host
  ConnectyCube.init(
    { appId: 1, authKey: 'dev-auth-key' },
    {
      endpoints: { api: host, api_url: url(), chat: '127.0.0.1', chat_url: `ws://${host}/xmpp` },
      debug: { mode: 0 },
    },
  )
})
test.after.always(() => cleanUp(server))

/** Whatever type the SDK says that it has. */
const same = (t: ExecutionContext, actual: unknown, expected: unknown): void => {
  t.deepEqual(actual, expected)
}

const PASSWORD = 'blue-whale-7'
const ids = { mira: 0, otto: 0 }
const as = async (login: string): Promise<void> => {
  await ConnectyCube.createSession({ login, password: PASSWORD })
}

test.serial('sign-up with and without a session, log in and out, look for users', async (t) => {
  const { user: mira } = await ConnectyCube.users.signup({
    login: 'mira',
    password: PASSWORD,
    full_name: 'Mira Sand',
    email: 'mira@example.org',
    phone: '491701234567',
  })
  ids.mira = mira.id
  await ConnectyCube.createSession()
  ids.otto = (
    await ConnectyCube.users.signup({ login: 'otto', password: PASSWORD, full_name: 'Otto' })
  ).user.id
  const logged = await ConnectyCube.login({ login: 'mira', password: PASSWORD })
  t.is(logged.id, ids.mira)
  const error = await t.throwsAsync(
    Promise.resolve(ConnectyCube.login({ login: 'mira', password: 'wrong-word-1' })).catch(
      (reason: unknown) => {
        throw new Error(JSON.stringify(reason))
      },
    ),
  )
  t.regex(error.message, /"code":401.*Unauthorized/)
  await ConnectyCube.logout()
  await as('mira')
  const found = await ConnectyCube.users.getV2({
    id: { in: [ids.mira, ids.otto] },
    limit: 1,
    sort_desc: 'id',
  })
  t.like(found, { limit: 1, skip: 0, total_entries: 2, items: [{ id: ids.otto }] })
  const old = await ConnectyCube.users.get({
    filter: { field: 'id', param: 'in', value: [ids.mira, ids.otto] },
  })
  t.is('items' in old ? old.items.length : 0, 2)
  const { user } = await ConnectyCube.users.update({ full_name: 'Mira S.', tag_list: ['beta', 'team'] })
  t.like(user, { full_name: 'Mira S.', user_tags: 'beta,team' })
  await ConnectyCube.users.resetPassword('nobody@example.org')
})

test.serial('the address book', async (t) => {
  await as('otto')
  const uploaded = await ConnectyCube.addressbook.uploadAddressBook([
    { name: 'Mira', phone: '+49 170 1234567' },
    { name: 'X', phone: '12' },
  ])
  t.like(uploaded, { created: 1, deleted: 0, updated: 0 })
  t.deepEqual(Object.keys(uploaded.rejected), ['1'])
  same(t, await ConnectyCube.addressbook.get(), [{ name: 'Mira', phone: '491701234567' }])
  const { items } = await ConnectyCube.addressbook.getRegisteredUsers({ compact: 1 })
  same(t, items, [{ user: { id: ids.mira, phone: '491701234567', address_book_name: 'Mira' } }])
})

test.serial('custom data', async (t) => {
  const made = await send('POST', `${url()}/admin/data/classes`, {
    headers: ADMIN,
    json: { class_name: 'profile', fields: { nick: 'String', age: 'Integer', tags: 'String[]' } },
  })
  t.is(made.status, 201)
  await as('mira')
  const record = await ConnectyCube.data.create('profile', { nick: 'mi', age: 41, tags: ['a'] })
  const { items } = await ConnectyCube.data.list('profile', {
    limit: 10,
    ...{ age: { gt: 28 }, nick: { ctn: 'mi' } },
  })
  t.like(items[0], { _id: record._id, nick: 'mi', age: 41 })
  const changed = await ConnectyCube.data.update('profile', {
    id: record._id,
    inc: { age: 1 },
    push: { tags: ['b', 'c'] },
    pull: { tags: 'a' },
  })
  t.like(changed, { age: 42, tags: ['b', 'c'] })
  const { permissions } = await ConnectyCube.data.readPermissions('profile', record._id)
  t.like(permissions, { read: { access: 'open' } })
  same(t, await ConnectyCube.data.delete('profile', { age: { gte: 41 }, nick: { in: ['mi', 'mo'] } }), {
    total_deleted: 1,
  })
})

test.serial('dialogs and messages', async (t) => {
  await as('mira')
  const dialog = await ConnectyCube.chat.dialog.create({
    type: 2,
    name: 'Harbour',
    occupants_ids: [ids.otto],
  })
  t.deepEqual([...dialog.occupants_ids].sort(), [ids.mira, ids.otto].sort())
  const message = await ConnectyCube.chat.message.create({
    chat_dialog_id: dialog._id,
    message: 'anchor up',
    attachments: [{ type: 'image', uid: '0a1b', id: '1' }],
    mood: 'fine',
  })
  t.like(message, { message: 'anchor up', sender_id: ids.mira, mood: 'fine', read: 0 })
  await as('otto')
  const { items } = await ConnectyCube.chat.dialog.list()
  t.like(items[0], { _id: dialog._id, unread_messages_count: 1, last_message: 'anchor up' })
  const unread = await ConnectyCube.chat.message.unreadCount({ chat_dialog_ids: [dialog._id] })
  same(t, unread, { total: 1, [dialog._id]: 1 })
  const page = await ConnectyCube.chat.message.list({ chat_dialog_id: dialog._id, mark_as_read: 0 })
  t.is(page.items.length, 1)
  await ConnectyCube.chat.message.update('', { read: 1, chat_dialog_id: dialog._id })
  t.like(await ConnectyCube.chat.message.unreadCount(), { total: 0 })
  await ConnectyCube.chat.message.addReaction(message._id, '👍')
  same(t, await ConnectyCube.chat.message.listReactions(message._id), { '👍': [ids.otto] })
  await ConnectyCube.chat.dialog.updateNotificationsSettings(dialog._id, false)
  t.like(await ConnectyCube.chat.dialog.getNotificationsSettings(dialog._id), {
    notifications: { enabled: 0 },
  })
  const direct = await ConnectyCube.chat.dialog.create({ type: 3, occupants_ids: [ids.mira] })
  t.like(direct, { type: 3, name: 'Mira S.', xmpp_room_jid: null })
  await as('mira')
  const again = await ConnectyCube.chat.dialog.create({ type: 3, occupants_ids: [ids.otto] })
  t.is(again._id, direct._id)
  const gone = await ConnectyCube.chat.message.delete(message._id, { force: 1 })
  t.regex(typeof gone === 'string' ? gone : JSON.stringify(gone), new RegExp(message._id))
  await ConnectyCube.chat.dialog.delete(dialog._id, { force: 1 })
})

test.serial('storage', async (t) => {
  await as('mira')
  const file = Buffer.from('five5')
  const blob = await ConnectyCube.storage.createAndUpload({
    name: 'map.png',
    type: 'image/png',
    size: file.length,
    file: file,
    public: false,
  })
  const response = await fetch(ConnectyCube.storage.privateUrl(blob.uid))
  t.is(await response.text(), 'five5')
  t.is(response.headers.get('content-type'), 'image/png')
  t.is((await fetch(ConnectyCube.storage.publicUrl(blob.uid))).status, 401)
  const info = await ConnectyCube.storage.getInfo(blob.id)
  t.like(info.blob, { name: 'map.png', size: 5 })
  await ConnectyCube.storage.delete(blob.id)
})

test.serial('pushes, meetings and whiteboards', async (t) => {
  await as('otto')
  await ConnectyCube.pushnotifications.subscriptions.create({
    notification_channel: 'gcm',
    device: { platform: 'android', udid: 'D-1' },
    push_token: { environment: 'development', client_identification_sequence: 'fcm-token' },
  })
  t.is((await ConnectyCube.pushnotifications.subscriptions.list()).length, 1)
  await as('mira')
  const [event] = await ConnectyCube.pushnotifications.events.create({
    notification_type: 'push',
    environment: 'development',
    user: { ids: [ids.otto] },
    message: ConnectyCube.pushnotifications.base64Encode(JSON.stringify({ message: 'hi' })),
  } as never)
  t.truthy(event)
  const meeting = await ConnectyCube.meeting.create({
    name: 'Sync',
    start_date: 1_767_258_000,
    end_date: 1_767_261_600,
    attendees: [{ id: ids.otto, email: 'otto@example.org' }],
    record: false,
    chat: true,
  })
  t.truthy(meeting.chat_dialog_id)
  const board = await ConnectyCube.whiteboard.create({
    name: 'Plan',
    chat_dialog_id: meeting.chat_dialog_id ?? '',
  })
  await ConnectyCube.whiteboard.delete(board._id)
  await ConnectyCube.meeting.delete(meeting._id)
})

test.serial('a user leaves for good', async (t) => {
  await as('otto')
  await ConnectyCube.users.delete()
  await as('mira')
  const { total_entries } = await ConnectyCube.users.getV2({ id: { in: [ids.otto] } })
  t.is(total_entries, 0)
  await ConnectyCube.destroySession()
})
