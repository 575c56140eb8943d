/**
 * Proves messages of ConnectyCube on the real server over HTTP: the worked examples E13 to E15, what a page marks, edits, deletions, reactions,
 * previews, the search and the administration's lists; that an update of a dialog is all or nothing; and many clients in one dialog, whose
 * order, unread counters and read marks are exact.
 */
import test from 'ava'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'
import { chatAt, field, idOf, items, texts, type User } from '../support/cc-chat.ts'
import { asText } from '../support/client.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
const { ask, newcomer, group, say, list, unread } = chatAt(() => server.url)

test.before(async () => {
  server = await startServer()
})
test.after.always(() => cleanUp(server))

const SOAK = process.env['SOAK'] !== undefined

test('E13 to E15: a message with a parameter of its own, what is unread, marking all, deletion for all', async (t) => {
  const [mira, otto] = [await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto])
  const sent = await ask(mira, 'POST', '/chat/Message.json', {
    ...{ chat_dialog_id: dialog, message: 'anchor <up>', mood: 'fine', _id: 'x', read_ids: [5], silent: 1 },
    attachments: [{ type: 'image', uid: '0a1b' }],
  })
  t.is(sent.status, 201)
  const { created_at: createdAt, date_sent: dateSent } = isObject(sent.body) ? sent.body : {}
  t.true(Math.abs(Date.parse(asText(createdAt)) - Number(dateSent) * 1000) <= 1_000)
  t.deepEqual(sent.body, {
    _id: idOf(sent.body),
    ...{ attachments: [{ type: 'image', uid: '0a1b' }], chat_dialog_id: dialog },
    ...{ created_at: createdAt ?? null, date_sent: dateSent ?? null, updated_at: createdAt ?? null },
    ...{ delivered_ids: [mira.id], message: 'anchor <up>', read_ids: [mira.id] },
    ...{ recipient_id: 0, sender_id: mira.id, reactions: null, views_count: 0, read: 0, mood: 'fine' },
  })
  t.regex(idOf(sent.body), /^[0-9a-f]{24}$/)
  t.deepEqual(await unread(otto, dialog), { total: 1, [dialog]: 1 })
  const marked = await ask(otto, 'PUT', '/chat/Message.json', { read: 1, chat_dialog_id: dialog })
  t.deepEqual([marked.status, marked.text], [200, ''])
  t.deepEqual(await unread(otto, dialog), { total: 0, [dialog]: 0 })
  t.like(items(await list(mira, dialog))[0], {
    ...{ read_ids: [mira.id, otto.id], delivered_ids: [mira.id, otto.id], read: 1 },
  })
  const none = 'f'.repeat(24)
  const path = `/chat/Message/${idOf(sent.body)},${none}.json`
  const buckets = (done: string[], forbidden: string[]) => ({
    SuccessfullyDeleted: { ids: done },
    WrongPermissions: { ids: forbidden },
    NotFound: { ids: [none] },
  })
  t.deepEqual((await ask(otto, 'DELETE', path, { force: 1 })).body, buckets([], [idOf(sent.body)]))
  const deleted = await ask(mira, 'DELETE', path, { force: 1 })
  t.deepEqual([deleted.status, deleted.body], [200, buckets([idOf(sent.body)], [])])
  t.deepEqual(items(await list(otto, dialog)), [])
})

