/** Proves what is refused with 409: taken names and deletions of what is in use, the cases 40 and 41 of rightech 10, against the real server. */
import test from 'ava'
import { type JsonObject } from '../../src/json.ts'
import { asText, conflict, type Reply } from '../support/client.ts'
import { create, newMember, PASSWORD, signInAdmin, unique, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
let busy: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
  busy = await newMember(admin)
})
test.after.always(() => cleanUp(server))

const refusedWith = (reply: Reply): JsonObject => {
  const { fields = null, code = null, tags = null } = reply.object()
  return { code, tags, fields }
}

test('E6: a device id is unique in the whole installation', async (t) => {
  const other = await newMember(admin)
  const { entity } = await create(busy, 'objects')
  const { entity: second } = await create(other, 'objects')
  for (const [member, at] of [
    [busy, entity],
    [other, second],
  ] as const) {
    const reply = await member.post('/objects', {
      model: at.model ?? null,
      id: entity.id ?? null,
      name: 'Other',
    })
    t.is(reply.status, 409)
    t.is(reply.text, conflict('objects', { id: ['unique'] }))
  }
  const patched = await other.patch(`/objects/${second._id}`, { id: entity.id ?? null })
  t.is(patched.text, conflict('objects', { id: ['unique'] }))
  await busy.delete(`/objects/${entity._id}`)
  t.is((await other.patch(`/objects/${second._id}`, { id: entity.id ?? null })).status, 200, 'free again')
})

test('E6: a name that was given up is free, also for the one who gave it up', async (t) => {
  const { entity } = await create(busy, 'objects')
  const [first, next] = [asText(entity.id), unique('next')]
  t.is((await busy.patch(`/objects/${entity._id}`, { id: next })).entity().id, next)
  t.is((await busy.get(`/objects/${first}`)).status, 404)
  t.is((await busy.get(`/objects/${next}`)).entity()._id, entity._id)
  t.is((await busy.patch(`/objects/${entity._id}`, { id: first })).entity().id, first)
})

test('40: what is referred to stays', async (t) => {
  const member = await newMember(admin)
  const inUse = async (store: string, id: string) => {
    const reply = await member.delete(`/${store}/${id}`)
    t.is(reply.status, 409, `${store}: ${reply.text}`)
    const { tags, fields } = refusedWith(reply)
    t.deepEqual(tags, ['error_conflict', `error_${store.replace('/', '_')}`])
    t.deepEqual(Object.values(fields as JsonObject), [['in_use']], store)
    t.is((await member.get(`/${store}/${id}`)).status, 200)
  }
  const { entity: object } = await create(member, 'objects')
  await inUse('models', asText(object.model))
  t.is((await member.delete(`/objects/${object._id}`)).status, 200)
  t.is((await member.delete(`/models/${asText(object.model)}`)).status, 200, 'free again')

  const { entity: task } = await create(member, 'tasks', {
    kind: (await create(member, 'tasks/kinds')).entity._id,
  })
  await inUse('tasks/kinds', asText(task.kind))
  await member.patch(`/tasks/${task._id}`, { kind: null })
  t.is((await member.delete(`/tasks/kinds/${asText(task.kind)}`)).status, 200)

  const { entity: table } = await create(member, 'tables')
  const config = { id: 'c1', name: 'c', type: 'config', active: true, dataType: 'table', table: table._id }
  const tree = { id: 'sub', name: 's', type: 'subsystem', active: true, children: [config] }
  const { entity: model } = await create(member, 'models', { data: { children: [tree] } })
  await inUse('tables', table._id)
  t.is((await member.delete(`/models/${model._id}`)).status, 200)
  t.is((await member.delete(`/tables/${table._id}`)).status, 200)

  await inUse('users', member.user)
  const { entity: role } = await create(member, 'roles')
  const { entity: user } = await create(member, 'users', { role: role._id })
  await inUse('roles', role._id)
  await inUse('groups', member.group)
  t.is((await member.delete(`/users/${user._id}`)).status, 200)
  t.is((await member.delete(`/roles/${role._id}`)).status, 200)

  const { entity: group } = await create(member, 'groups')
  const { entity: child } = await create(member, 'groups', { parent: group._id })
  await inUse('groups', group._id)
  t.is((await member.delete(`/groups/${child._id}`)).status, 200)
  const { entity: inside } = await create(member, 'objects', { group: group._id })
  await inUse('groups', group._id)
  t.is((await member.delete(`/objects/${inside._id}`)).status, 200)
  t.is((await member.delete(`/groups/${group._id}`)).status, 200)
})

test('41: of twenty who race for a login, an address or a device id, one gets it', async (t) => {
  const { entity: model } = await create(busy, 'models')
  const races = [
    ['users', 'login', unique('Racer')],
    ['users', 'email', `${unique('Racer')}@example.org`],
    ['objects', 'id', unique('racer')],
    ['groups', 'tagname', unique('racer').replace('-', '_')],
  ] as const
  for (const [store, name, value] of races) {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const folded = store === 'users' && index % 2 === 1 ? value.toLowerCase() : value
        const own = {
          name: 'Racer',
          ...(store === 'users'
            ? {
                role: busy.role,
                password: PASSWORD,
                login: unique('racer'),
                email: `${unique('r')}@example.org`,
              }
            : {}),
          ...(store === 'objects' ? { model: model._id } : {}),
        }
        return busy.post(`/${store}`, { ...own, [name]: folded })
      }),
    )
    t.is(replies.filter(({ status }) => status === 200).length, 1, `${store}.${name}`)
    const lost = replies.filter(({ status }) => status !== 200)
    for (const reply of lost) t.is(reply.text, conflict(store, { [name]: ['unique'] }))
    t.is(
      (
        await busy.get(
          `/${store}?where.name=Racer&where.${name}=${replies.find(({ status }) => status === 200)?.entity()[name] as string}`,
        )
      ).list().length,
      1,
    )
  }
})

test('41: tagnames made from the same name at once are numbered', async (t) => {
  const name = unique('Same Name')
  const replies = await Promise.all(Array.from({ length: 8 }, () => busy.post('/groups', { name })))
  const stem = name.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  t.deepEqual(
    replies.map((reply) => reply.entity().tagname).toSorted(),
    [stem, ...Array.from({ length: 7 }, (_, index) => `${stem}_${index + 2}`)].toSorted(),
  )
})
