/** Proves who sees what, and what nobody sees: the cases 42 and 43 of rightech 10, against the real server. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'
import { asText, clientOf, invalid, notFound } from '../support/client.ts'
import { create, newMember, signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { about, connectSocketIo } from '../support/sockets.ts'

let server: RunningServer | undefined
let admin: Member
let busy: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
  busy = await newMember(admin)
})
test.after.always(() => cleanUp(server))

test('42: a password is shown nowhere', async (t) => {
  const member = await newMember(admin)
  const socket = await connectSocketIo(t, member)
  const { entity } = await create(member, 'users', { password: 'Unmistakable77' })
  const patched = await member.patch(`/users/${entity._id}`, { password: 'Unmistakable88', locale: 'de' })
  const texts = [JSON.stringify(entity), patched.text]
  for (const path of [
    ...[`/users/${entity._id}`, `/users/${entity._id}?only=password,hash,passwordHash`, '/users', '/auth'],
    ...['/users?search=Unmistakable', '/users?where.password=Unmistakable88', '/users?sortBy=password'],
  ]) {
    texts.push((await member.get(path)).text)
  }
  await socket.next(about(entity._id, 'user-update'))
  texts.push(JSON.stringify(socket.pushes), server?.output() ?? '')
  for (const text of texts) t.notRegex(text, /Unmistakable|"password|argon|"hash"|passwordHash/i)
  t.deepEqual((await member.get('/users?where.password=Unmistakable88')).list(), [])
  const names = [...Object.keys(entity), '_at', 'locale'].toSorted()
  t.deepEqual(Object.keys(patched.entity()).toSorted(), names)
})

test('42: no file has a password or token, and the history no personal value', async (t) => {
  const password = 'Unmistakable99'
  const { entity } = await create(busy, 'users', { password, phone: '+49 30 7654321' })
  const login = asText(entity.login)
  const signedIn = await clientOf(busy.url).post('/auth/token', { login, password })
  t.is(signedIn.status, 200)
  const secrets = [password, asText(signedIn.object().token), busy.token]
  const personal = [login, asText(entity.email), asText(entity.name), '7654321', '$argon2']
  const dataDir = server?.dataDir ?? ''
  const files = await readdir(dataDir, { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  const history = join(dataDir, 'history.mdb')
  t.true(paths.includes(history))
  for (const path of paths) {
    const bytes = await readFile(path)
    const hidden = path === history ? [...secrets, ...personal] : secrets
    for (const secret of hidden) t.false(bytes.includes(secret), `${path} has ${secret}`)
    if (path === history) t.true(bytes.includes(entity._id), 'it can be read')
  }
})

test('42: the password of an object is starred, and stars leave it alone', async (t) => {
  const auth = { username: 'u', password: 'Hidden-in-a-device' }
  const { entity } = await create(busy, 'objects', { config: { auth } })
  const starred = { ...auth, password: '***' }
  const path = `/objects/${entity._id}`
  t.deepEqual((entity.config as JsonObject).auth, starred)
  t.deepEqual(((await busy.get(path)).entity().config as JsonObject).auth, starred)
  t.notRegex((await busy.get('/objects')).text, /Hidden-in/)
  t.deepEqual((await busy.get(`${path}?only=config.auth.password`)).entity(), {
    _id: entity._id,
    config: { auth: { password: '***' } },
  })
  const back = await busy.patch(path, { config: { auth: starred } })
  t.deepEqual(back.entity(), entity, 'nothing changed')
  const emptied = await busy.patch(path, { config: { auth: { password: '' } } })
  t.is(((emptied.entity().config as JsonObject).auth as JsonObject).password, '')
})

test('43: who sees what', async (t) => {
  const parent = await newMember(admin)
  const child = await newMember(parent)
  const { entity: object } = await create(child, 'objects')
  const { entity: model } = await create(parent, 'models')
  const ids = async (member: Member, query = '') =>
    (await member.get(`/objects${query}`)).list().map(({ _id }) => _id)
  t.deepEqual(await ids(parent), [])
  t.deepEqual(await ids(parent, '?withChildGroups=true'), [object._id])
  t.is((await parent.get(`/objects/${object._id}`)).status, 200)
  t.is((await parent.patch(`/objects/${object._id}`, { name: 'by the parent' })).status, 200)
  for (const reply of [
    await child.get(`/models/${model._id}`),
    await child.patch(`/models/${model._id}`, { name: 'x' }),
    await child.delete(`/models/${model._id}`),
  ]) {
    t.is(reply.status, 404)
    t.is(reply.text, notFound('models'))
  }
  t.deepEqual(
    (await child.get('/models?withChildGroups=true')).list().filter(({ _id }) => _id === model._id),
    [],
  )
  const sideways = await newMember(parent)
  t.is((await sideways.get(`/objects/${object._id}`)).text, notFound('objects'))
  t.is((await sideways.get(`/objects/${asText(object.id)}`)).text, notFound('objects'))
  t.is(
    (await child.post('/objects', { name: 'x', id: unique('x'), model: model._id })).text,
    invalid('objects', { model: ['reference'] }),
  )
  t.deepEqual((await admin.get(`/objects?withChildGroups=true&where._id=${object._id}`)).list().length, 1)
})

test('43: roles, kinds and groups of above are readable and not writable', async (t) => {
  const parent = await newMember(admin)
  const child = await newMember(parent)
  for (const store of ['roles', 'tasks/kinds']) {
    const { entity } = await create(parent, store)
    t.is((await child.get(`/${store}/${entity._id}`)).status, 200, store)
    t.true((await child.get(`/${store}`)).list().some(({ _id }) => _id === entity._id))
    t.is((await child.patch(`/${store}/${entity._id}`, { name: 'x' })).text, notFound(store))
    t.is((await child.delete(`/${store}/${entity._id}`)).text, notFound(store))
  }
  t.is((await child.get(`/groups/${parent.group}`)).status, 200)
  t.is((await child.patch(`/groups/${parent.group}`, { name: 'x' })).text, notFound('groups'))
  t.is((await child.get(`/groups/${child.group}`)).status, 200)
})

test('43: tokens are their owner’s, unless the role has everything', async (t) => {
  const narrow = await newMember(admin, { credentials: ['GET /*', '* /tokens/*'] })
  const colleague = await newMember(admin, { group: narrow.group })
  const { entity } = await create(colleague, 'tokens', { scopes: ['GET /labels'] })
  t.is((await narrow.get(`/tokens/${entity._id}`)).text, notFound('tokens'))
  t.deepEqual((await narrow.get('/tokens')).list(), [])
  const own = (await narrow.post('/tokens', { scopes: ['GET /labels'] })).entity()
  t.is((await colleague.get(`/tokens/${own._id}`)).status, 200)
})