test('a page marks what it shows, unless it must not, and shows it as it was before', async (t) => {
  const [mira, otto] = [await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto])
  for (const text of ['a', 'b', 'c', 'd']) await say(mira, dialog, text)
  t.deepEqual(texts(await list(otto, dialog, '&mark_as_read=0&limit=2')), ['a', 'b'])
  t.like(await unread(otto, dialog), { total: 4 })
  const page = await list(otto, dialog, '&sort_desc=date_sent&limit=2')
  t.like(page.body, { skip: 0, limit: 2 })
  t.deepEqual(texts(page), ['d', 'c'])
  t.deepEqual(items(page)[0]?.['read_ids'], [mira.id])
  t.like(await unread(otto, dialog), { total: 2 })
  t.deepEqual(
    items(await list(mira, dialog)).map(({ read_ids }) => read_ids),
    [[mira.id], [mira.id], [mira.id, otto.id], [mira.id, otto.id]],
  )
  t.deepEqual(texts(await list(otto, dialog, '&message[ctn]=B&skip=0')), ['b'])
  t.deepEqual((await list(otto, dialog, '&count=1')).body, { items: { count: 4 } })
  t.like(await unread(otto, dialog), { total: 1 })
  t.is((await list(otto, '')).status, 422)
  t.is((await list(otto, 'f'.repeat(24))).status, 404)
  t.is((await list(await newcomer(), dialog)).status, 403)
})

test('marks of single messages, edits and their refusals', async (t) => {
  const [mira, otto, eve] = [await newcomer(), await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto])
  const [a, b] = [idOf((await say(mira, dialog, 'a')).body), idOf((await say(mira, dialog, 'b')).body)]
  const put = (by: User, path: string, body: JsonObject) =>
    ask(by, 'PUT', `/chat/Message/${path}.json`, { chat_dialog_id: dialog, ...body })
  t.is((await put(otto, b, { read: 1 })).text, '')
  t.like(await unread(otto, dialog), { total: 1 })
  t.is((await put(otto, `${a},${b}`, { delivered: 1 })).status, 200)
  t.like(items(await list(mira, dialog))[0], { read_ids: [mira.id], delivered_ids: [mira.id, otto.id] })
  t.is((await put(otto, a, { message: 'mine' })).status, 403)
  t.is((await put(eve, a, { read: 1 })).status, 403)
  t.is((await put(otto, 'f'.repeat(24), { read: 1 })).status, 404)
  t.is((await put(mira, a, { message: 'A' })).status, 200)
  const [first] = items(await list(mira, dialog))
  t.is(first?.['message'], 'A')
  t.regex(asText(first?.['edited_at']), /^\d{4}-.*Z$/)
  const last = idOf((await say(mira, dialog, 'z')).body)
  await put(mira, last, { message: 'Z' })
  const dialogs = async (): Promise<JsonObject | undefined> =>
    items(await ask(otto, 'GET', `/chat/Dialog.json?_id=${dialog}`))[0]
  t.like(await dialogs(), { last_message: 'Z', last_message_id: last, unread_messages_count: 2 })
  await ask(mira, 'DELETE', `/chat/Message/${last}.json`, { force: 1 })
  t.like(await dialogs(), { last_message: 'b', last_message_id: b, unread_messages_count: 1 })
})

test('hiding is for oneself, a first private message makes the dialog, and system messages are only passed on', async (t) => {
  const [mira, otto] = [await newcomer(), await newcomer()]
  const sent = await ask(mira, 'POST', '/chat/Message.json', {
    recipient_id: String(otto.id),
    message: 'hi',
  })
  t.like(sent.body, { recipient_id: otto.id, sender_id: mira.id, read: 0 })
  const dialog = asText(field(sent.body, 'chat_dialog_id'))
  const back = await ask(otto, 'POST', '/chat/Message.json', {
    ...{ recipient_id: mira.id, message: 'ho' },
    attachments: { '10': { type: 'b' }, '2': { type: 'a' } },
  })
  t.like(back.body, { chat_dialog_id: dialog, attachments: [{ type: 'a' }, { type: 'b' }] })
  t.deepEqual(texts(await list(mira, dialog, '&attachments[type]=b')), ['ho'])
  const hidden = await ask(otto, 'DELETE', `/chat/Message/${idOf(sent.body)}.json`)
  t.like(hidden.body, { SuccessfullyDeleted: { ids: [idOf(sent.body)] } })
  t.deepEqual(texts(await list(otto, dialog)), ['ho'])
  t.deepEqual(texts(await list(mira, dialog)), ['hi', 'ho'])
  const refused = async (body: JsonObject): Promise<number> =>
    (await ask(mira, 'POST', '/chat/Message.json', body)).status
  t.is(await refused({ message: 'to nobody' }), 422)
  t.is(await refused({ message: 'to oneself', recipient_id: mira.id }), 422)
  t.is(await refused({ message: 'to a stranger', recipient_id: 999_999 }), 404)
  t.is(await refused({ message: 'x'.repeat(800_000), recipient_id: otto.id }), 400)
  const signal = await ask(mira, 'POST', '/chat/Message/system.json', { recipientId: otto.id, a: { b: 1 } })
  t.is(signal.status, 201)
  t.deepEqual(signal.body, {
    messageId: field(signal.body, 'messageId'),
    ...{ recipientId: otto.id, extensionParams: { a: { b: 1 } } },
  })
  t.is((await ask(mira, 'POST', '/chat/Message/system.json', { recipientId: 999_999 })).status, 404)
})

