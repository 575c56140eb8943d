/**
 * Proves what deleting a user of a ConnectyCube app leaves, and what an operator can take away besides (decisions 5, 7, 8): his messages, records and files
 * stay for the others until `erase --subject cc.words-…`; then none of his words is in any file, while others' messages, the list of dialogs, unread
 * counters, the search and a rebuild hold.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import { chatAt, field, idOf, items, texts } from '../support/cc-chat.ts'
import { ADMIN, objectAt, send, textAt } from '../support/connectycube.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'

/** The files of one process are looked into. */
const isShared = process.env['STORES'] === 'shared'

let server: RunningServer
test.after.always(() => cleanUp(server))
const { ask, newcomer, group, say, list, unread } = chatAt(() => server.url)

/** Documents name what was reacted by its digits. */
const NOD = 'Quillfeather nods'
const WORDS = [
  NOD,
  Buffer.from(NOD).toString('hex'),
  'Quillfeather said',
  'Quillfeather edited',
  'quillfeather.png',
  'Quillfeather mood',
  'Quillfeather boat',
  'Quillfeather club',
  'Quillfeather bytes',
]

/** Which of them stand in which files. */
const remains = async (directory: string): Promise<readonly string[]> => {
  const found: string[] = []
  if (isShared) return found
  for (const one of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!one.isFile()) continue
    // A running server may have done with it meanwhile.
    const bytes = await readFile(join(one.parentPath, one.name)).catch(() => Buffer.alloc(0))
    for (const word of WORDS) if (bytes.includes(word)) found.push(`${word} in ${one.name}`)
  }
  return found
}

test('the words of a user outlive him, and an operator erases them', async (t) => {
  t.timeout(300_000)
  server = await startServer()
  const { dataDir } = server
  const [mira, otto] = [await newcomer(), await newcomer()]
  const defined = { headers: ADMIN, json: { class_name: 'Boat', fields: { name: 'String' } } }
  await send('POST', `${server.url}/admin/data/classes`, defined)
  const crew = await group(otto, [mira], { name: 'Harbour crew' })
  const club = await group(mira, [otto], { name: 'Quillfeather club' })
  const said = await ask(mira, 'POST', '/chat/Message.json', {
    ...{ chat_dialog_id: crew, message: 'Quillfeather said', mood: 'Quillfeather mood' },
    attachments: [{ type: 'image', name: 'quillfeather.png' }],
  })
  const light = `/chat/Message/${idOf((await say(otto, crew, 'lighthouse of Otto')).body)}/reactions.json`
  await ask(mira, 'PUT', light, { add: NOD })
  await ask(otto, 'PUT', light, { add: '👍' })
  const last = idOf((await say(mira, crew, 'Quillfeather said again')).body)
  const path = `/chat/Message/${last}.json`
  await ask(mira, 'PUT', path, { chat_dialog_id: crew, message: 'Quillfeather edited' })
  const boat = idOf((await ask(mira, 'POST', '/data/Boat.json', { name: 'Quillfeather boat' })).body)
  const his = idOf((await ask(otto, 'POST', '/data/Boat.json', { name: 'Otter' })).body)
  const file = await uploaded(mira.token, 'Quillfeather bytes')

  t.is((await ask(mira, 'DELETE', `/users/${mira.id}.json`)).status, 200)
  const stay = ['Quillfeather said', 'lighthouse of Otto', 'Quillfeather edited']
  t.deepEqual(texts(await list(otto, crew, '&mark_as_read=0')), stay)
  t.deepEqual(await unread(otto, crew), { total: 2, [crew]: 2 })
  const status = async (at: string): Promise<number> => (await fetch(server.url + at)).status
  t.is(await status(`/blobs/${file}`), 200)
  if (!isShared) t.not((await remains(dataDir)).length, 0, 'or this proves nothing')

  const erased = await runScript('erase', ['--subject', `cc.words-1-${mira.id}`, '--json'], dataDir)
  t.is(erased.code, 0, erased.output)
  t.deepEqual(await remains(dataDir), [])
  t.notRegex(server.output(), /Quillfeather|"level":"error"/i)

  const after = async (): Promise<void> => {
    const page = await list(otto, crew, '&mark_as_read=0')
    t.deepEqual(texts(page), [null, 'lighthouse of Otto', null])
    const [first] = items(page)
    t.like(first, { _id: idOf(said.body), sender_id: mira.id, date_sent: field(said.body, 'date_sent') })
    t.is(first?.['mood'], undefined)
    t.deepEqual((await ask(otto, 'GET', light)).body, { '👍': [otto.id] })
    t.deepEqual(await unread(otto, crew), { total: 2, [crew]: 2 })
    const shown = new Map(items(await ask(otto, 'GET', '/chat/Dialog.json')).map((one) => [idOf(one), one]))
    t.like(shown.get(crew), {
      ...{ name: 'Harbour crew', last_message: null, last_message_id: last, unread_messages_count: 2 },
      last_message_user_id: mira.id,
    })
    t.is(shown.get(club)?.['name'], null)
    t.deepEqual(await found('Quillfeather'), { messages: 0, dialogs: 0 })
    t.deepEqual(await found('lighthouse'), { messages: 1, dialogs: 0 })
    t.is((await ask(otto, 'GET', `/data/Boat/${boat}.json`)).status, 404)
    t.is((await ask(otto, 'GET', `/data/Boat/${his}.json`)).status, 200)
    t.is(await status(`/blobs/${file}`), 404)
  }
  const found = async (text: string): Promise<JsonObject> => {
    const { body } = await ask(otto, 'GET', `/chat/search.json?search_text=${text}`)
    const { messages, dialogs } = objectAt(body, 'results')
    return { messages: sizeOf(messages), dialogs: sizeOf(dialogs) }
  }
  await after()
  t.is((await ask(otto, 'PUT', `/chat/Message/${last}/reactions.json`, { add: '👍' })).status, 200)

  t.is((await server.stop('SIGTERM')).code, 0)
  const check = await runScript('rebuild', ['--check', '--json'], dataDir)
  t.is(check.code, 0, check.output)
  t.deepEqual(await remains(dataDir), [])
  server = await startServer({ dataDir })
  await after()
  await ask(otto, 'PUT', '/chat/Message.json', { read: 1, chat_dialog_id: crew })
  t.like(await unread(otto, crew), { total: 0 })
})

const sizeOf = (value: Json | undefined): number => (Array.isArray(value) ? value.length : -1)

/** A public file; answers its uid. */
const uploaded = async (token: string, bytes: string): Promise<string> => {
  const blob = { name: 'quillfeather.png', content_type: 'image/png', public: true }
  const made = objectAt(
    (await send('POST', `${server.url}/blobs.json`, { token, json: { blob } })).body,
    'blob',
  )
  const [url = '', query = ''] = textAt(objectAt(made, 'blob_object_access'), 'params').split('?')
  const form = new FormData()
  for (const pair of query.split('&')) {
    const [name = '', value = ''] = pair.split('=').map(decodeURIComponent)
    form.set(name, value)
  }
  form.set('file', new Blob([bytes]))
  await fetch(url, { method: 'POST', body: form })
  await send('PUT', `${server.url}/blobs/${Number(made['id'])}/complete.json`, { token, json: { size: 1 } })
  return textAt(made, 'uid')
}
