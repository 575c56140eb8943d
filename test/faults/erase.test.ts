/**
 * Proves what an operator's erasure leaves (decisions 8): nothing that can be read, of a user of the stores, a family, an account and a user of the chat, in no file and no fresh backup, in
 * no form that an index may have, and not in the log; what lives of them ends as their protocols end it, others stay byte by byte, and names are
 * free again. A user's own deletion ends the same way. The scripts are run beside the server and on a stopped one.
 */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { documentsPath } from '../../src/embedded/directory.ts'
import type { JsonObject } from '../../src/json.ts'
import { apiStatus, call, newAccount, PATHS } from '../support/afrodite.ts'
import { connect, leave } from '../support/afrodite-sockets.ts'
import { chatAt, texts, type User } from '../support/cc-chat.ts'
import { asText, clientOf } from '../support/client.ts'
import { PASSWORD, signInAdmin, unique, type Member } from '../support/members.ts'
import { freshDirectory, runScript, startServer } from '../support/server.ts'
import { until } from '../support/stores-clients.ts'
import { createFamily, startTimelimit, type Timelimit } from '../support/timelimit.ts'

/** The files of one process are looked into. */
const isShared = process.env['STORES'] === 'shared'

let at: Timelimit | undefined
test.after.always(() => at?.close())

type Person = {
  readonly id: string
  readonly login: string
  readonly email: string
  readonly secrets: readonly string[]
}

/** With capitals, so that what is folded is something else. */
const newPerson = async (admin: Member): Promise<Person> => {
  const login = unique('Ann.Secret')
  const email = `Mail.${login}@Example.ORG`
  const [name, phone] = [unique('Ann Secretive'), unique('+4917')]
  const body = { name, login, email, phone, password: PASSWORD, role: admin.role, group: admin.group }
  const { _id: id } = (await admin.post('/users', body)).entity()
  await admin.patch(`/users/${id}`, { name: `${name} Younger` })
  return { id, login, email, secrets: [login, email, name, phone] }
}

/** Two of ConnectyCube's chat; the one has a profile and contacts, and writes to the other, who answers. */
const talkers = async (url: string) => {
  const chat = chatAt(() => url)
  const [one, other] = [await chat.newcomer(), await chat.newcomer()]
  const [email, name, contact] = [
    `${unique('Tom.Secret')}@Example.org`,
    unique('Tom Secretive'),
    unique('Tim'),
  ]
  const [phone, friend] = ['4917612345678', '4917687654321']
  const user = { email, full_name: name, phone }
  assert.equal((await chat.ask(one, 'PUT', `/users/${one.id}`, { user })).status, 200)
  const contacts = [{ name: contact, phone: friend }]
  assert.equal((await chat.ask(one, 'POST', '/address_book', { contacts })).status, 200)
  const dialog = await chat.group(one, [other])
  const [title, text] = [unique('Secret title'), unique('Secret words')]
  assert.equal((await chat.ask(one, 'PUT', `/chat/Dialog/${dialog}`, { name: title })).status, 200)
  assert.equal((await chat.say(one, dialog, text)).status, 201)
  assert.equal((await chat.say(other, dialog, 'Hello')).status, 201)
  const secrets = [email, name, contact, phone, friend, title, text]
  const asking = (by: User) => (path: string) => chat.ask(by, 'GET', path)
  return [{ id: one.id, dialog, secrets, ask: asking(one) }, { ask: asking(other) }] as const
}

const formsOf = (secret: string): readonly (readonly [form: string, bytes: Buffer])[] =>
  [secret, secret.toLowerCase(), secret.toUpperCase()].flatMap((text) => {
    const bytes = Buffer.from(text)
    return [
      [`${text} as it is`, bytes] as const,
      [`${text} as UTF-16`, Buffer.from(text, 'utf16le')] as const,
      [`${text} in hexadecimal digits`, Buffer.from(bytes.toString('hex'))] as const,
      [`${text} in base64`, Buffer.from(bytes.toString('base64').replace(/.{0,2}=*$/, ''))] as const,
    ]
  })