test('reactions, one of each kind and user', async (t) => {
  const [mira, otto, eve] = [await newcomer(), await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto])
  const id = idOf((await say(mira, dialog, 'a')).body)
  const react = (by: User, body: JsonObject) => ask(by, 'PUT', `/chat/Message/${id}/reactions.json`, body)
  for (const by of [otto, mira, otto]) t.deepEqual((await react(by, { add: '👍' })).text, '')
  await react(otto, { add: 'a.$b', remove: '👎' })
  const reactions = async () => (await ask(otto, 'GET', `/chat/Message/${id}/reactions.json`)).body
  t.deepEqual(await reactions(), { '👍': [mira.id, otto.id], 'a.$b': [otto.id] })
  t.deepEqual(items(await list(otto, dialog))[0]?.['reactions'], {
    ...{ own: ['👍', 'a.$b'], total: { '👍': 2, 'a.$b': 1 } },
  })
  await react(otto, { remove: 'a.$b' })
  t.deepEqual(await reactions(), { '👍': [mira.id, otto.id] })
  t.is((await react(eve, { add: '👍' })).status, 403)
  t.is((await react(otto, {})).status, 422)
})

test('a preview for strangers, broadcasts and their rights', async (t) => {
  const [mira, otto, eve] = [await newcomer(), await newcomer(), await newcomer()]
  const open = await group(mira, [otto], { permissions: { allow_preview: true } })
  for (let n = 1; n <= 22; n++) t.is((await say(mira, open, `m${n}`)).status, 201)
  const preview = await list(eve, open, '&preview=1&limit=2&sort_desc=date_sent')
  t.deepEqual([texts(preview).length, texts(preview)[0], texts(preview).at(-1)], [20, 'm3', 'm22'])
  t.is((await list(eve, open)).status, 403)
  t.is((await list(eve, await group(mira, [otto]), '&preview=1')).status, 403)
  const { body } = await ask(mira, 'POST', '/chat/Dialog.json', { type: 1, name: 'News' })
  t.is((await say(eve, idOf(body), 'no')).status, 403)
  const news = await say(mira, idOf(body), 'all hands')
  t.is(news.status, 201)
  t.deepEqual(texts(await list(eve, idOf(body))), ['all hands'])
  const path = `/chat/Message/${idOf(news.body)}.json`
  t.like((await ask(eve, 'DELETE', path, { force: 1 })).body, {
    WrongPermissions: { ids: [idOf(news.body)] },
  })
})

