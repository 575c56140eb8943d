/**
 * Proves connectycube 8.1 to 8.4 on the real server over HTTP: the dialog object of E12 to the letter, every call with its statuses and bodies,
 * what each viewer sees of the last message and of what is unread, and that a pair has one private dialog however many ask at once.
 */
import test from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import { ADMIN, send as sendTo, textAt, type Reply } from '../support/connectycube.ts'
import {
  idOf,
  items,
  NO_RIGHT,
  NOT_FOUND,
  object,
  refused,
  signedIn,
} from '../support/connectycube-replies.ts'
import { cleanUp, freshDirectory, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
const [ids, tokens] = [new Map<string, number>(), new Map<string, string>()]
const NAMES = ['mira', 'otto', 'anna', 'eve']
const send = (method: string, path: string, sent: Parameters<typeof sendTo>[2] = {}): Promise<Reply> =>
  sendTo(method, `${server.url}${path}`, sent)

const as =
  (name: string) =>
  (method: string, path: string, json?: Json): Promise<Reply> =>
    send(method, `/chat${path}`, {
      token: tokens.get(name) ?? '',
      ...(json === undefined ? {} : { json }),
    })
const [mira, otto, anna, eve] = [as('mira'), as('otto'), as('anna'), as('eve')]
const id = (name: string): number => ids.get(name) ?? 0

const signIn = async (name: string): Promise<void> => {
  const user = await signedIn(server.url, name)
  tokens.set(name, user.token)
  ids.set(name, user.id)
}

test.before(async () => {
  server = await startServer({ env: { DATA_DIR: await freshDirectory() } })
  for (const name of NAMES) await signIn(name)
  await send('PUT', '/admin/application/settings', {
    headers: ADMIN,
    json: { dialog_extension_fields: ['topic', 'colour'] },
  })
})
test.after.always(() => cleanUp(server))

const group = async (names: readonly string[], more: JsonObject = {}): Promise<string> =>
  idOf(await mira('POST', '/Dialog.json', { type: 2, name: 'Team', occupants_ids: names.map(id), ...more }))
const write = async (by: typeof mira, dialog: string, message: string): Promise<string> =>
  idOf(await by('POST', '/Message', { chat_dialog_id: dialog, message }))
const shown = async (by: typeof mira, dialog: string): Promise<JsonObject> =>
  object(await by('GET', `/Dialog/${dialog}`))

test('E12: a new group, to the letter', async (t) => {
  const reply = await mira('POST', '/Dialog.json', {
    type: 2,
    name: 'Harbour',
    occupants_ids: `${id('otto')}, ${id('mira')}`,
  })
  t.is(reply.status, 201)
  const { _id: _, created_at, updated_at, ...rest } = object(reply)
  const dialog = idOf(reply)
  t.regex(dialog, /^[\da-f]{24}$/)
  t.regex(textAt(object(reply), 'created_at'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.is(updated_at, created_at)
  t.deepEqual(rest, {
    ...{ admins_ids: [], description: null, last_message: null, last_message_date_sent: null },
    ...{ last_message_id: null, last_message_user_id: null, last_message_status: null, name: 'Harbour' },
    ...{ occupants_ids: [id('mira'), id('otto')], photo: null, pinned_messages_ids: [], type: 2 },
    ...{ user_id: id('mira'), unread_messages_count: 0 },
    ...{ xmpp_room_jid: `1_${dialog}@muc.localhost`, extensions: null, permissions: null },
  })
  t.deepEqual((await otto('GET', `/dialog/${dialog}.json`)).body, reply.body)
})

test('what a new dialog needs, and who may look at it', async (t) => {
  refused(t, await mira('POST', '/Dialog', {}), 422, { type: ["can't be blank"] })
  refused(t, await mira('POST', '/Dialog', { type: 7 }), 422, { type: ['is invalid'] })
  refused(t, await mira('POST', '/Dialog', { type: 2 }), 422, {
    name: ["can't be blank"],
    occupants_ids: ["can't be blank"],
  })
  const unknown = { type: 2, name: 'x', occupants_ids: [id('otto'), 424242] }
  refused(t, await mira('POST', '/Dialog', unknown), 422, { occupants_ids: ['is invalid'] })
  refused(t, await mira('POST', '/Dialog', { type: 3, occupants_ids: [id('mira')] }), 422)
  refused(t, await mira('POST', '/Dialog', { type: 3, occupants_ids: [id('otto'), id('anna')] }), 422)
  const dialog = await group(['otto'])
  refused(t, await anna('GET', `/Dialog/${dialog}`), 403, NO_RIGHT)
  refused(t, await anna('GET', `/Dialog/${'f'.repeat(24)}`), 404, NOT_FOUND)
  t.false(items(await anna('GET', '/Dialog')).some(({ _id }) => _id === dialog))
})

test('a pair has one dialog: asked for at once, hidden and written to, deleted for all and made anew', async (t) => {
  const ask = (by: typeof mira, other: string) =>
    by('POST', '/Dialog', { type: 3, occupants_ids: [id(other)] })
  const made = await Promise.all([1, 2, 3, 4].flatMap(() => [ask(mira, 'anna'), ask(anna, 'mira')]))
  const [dialog = '', ...more] = [...new Set(made.map(idOf))]
  t.deepEqual([more, [...new Set(made.map(({ status }) => status))]], [[], [201]])
  const profile = { user: { full_name: 'Mira Sand' } }
  await send('PUT', `/users/${id('mira')}`, { token: tokens.get('mira') ?? '', json: profile })
  t.like(await shown(mira, dialog), { name: 'anna', xmpp_room_jid: null, type: 3, admins_ids: [] })
  t.like(await shown(anna, dialog), { name: 'Mira Sand' })
  t.is(items(await anna('GET', '/Dialog?name[ctn]=sand'))[0]?.['_id'], dialog)

  const isListed = async (): Promise<boolean> =>
    items(await anna('GET', '/Dialog')).some(({ _id }) => _id === dialog)
  t.is((await anna('DELETE', `/Dialog/${dialog}`)).text, '')
  t.false(await isListed())
  await write(mira, dialog, 'hello')
  t.true(await isListed(), 'with the next message')
  await anna('DELETE', `/Dialog/${dialog}`)
  t.is(idOf(await ask(anna, 'mira')), dialog, 'asked for again')
  t.true(await isListed())

  refused(t, await mira('PUT', `/Dialog/${dialog}`, { push_all: { occupants_ids: [id('eve')] } }), 422)
  refused(t, await mira('PUT', `/Dialog/${dialog}`, { description: 'x' }), 403, NO_RIGHT)
  const owner = (await shown(mira, dialog))['user_id'] === id('mira') ? mira : anna
  const other = owner === mira ? anna : mira
  refused(t, await other('DELETE', `/Dialog/${dialog}?force=1`), 403, NO_RIGHT)
  t.is((await owner('DELETE', `/Dialog/${dialog}`, { force: 1 })).status, 200)
  refused(t, await other('GET', `/Dialog/${dialog}`), 404)
  t.not(idOf(await ask(other, owner === mira ? 'mira' : 'anna')), dialog)
})

test('updates: texts, extensions, members, admins, pins; each with its right', async (t) => {
  const dialog = await group(['otto', 'anna'])
  const path = `/Dialog/${dialog}`
  const changed = await otto('PUT', path, { name: 'Crew', photo: 'p', extensions: { topic: 7, other: 'x' } })
  t.like(object(changed), { name: 'Crew', photo: 'p', extensions: { topic: '7' } })
  t.like(object(await otto('PUT', path, { extensions: null, photo: null })), {
    extensions: null,
    photo: null,
  })
  refused(t, await otto('PUT', path, { name: ' ' }), 422, { name: ["can't be blank"] })
  refused(t, await otto('PUT', path, { pull_all: { occupants_ids: [id('anna')] } }), 403, NO_RIGHT)
  refused(t, await otto('PUT', `${path}/admins`, { push_all: { admins_ids: [id('otto')] } }), 403, NO_RIGHT)
  refused(t, await otto('PUT', path, { push_all: { occupants_ids: [424242] } }), 422, {
    occupants_ids: ['is invalid'],
  })
  const added = await otto('PUT', path, { push_all: { occupants_ids: [id('eve')] } })
  t.deepEqual(
    object(added)['occupants_ids'],
    NAMES.map(id).sort((a, b) => a - b),
  )
  const admins = await mira('PUT', `${path}/admins.json`, { push_all: { admins_ids: String(id('otto')) } })
  t.deepEqual([admins.status, object(admins)['admins_ids']], [200, [id('otto')]])
  const removed = await otto('PUT', path, { pull_all: { occupants_ids: [id('eve')] } })
  t.deepEqual(object(removed)['occupants_ids'], [id('mira'), id('otto'), id('anna')])
  refused(t, await eve('PUT', path, { name: 'x' }), 403, NO_RIGHT)

  const message = await write(anna, dialog, 'pin me')
  refused(t, await anna('PUT', path, { push_all: { pinned_messages_ids: [message] } }), 403, NO_RIGHT)
  refused(t, await otto('PUT', path, { push_all: { pinned_messages_ids: ['f'.repeat(24)] } }), 422)
  const pinned = await otto('PUT', path, { push_all: { pinned_messages_ids: [message] } })
  t.deepEqual(object(pinned)['pinned_messages_ids'], [message])
  await otto('DELETE', `/Message/${message}`, { force: 1 })
  t.deepEqual((await shown(otto, dialog))['pinned_messages_ids'], [])

  t.like(object(await otto('PUT', path, { pull_all: { occupants_ids: [id('otto')] } })), { admins_ids: [] })
  refused(t, await otto('GET', path), 403)
})

test('public: by subscription, counted and not listed; broadcast: everybody reads, admins write', async (t) => {
  const open = await mira('POST', '/Dialog', { type: 4, name: 'Square', admins_ids: [id('otto')] })
  t.like(object(open), {
    occupants_ids: [],
    occupants_count: 2,
    unread_messages_count: null,
    admins_ids: [id('otto')],
  })
  const path = `/Dialog/${idOf(open)}`
  refused(t, await anna('GET', path), 403)
  t.like(object(await anna('POST', `${path}/subscribe.json`)), { occupants_count: 3 })
  t.like(object(await anna('POST', `${path}/subscribe`)), { occupants_count: 3 })
  t.deepEqual(
    items(await anna('GET', `${path}/occupants?limit=2&skip=1`)).map((one) => one['login']),
    ['otto', 'anna'],
  )
  t.true(items(await anna('GET', '/Dialog?type=4')).some(({ _id }) => _id === idOf(open)))
  t.deepEqual([(await anna('DELETE', `${path}/subscribe`)).text, (await otto('DELETE', path)).text], ['', ''])
  t.is(items(await otto('GET', '/Dialog?type=4')).length, 0)
  refused(t, await anna('DELETE', `${path}/subscribe`), 403)
  const looked = await group(['otto'], { permissions: { allow_preview: true } })
  t.deepEqual((await shown(otto, looked))['permissions'], { allow_preview: true })
  t.is((await anna('POST', `/Dialog/${looked}/subscribe`)).status, 200)
  refused(t, await anna('POST', `/Dialog/${await group(['otto'])}/subscribe`), 403, NO_RIGHT)

  const news = idOf(await mira('POST', '/Dialog', { type: 1, name: 'News' }))
  t.like(await shown(eve, news), { occupants_ids: [], unread_messages_count: null, name: 'News' })
  refused(t, await eve('POST', '/Message', { chat_dialog_id: news, message: 'x' }), 403)
  await write(mira, news, 'read all about it')
  t.like(await shown(mira, news), { last_message: 'read all about it', last_message_status: 'sent' })
  const listed = async (): Promise<boolean> =>
    items(await eve('GET', '/Dialog')).some(({ _id }) => _id === news)
  t.true(await listed())
  t.is((await eve('DELETE', `/Dialog/${news}`)).status, 200)
  t.false(await listed())
})

test('the last message and what is unread, as each of them sees it', async (t) => {
  const dialog = await group(['otto', 'anna'])
  const first = await write(mira, dialog, 'one')
  const last = await write(mira, dialog, 'two')
  t.like(await shown(mira, dialog), {
    ...{ last_message: 'two', last_message_id: last, last_message_user_id: id('mira') },
    ...{ last_message_status: 'sent', unread_messages_count: 0 },
  })
  t.like(await shown(otto, dialog), { unread_messages_count: 2, last_message_status: null })
  const mark = { chat_dialog_id: dialog, read: 1 }
  await otto('PUT', '/Message', mark)
  t.like(await shown(mira, dialog), { last_message_status: 'delivered' })
  t.like(await shown(otto, dialog), { unread_messages_count: 0 })
  await anna('PUT', `/Message/${last}`, mark)
  t.like(await shown(mira, dialog), { last_message_status: 'read' })
  t.like(await shown(anna, dialog), { unread_messages_count: 1 })
  await mira('PUT', `/Message/${last}`, { chat_dialog_id: dialog, message: 'three' })
  t.like(await shown(anna, dialog), { last_message: 'three', last_message_id: last })
  await otto('DELETE', `/Message/${last}`)
  t.like(await shown(otto, dialog), { last_message: 'one', last_message_id: first })
  await mira('DELETE', `/Message/${last}`, { force: 1 })
  t.like(await shown(anna, dialog), { last_message: 'one', unread_messages_count: 1 })

  t.is((await anna('DELETE', `/Dialog/clearHistory/${dialog}`)).text, '')
  t.like(await shown(anna, dialog), { last_message: null, last_message_id: null, unread_messages_count: 0 })
  t.like(await shown(mira, dialog), { last_message: 'one' })
  refused(t, await anna('DELETE', `/Dialog/clearHistory/${dialog}?force=1`), 403, NO_RIGHT)
  t.is((await mira('DELETE', `/Dialog/clearHistory/${dialog}?force=1`)).status, 200)
  t.like(await shown(mira, dialog), { last_message: null, last_message_date_sent: null })
  t.is((await otto('PUT', `/Dialog/${dialog}`, { push_all: { occupants_ids: [id('eve')] } })).status, 200)
  await write(mira, dialog, 'four')
  t.like(await shown(eve, dialog), { unread_messages_count: 1, last_message: 'four' })
})

test('notifications, leaving, and deletions of one and of several', async (t) => {
  const [first, second, third] = [await group(['otto']), await group(['otto']), await group(['anna'])]
  const path = `/Dialog/${first}`
  const off = { notifications: { enabled: 0 } }
  t.deepEqual((await otto('GET', `${path}/notifications`)).body, { notifications: { enabled: 1 } })
  t.deepEqual((await otto('PUT', `${path}/notifications`, { enabled: '0' })).body, off)
  t.deepEqual((await otto('GET', `${path}/notifications`)).body, off)
  await otto('PUT', path, { is_muted: false })
  await mira('PUT', path, { is_muted: true })
  t.deepEqual((await otto('GET', `${path}/notifications`)).body, { notifications: { enabled: 1 } })
  refused(t, await anna('GET', `${path}/notifications`), 403)
  refused(t, await otto('PUT', `${path}/notifications`, {}), 422)

  const unknown = 'f'.repeat(24)
  const several = await otto('DELETE', `/Dialog/${first},${third},%20${unknown}`)
  t.deepEqual(several.body, {
    SuccessfullyDeleted: { ids: [first] },
    WrongPermissions: { ids: [third] },
    NotFound: { ids: [unknown] },
  })
  t.deepEqual((await shown(mira, first))['occupants_ids'], [id('mira')])
  refused(t, await otto('DELETE', `/Dialog/${first}`), 403, NO_RIGHT)
  refused(t, await otto('DELETE', `/Dialog/${unknown}`), 404, NOT_FOUND)
  refused(t, await otto('DELETE', `/Dialog/${second}?force=1`), 403, NO_RIGHT)
  const forced = await send('DELETE', `/chat/Dialog/${second}.json`, {
    token: tokens.get('mira') ?? '',
    form: 'force=1',
  })
  t.deepEqual([forced.status, forced.text], [200, ''])
  refused(t, await otto('GET', `/Dialog/${second}`), 404)

  const all = items(await send('GET', `/admin/chat/list?_id[gte]=${first}`, { headers: ADMIN }))
  const seen = all.find(({ _id }) => _id === first) ?? {}
  t.like(seen, { is_e2ee: false, is_muted: false, deleted_ids: [], silent_ids: [id('mira')], name: 'Team' })
  const renamed = await send('PUT', `/admin/chat/${first}`, {
    headers: ADMIN,
    json: { name: 'Ours', user_id: id('mira'), is_muted: false },
  })
  t.like(object(renamed), { name: 'Ours' })
  t.deepEqual((await mira('GET', `${path}/notifications`)).body, { notifications: { enabled: 1 } })
})

test('lists: filters, orders, pages and counts', async (t) => {
  await signIn('list')
  const me = as('list')
  const make = async (name: string, extensions: JsonObject = {}): Promise<string> =>
    idOf(await me('POST', '/Dialog', { type: 2, name, occupants_ids: [id('eve')], extensions }))
  const [a, b, c] = [
    await make('Alpha', { topic: 'x' }),
    await make('beta'),
    await make('Gamma', { topic: 'y' }),
  ]
  await write(eve, a, 'newest')
  const found = async (query: string) =>
    items(await me('GET', `/Dialog.json?type=2&${query}`)).map(({ name }) => name)
  t.deepEqual((await found(''))[0], 'Alpha', 'with a message first')
  t.deepEqual(await found('sort_asc=_id'), ['Alpha', 'beta', 'Gamma'])
  t.deepEqual(await found('sort_desc=name'), ['beta', 'Gamma', 'Alpha'])
  t.deepEqual(await found('name[ctn]=ET'), ['beta'])
  t.deepEqual(await found(`_id[in]=${a},${c}&sort_asc=_id`), ['Alpha', 'Gamma'])
  // As the SDK does behind another nested parameter.
  t.deepEqual(await found(`created_at[gt]=1&_id=${a},${c}&sort_asc=_id`), ['Alpha', 'Gamma'])
  t.deepEqual(await found('extensions[topic]=y'), ['Gamma'])
  t.deepEqual(await found('extensions[unknown]=y&sort_asc=_id&limit=1&skip=1'), ['beta'])
  t.deepEqual(await found('last_message_date_sent[gt]=1'), ['Alpha'])
  t.deepEqual(await found(`occupants_ids[all]=${id('eve')},${id('list')}&limit=1&sort_asc=_id`), ['Alpha'])
  t.deepEqual(await found(`occupants_ids[in]=${id('otto')}`), [])
  t.deepEqual((await me('GET', '/Dialog?count=1&type=2&name[ne]=beta')).body, { items: { count: 2 } })
  t.deepEqual((await me('GET', '/Dialog?count=1&type=2')).body, { items: { count: 3 } })
  const page = object(await me('GET', '/Dialog?type=2&limit=2&skip=2&sort_asc=created_at'))
  t.like(page, { total_entries: 3, skip: 2, limit: 2 })
  refused(t, await me('GET', '/Dialog?type[near]=1'), 422)
  const updated = textAt(await shown(me, b), 'updated_at')
  t.deepEqual(await found(`updated_at[gt]=${updated}&_id=${b}`), [])
  t.deepEqual(await found(`updated_at[gte]=${updated}&_id=${b}`), ['beta'])
})

test('who is deleted leaves groups, and private dialogs stay for the others', async (t) => {
  await signIn('gone')
  const gone = as('gone')
  const shared = await group(['gone'])
  const pair = idOf(await gone('POST', '/Dialog', { type: 3, occupants_ids: [id('mira')] }))
  await write(gone, pair, 'farewell')
  await send('DELETE', `/users/${id('gone')}`, { token: tokens.get('gone') ?? '' })
  t.deepEqual((await shown(mira, shared))['occupants_ids'], [id('mira')])
  t.like(await shown(mira, pair), { name: null, last_message: 'farewell', unread_messages_count: 1 })
})