/** Which of these stand in which files of the directory, or in what the server said. */
const remains = async (
  directory: string,
  output: string,
  secrets: readonly string[],
): Promise<readonly string[]> => {
  const forms = secrets.flatMap(formsOf)
  const inBytes = (bytes: Buffer, name: string): readonly string[] =>
    forms.filter(([, form]) => bytes.includes(form)).map(([form]) => `${form} in ${name}`)
  const found = [...inBytes(Buffer.from(output), 'the log')]
  if (isShared) return found
  for (const one of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(one.parentPath, one.name)
    // A running server may have done with it meanwhile.
    if (one.isFile()) found.push(...inBytes(await readFile(path).catch(() => Buffer.alloc(0)), path))
  }
  return found
}

/** Every document that names one of these, as it is stored. */
const documentsWith = async (directory: string, names: readonly string[]): Promise<readonly string[]> => {
  if (isShared) return []
  const documents = await openEmbeddedDocuments({ path: documentsPath(directory), readOnly: true })
  const found: string[] = []
  for (const collection of COLLECTIONS)
    for await (const page of documents.scan(collection))
      found.push(...page.map((document) => `${collection} ${textOf(document)}`))
  await documents.close()
  return found.filter((text) => names.some((name) => text.includes(name))).sort()
}

const COLLECTIONS = [
  ...['stores_users@2', 'stores_logins@1', 'stores_events@1', 'timelimit_families@1'],
  ...['timelimit_user_lists@1', 'timelimit_device_lists@1', 'afrodite_accounts@1', 'afrodite_sessions@1'],
]

const textOf = (document: object): string =>
  JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

const eventsOf = async (dataDir: string): Promise<readonly JsonObject[]> =>
  (await runScript('history', ['--json'], dataDir)).output
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as JsonObject] : []))

const typesIn = (events: readonly JsonObject[], of: string): readonly string[] =>
  events.flatMap(({ stream, type }) => (stream === of ? [asText(type)] : []))

const ERASED = ['ErasureRequested', 'SubjectErased', 'ErasureCompleted']