test('an update of a dialog is all or nothing, with the notifications too; empty lists ask for nothing', async (t) => {
  const [mira, otto, anna, eve] = [await newcomer(), await newcomer(), await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto])
  const path = `/chat/Dialog/${dialog}`
  const nothing = { occupants_ids: [], admins_ids: [], pinned_messages_ids: [] }
  const renamed = await ask(otto, 'PUT', path, { name: 'Ours', push_all: nothing, pull_all: nothing })
  t.like(renamed.body, { name: 'Ours' })
  const administer = async (more: JsonObject): Promise<Json> =>
    (await ask('admin', 'PUT', `/admin/chat/${dialog}`, { name: 'Changed', is_muted: 1, ...more })).body
  t.deepEqual(await administer({}), { errors: { user_id: ["can't be blank"] } })
  t.deepEqual(await administer({ user_id: 999_999 }), { errors: { user_id: ['is invalid'] } })
  t.is(field(await administer({ user_id: eve.id }), 'name'), null)
  t.like((await ask(mira, 'GET', path)).body, { name: 'Ours' })
  t.like(await administer({ user_id: anna.id, push_all: { occupants_ids: [anna.id] } }), { name: 'Changed' })
  const off = { notifications: { enabled: 0 } }
  t.deepEqual((await ask(anna, 'GET', `${path}/notifications`)).body, off)
  const left = await ask(otto, 'PUT', path, { is_muted: 1, pull_all: { occupants_ids: [otto.id] } })
  t.deepEqual(field(left.body, 'occupants_ids'), [mira.id, anna.id])
  const twice = await ask(mira, 'DELETE', `${path},${dialog}`)
  t.like(twice.body, { SuccessfullyDeleted: { ids: [dialog] } }, 'the SDK reads JSON where it named several')
})

// Alone: the administration counts everybody's.
test.serial('the search and what the administration sees', async (t) => {
  const [mira, otto, eve] = [await newcomer(), await newcomer(), await newcomer()]
  const dialog = await group(mira, [otto], { name: 'Lighthouse crew' })
  const found = idOf((await say(mira, dialog, 'the Lighthouse (old)')).body)
  await say(mira, dialog, 'the lighthouse')
  const search = async (by: User, query: string): Promise<Json> =>
    field((await ask(by, 'GET', `/chat/search.json?${query}`)).body, 'results')
  const results = await search(otto, `search_text=Lighthouse&chat_dialog_ids=${dialog}`)
  t.like(results, {
    messages: { length: 1, 0: { _id: found } },
    dialogs: { length: 1, 0: { _id: dialog } },
    users: [],
  })
  t.like(await search(otto, 'search_text=thouse%20(old)'), {
    messages: { length: 1 },
    dialogs: { length: 0 },
  })
  t.like(await search(eve, 'search_text=Lighthouse'), { messages: { length: 0 }, dialogs: { length: 0 } })
  // A private dialog is called what the other one is called.
  await ask(eve, 'PUT', `/users/${eve.id}.json`, { user: { full_name: 'Eve Harbourmaster' } })
  await ask(otto, 'POST', '/chat/Message.json', { recipient_id: eve.id, message: 'ahoy' })
  t.like(await search(otto, 'search_text=Harbourm'), { dialogs: { length: 1, 0: { type: 3 } } })
  t.like(await search(otto, 'search_text=harbourm'), { dialogs: { length: 0 } })
  t.like(await search(eve, 'search_text=Harbourm'), { dialogs: { length: 0 } })
  const status = async (query: string): Promise<number> =>
    (await ask(otto, 'GET', `/chat/search.json?${query}`)).status
  t.is(await status('search_text=Ligh'), 422)
  t.is(await status('search_text=Lighthouse&start_date=2026-01-01'), 422)
  t.is(await status('search_text=Lighthouse&start_date=2026-06-01&end_date=2026-01-01'), 422)
  await ask(otto, 'DELETE', `/chat/Message/${found}.json`)
  const listed = await ask('admin', 'GET', `/admin/chat/messages/list?chat_dialog_id=${dialog}&limit=1`)
  t.like(listed.body, { total_entries: 2, skip: 0, limit: 1 })
  t.like(items(listed)[0], { _id: found, edited_at: null, deleted_for_ids: [otto.id] })
  await ask(mira, 'DELETE', `/chat/Dialog/clearHistory/${dialog}.json`)
  const cleared = items(await ask('admin', 'GET', `/admin/chat/messages/list?chat_dialog_id=${dialog}`))
  t.deepEqual(
    cleared.map(({ deleted_for_ids: ids }) => ids),
    [[mira.id, otto.id], [mira.id]],
  )
  const total = async (): Promise<Json> =>
    field((await ask('admin', 'GET', '/admin/stats/messages/sent-total')).body, 'total')
  const before = await total()
  await ask(mira, 'DELETE', `/chat/Message/${found}.json`, { force: 1 })
  await say(mira, dialog, 'one more')
  t.is(await total(), Number(before) + 1, 'deleted ones were sent all the same')
  const days = (await ask('admin', 'GET', '/admin/stats/messages/sent-per-day')).body
  const sum = Object.values(isObject(days) ? days : {}).reduce((all: number, n) => all + Number(n), 0)
  t.is(sum, Number(await total()))
  const created = await ask(
    'admin',
    'GET',
    '/admin/stats/dialogs/created-total?types[]=2&end_date=2020-01-01',
  )
  t.deepEqual(created.body, { total: 0 })
  const ofNone = await ask('admin', 'GET', '/admin/stats/dialogs/created-total?types[]=x')
  t.deepEqual(ofNone.body, { total: 0 })
  t.is((await ask(mira, 'GET', '/admin/stats/messages/sent-total')).status, 401)
})