test('an operator erases a user, a family and an account; a user that is deleted is erased too', async (t) => {
  t.timeout(300_000)
  at = await startTimelimit({
    env: { AFRODITE_BOT_LOGIN: 'true', AFRODITE_INTERNAL_PORT: '0' },
  })
  const server = at.server()
  const { url, dataDir } = server
  const admin = await signInAdmin(url)
  const [ann, cid, bob] = [await newPerson(admin), await newPerson(admin), await newPerson(admin)]
  const [family, others] = [await createFamily(at), await createFamily(at)]
  const [account, other] = [await newAccount(server), await newAccount(server)]
  const address = `${unique('Acc.Secret')}@Example.org`
  const opened = await connect(t, url, account.pair)
  const token = opened.pair.access
  t.is((await call(url, 'POST', PATHS.data, { token, body: { email: address } })).status, 200)
  await leave(opened)
  const [talker, listener] = await talkers(url)

  const created = (await eventsOf(dataDir)).filter(({ type }) => type === 'FamilyCreated')
  const [familyId = '', otherId = ''] = created.map(({ stream }) => asText(stream).slice(-10))
  const secrets = [...ann.secrets, ...cid.secrets, ...talker.secrets, family.mail, address]
  const kept = [bob.id, otherId, other.aid]
  const before = await documentsWith(dataDir, kept)
  if (!isShared) {
    t.true(before.length >= 6)
    for (const secret of secrets) t.not((await remains(dataDir, '', [secret])).length, 0, secret)
  }

  const subjects = [
    `stores.user-${ann.id}`,
    `timelimit.family-${familyId}`,
    `afrodite.account-${account.aid}`,
    `cc.user-1-${talker.id}`,
    `cc.words-1-${talker.id}`,
  ]
  const parameters = subjects.flatMap((subject) => ['--subject', subject])
  t.is((await runScript('erase', [...parameters, '--subject', 'stores.user-nobody'], dataDir)).code, 2)
  t.is((await admin.get(`/users/${ann.id}`)).status, 200, 'nobody, then')
  const erased = await runScript('erase', [...parameters, '--json'], dataDir)
  t.is(erased.code, 0, erased.output)
  // Before it comes the progress, which is on standard error.
  const answer = erased.output.slice(erased.output.indexOf('{"'))
  const { results } = JSON.parse(answer) as { readonly results: readonly JsonObject[] }
  t.deepEqual(
    results.map(({ subject, outcome, before: again }) => [subject, outcome, again]),
    subjects.map((subject) => [subject, 'erased', false]),
  )
  for (const { documents, position } of results) {
    t.true(Number(documents) > 0)
    t.regex(asText(position), /^\d+$/)
  }
  const events = await eventsOf(dataDir)
  for (const subject of subjects) t.deepEqual(typesIn(events, `platform.erasure-${subject}`), ERASED)
  for (const [stream, last] of [
    [`stores.users-${ann.id}`, 'EntityDeleted'],
    [`timelimit.family-${familyId}`, 'FamilyDeleted'],
    [`afrodite.account-${account.aid}`, 'AccountDeleted'],
    [`afrodite.session-${account.aid}`, 'SessionRevoked'],
    [`cc.user-1-${talker.id}`, 'UserDeleted'],
  ] as const)
    t.is(typesIn(events, stream).at(-1), last)

  t.is((await admin.get(`/users/${ann.id}`)).status, 404)
  t.is((await clientOf(url).post('/auth/token', { login: ann.login, password: PASSWORD })).status, 401)
  const removed = { deviceAuthToken: family.phone.token }
  t.deepEqual((await at.post('/sync/is-device-removed', removed)).object(), { isDeviceRemoved: true })
  t.is(await apiStatus(server, token), 401)
  t.is((await talker.ask('/users')).status, 401)
  t.deepEqual(texts(await listener.ask(`/chat/Message.json?chat_dialog_id=${talker.dialog}`)), [
    null,
    'Hello',
  ])

  const deleted = await admin.delete(`/users/${cid.id}`)
  t.is(deleted.entity()['email'], cid.email, 'as it was just before it went')
  const gone = `platform.erasure-stores.user-${cid.id}`
  const types = async (): Promise<readonly string[]> => typesIn(await eventsOf(dataDir), gone)
  t.deepEqual(await until(types, ({ length }) => length === ERASED.length), ERASED)

  t.deepEqual(await remains(dataDir, server.output(), secrets), [])
  const copy = join(await freshDirectory(), 'copy')
  const copied = await runScript('backup', ['--to', copy], dataDir)
  t.is(copied.code, 0, copied.output)
  t.deepEqual(await remains(copy, copied.output, secrets), [])
  t.deepEqual(
    (await documentsWith(dataDir, kept)).filter((text) => !text.includes('SessionOpened')),
    before,
  )
  t.is(
    (await others.phone.ask({ devices: '', apps: {}, categories: {}, users: '', clientLevel: 8 })).status,
    200,
  )

  const again = await runScript('erase', parameters, dataDir)
  t.is(again.code, 0, again.output)
  t.regex(again.output, /it was erased before/)

  // Their names can be taken anew.
  const heir = { name: 'Heir', login: ann.login, email: ann.email, password: PASSWORD }
  const body = { ...heir, role: admin.role, group: admin.group }
  const { _id: heirId } = (await admin.post('/users', body)).entity()
  const next = await createFamily(at, family.mail)
  t.not(next.phone.id, family.phone.id)

  t.is((await server.stop('SIGTERM')).code, 0)
  const families = (await eventsOf(dataDir)).filter(({ type }) => type === 'FamilyCreated')
  const last = asText(families.at(-1)?.['stream'])
  const alone = await runScript('erase', ['--subject', `stores.user-${heirId}`, '--subject', last], dataDir)
  t.is(alone.code, 0, alone.output)
  t.deepEqual(await remains(dataDir, server.output(), secrets), [])
  const check = await runScript('rebuild', ['--check'], dataDir)
  t.is(check.code, 0, check.output)
  // A node that has not looked at the shared documents yet tries its jobs again.
  t.notRegex(server.output(), isShared ? /"level":"error"/ : /"level":"error"|a job failed/)
  at.replace(await startServer({ dataDir }))
  t.is((await at.server().stop('SIGTERM')).code, 0)
})