const ascending = (ids: Json | undefined): readonly number[] =>
  (isList(ids) ? ids : []).map(Number).sort((a, b) => a - b)

const CLIENTS = SOAK ? 50 : 10
const MESSAGES = SOAK ? 10_000 : 300

test('many clients write and read one dialog: order, unread counters and read marks are exact', async (t) => {
  const all = await Promise.all(Array.from({ length: CLIENTS }, newcomer))
  const [owner, ...others] = all
  if (owner === undefined) return t.fail()
  const dialog = await group(owner, others)
  const sent = new Map<number, string[]>()
  const read = new Map<number, Set<string>>()
  let left = MESSAGES
  const chat = async (user: User, at: number): Promise<void> => {
    const mine: string[] = []
    const seen = new Set<string>()
    sent.set(user.id, mine)
    read.set(user.id, seen)
    for (let n = at; left-- > 0; n++) {
      const reply = await say(user, dialog, `${user.id}: ${mine.length}`)
      t.is(reply.status, 201, reply.text)
      mine.push(idOf(reply.body))
      // Some read newest pages while the others write.
      if (n % 10 !== 0 || at % 2 !== 0) continue
      for (const one of items(await list(user, dialog, '&sort_desc=date_sent&limit=20'))) seen.add(idOf(one))
    }
  }
  await Promise.all(all.map(chat))
  const history: JsonObject[] = []
  for (let skip = 0; skip < MESSAGES; skip += 1_000)
    history.push(...items(await list(owner, dialog, `&mark_as_read=0&limit=1000&skip=${skip}`)))
  t.is(history.length, MESSAGES)
  t.is(new Set(history.map(idOf)).size, MESSAGES)
  for (const user of all) {
    const his = history.filter(({ sender_id: sender }) => sender === user.id).map(idOf)
    t.deepEqual(his, sent.get(user.id), 'each in the order in which he sent')
    const seen = read.get(user.id) ?? new Set()
    const missed = history.filter((one) => one['sender_id'] !== user.id && !seen.has(idOf(one))).length
    t.deepEqual(await unread(user, dialog), { total: missed, [dialog]: missed })
  }
  for (const one of history) {
    const readers = all.filter(({ id }) => one['sender_id'] === id || read.get(id)?.has(idOf(one)) === true)
    t.deepEqual(ascending(one['read_ids']), ascending(readers.map(({ id }) => id)))
  }
  await Promise.all(
    all.map((user) => ask(user, 'PUT', '/chat/Message.json', { read: 1, chat_dialog_id: dialog })),
  )
  for (const user of all) t.like(await unread(user, dialog), { total: 0 })
  t.true(items(await list(owner, dialog)).every(({ read: isRead }) => isRead === 1))
})
