/**
 * Proves custom data (connectycube 6, 12.2) on the real server over HTTP: classes, the bytes of examples E8 to E11, conversions, and who may do
 * what over the whole matrix of rules.
 */
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { bodyOf, column, idOf, itemsOf, startDataRig, type DataRig } from '../support/connectycube-data.ts'
import { cleanUp } from '../support/server.ts'

let rig: DataRig
const as: DataRig['as'] = (name) => rig.as(name)
const call: DataRig['call'] = (...of) => rig.call(...of)
const by: DataRig['by'] = (...of) => rig.by(...of)
const admin: DataRig['admin'] = (...of) => rig.admin(...of)
const define: DataRig['define'] = (...of) => rig.define(...of)

test.before(async () => {
  rig = await startDataRig()
})
test.after.always(() => cleanUp(rig.server))

test('classes are the administrator’s', async (t) => {
  const made = await define(
    'Shelf',
    { label: 'String', places: 'Integer[]' },
    { use_class_permissions: ['read'] },
  )
  t.is(made.status, 201)
  t.deepEqual(bodyOf(made)['fields'], { label: 'String', places: 'Integer[]' })
  const again = await define('Shelf', { label: 'Integer', more: 'Date' })
  t.is(again.status, 200)
  t.deepEqual(bodyOf(again)['fields'], { label: 'Integer', places: 'Integer[]', more: 'Date' })
  t.deepEqual(bodyOf(again)['use_class_permissions'], ['read'])
  t.true(column(await admin('GET', '/admin/data/classes'), 'class_name').includes('Shelf'))
  for (const [name, fields] of [
    ['9x', {}],
    ['a'.repeat(65), {}],
    ['ok', { limit: 'String' }],
    ['ok', { a: 'Text' }],
  ] as const)
    t.is((await define(name, fields)).status, 422, `${name} ${JSON.stringify(fields)}`)
  t.is((await by('mira', 'POST', '/admin/data/classes', { class_name: 'x' })).status, 401)
  const unknown = await by('mira', 'GET', '/data/nowhere')
  t.deepEqual([unknown.status, unknown.body], [404, { errors: ['Undefined class'] }])
})

test('examples E8 to E11', async (t) => {
  await define('profile', { nick: 'String', age: 'Integer', tags: 'String[]' })
  const permissions = { update: { access: 'open_for_users_ids', ids: [String(as('otto').id)] } }
  const made = await by('mira', 'POST', '/data/profile.json', {
    nick: 'mi',
    age: '41',
    tags: ['a'],
    permissions,
    x: 1,
  })
  t.is(made.status, 201)
  const { _id, created_at, updated_at, ...rest } = bodyOf(made)
  const id = idOf(made)
  t.is(_id, id)
  t.deepEqual(Object.keys(bodyOf(made)), [
    ...['_id', '_parent_id', 'created_at', 'updated_at', 'user_id', 'nick', 'age', 'tags', 'permissions'],
  ])
  t.regex(id, /^[0-9a-f]{24}$/)
  t.true(Number.isInteger(created_at) && created_at === updated_at)
  t.deepEqual(rest, {
    ...{ _parent_id: null, user_id: as('mira').id, nick: 'mi', age: 41, tags: ['a'] },
    permissions: {
      read: { access: 'open' },
      update: { access: 'open_for_users_ids', users_ids: [String(as('otto').id)] },
      delete: { access: 'owner' },
    },
  })
  const changed = await by('otto', 'PUT', `/data/profile/${id}.json`, {
    ...{ id, inc: { age: 1 }, push: { tags: ['b', 'c'] }, pull: { tags: 'a' } },
  })
  t.is(changed.status, 200)
  t.like(changed.body, { age: 42, tags: ['b', 'c'], user_id: as('mira').id })
  const listed = await by('otto', 'GET', '/data/profile.json?age[gt]=28&limit=10&nick[ctn]=MI')
  const { permissions: _permissions, ...shown } = bodyOf(changed)
  t.deepEqual(listed.body, { class_name: 'profile', skip: 0, limit: 10, items: [shown] })
  const deletion = { token: as('mira').token, form: 'age[gte]=41&nick[in]=mi%2Cmo' }
  const deleted = await call('DELETE', '/data/profile/by_criteria.json', deletion)
  t.deepEqual([deleted.status, deleted.body], [200, { total_deleted: 1 }])
  t.is((await by('mira', 'GET', `/data/profile/${id}`)).status, 404)
})

test('an operator names its fields, a change one record, and a form elements by their index', async (t) => {
  await define('basket', { n: 'Integer', tags: 'String[]', at: 'Location', s: 'String' })
  const draft = { n: 1, tags: ['a', 'b', 'c'] }
  const id = idOf(await by('mira', 'POST', '/data/basket', draft))
  const other = idOf(await by('mira', 'POST', '/data/basket', draft))
  const path = `/data/basket/${id}`
  for (const op of ['inc', 'push', 'add_to_set', 'pull', 'pull_all', 'pop', 'update_by_index'])
    for (const value of [5, 'n', ['n'], false]) {
      const refused = await by('mira', 'PUT', path, { s: 'x', [op]: value })
      t.deepEqual([refused.status, refused.body], [422, { errors: { [op]: ['is invalid'] } }], op)
    }
  t.like((await by('mira', 'PUT', path, { inc: null, pull: {} })).body, { n: 1, s: null })
  t.is((await by('mira', 'PUT', `${path},${other}`, { n: 9 })).status, 404)
  t.deepEqual(column(await by('mira', 'GET', '/data/basket'), 'n'), [1, 1])
  const { token } = as('mira')
  const formed = async (form: string) => bodyOf(await call('PUT', path, { token, form }))
  t.deepEqual((await formed('tags[0]=x&tags[2]=y'))['tags'], ['x', 'b', 'y'])
  t.deepEqual((await formed('update_by_index%5Btags%5D%5B1%5D=z&s=[1]'))['tags'], ['x', 'z', 'y'])
  t.like(await formed('tags[4]=w&at[0]=13.4&at[1]=52.5'), { s: '[1]', at: [13.4, 52.5] })
  t.deepEqual((await formed('pull_all[tags][0]=x&pull_all[tags][1]=w'))['tags'], ['z', 'y', null])
  t.deepEqual((await formed('tags[]=p&tags[]=q'))['tags'], ['p', 'q'])
  const many = `record[1][id]=${id}&record[1][tags][1]=r&record[2][id]=${other}&record[2][tags][0]=s`
  const changed = await call('PUT', '/data/basket/multi', { token, form: many })
  t.deepEqual(column(changed, 'tags'), [
    ['p', 'r'],
    ['s', 'b', 'c'],
  ])
  // So the SDK asks for null.
  const orphans = await by('otto', 'GET', '/data/basket?_parent_id=null&n[ne]=null&count=1')
  t.deepEqual(orphans.body, { items: { count: 2 } })
})

test('values are converted by the type of their field, or refused', async (t) => {
  await define('typed', {
    ...{ i: 'Integer', f: 'Float', s: 'String', b: 'Boolean', l: 'Location', d: 'Date', p: 'File' },
    ...{ is: 'Integer[]', fs: 'Float[]', ss: 'String[]', bs: 'Boolean[]', any: 'Array' },
  })
  const rows: readonly (readonly [string, Json, Json | undefined])[] = [
    ...([
      ['i', '41', 41],
      ['i', -1.9, -1],
      ['i', 'x', undefined],
      ['i', true, undefined],
      ['i', 1e300, undefined],
    ] as const),
    ...([
      ['f', '1.5', 1.5],
      ['f', '', undefined],
      ['s', 7, '7'],
      ['s', true, 'true'],
      ['s', [1], undefined],
    ] as const),
    ...([
      ['b', '1', true],
      ['b', 'yes', false],
      ['b', [], undefined],
      ['l', '13.4, 52.5', [13.4, 52.5]],
    ] as const),
    ...([
      ['l', [13, 52], [13, 52]],
      ['l', [13], undefined],
      ['l', '200,0', undefined],
    ] as const),
    ...([
      ['d', '2026-01-31', '2026-01-31T00:00:00Z'],
      ['d', 1767225600.9, '2026-01-01T00:00:00Z'],
    ] as const),
    ...([
      ['d', 'soon', undefined],
      ['p', { name: 'x' }, undefined],
      ['p', null, null],
      ['i', null, null],
    ] as const),
    ...([
      ['is', '1, 2', [1, 2]],
      ['is', ['3', 4], [3, 4]],
      ['is', ['x'], undefined],
      ['is', '', []],
    ] as const),
    ...([
      ['fs', 1.5, [1.5]],
      ['ss', [1, 'b'], ['1', 'b']],
      ['bs', ['true', 0], [true, false]],
    ] as const),
    ...([
      ['any', [1, 'a', true], [1, 'a', true]],
      ['any', [{}], undefined],
    ] as const),
  ]
  const answers = await Promise.all(
    rows.map(([field, value]) => by('mira', 'POST', '/data/typed', { [field]: value })),
  )
  for (const [index, [field, value, expected]] of rows.entries()) {
    const { status, body } = answers[index] ?? { status: 0, body: null }
    const message = `${field} ${JSON.stringify(value)}`
    if (expected === undefined)
      t.deepEqual([status, body], [422, { errors: { [field]: ['is invalid'] } }], message)
    else t.deepEqual([status, isObject(body) && body[field]], [201, expected], message)
  }
  const form = await call('POST', '/data/typed', {
    token: as('mira').token,
    form: 'i=5&ss[]=a&ss[]=b&s=null&zzz=1',
  })
  t.like(form.body, { i: 5, ss: ['a', 'b'], s: null })
})

type Rules = { readonly [name: string]: readonly [allowed: readonly string[], rule: JsonObject] }

test('the whole matrix of rules, over HTTP', async (t) => {
  const ids = [String(as('otto').id)]
  const rules: Rules = {
    open: [['mira', 'otto', 'vip'], { access: 'open' }],
    owner: [['mira'], { access: 'owner' }],
    ids: [['mira', 'otto'], { access: 'open_for_users_ids', ids }],
    groups: [['mira', 'vip'], { access: 'open_for_groups', groups: ['vip'] }],
    none: [[], { access: 'not_allowed' }],
  }
  const check = async (name: string, isClass: boolean, [allowed, rule]: Rules[string]): Promise<void> => {
    const all = { read: rule, update: rule, delete: rule }
    const of = `m_${name}_${isClass ? 'class' : 'record'}`
    const counting = { permissions: all, use_class_permissions: ['read', 'update', 'delete'] }
    await define(of, { n: 'Integer' }, isClass ? counting : {})
    const mine = async (): Promise<string> =>
      idOf(await by('mira', 'POST', `/data/${of}`, { n: 1, ...(isClass ? {} : { permissions: all }) }))
    for (const caller of ['mira', 'otto', 'vip'] as const) {
      const id = await mine()
      const [status, matches] = allowed.includes(caller) ? [200, 1] : [403, 0]
      const message = `${of} ${caller}`
      t.is((await by(caller, 'GET', `/data/${of}/${id}`)).status, status, `${message} reads`)
      t.is(itemsOf(await by(caller, 'GET', `/data/${of}?_id=${id}`)).length, matches, `${message} lists`)
      const count = await by(caller, 'GET', `/data/${of}?_id=${id}&count=1`)
      t.deepEqual(count.body, { items: { count: matches } }, `${message} counts`)
      const put = await by(caller, 'PUT', `/data/${of}/${id}`, { n: 2 })
      t.is(put.status, status, `${message} updates`)
      const many = await by(caller, 'PUT', `/data/${of}/by_criteria`, { search_criteria: { _id: id }, n: 3 })
      t.is(bodyOf(many)['total_found'], matches, `${message} updates by criteria`)
      const gone = await by(caller, 'DELETE', `/data/${of}/${id}`)
      t.is(gone.status, status, `${message} deletes`)
      t.is(gone.text === '', status === 200, `${message} is told nothing of what he deleted`)
    }
    t.is((await admin('DELETE', `/data/${of}/${await mine()}`)).status, 200, `${of} the administrator`)
  }
  await Promise.all(
    Object.entries(rules).flatMap(([name, rule]) =>
      (name === 'none' ? [true] : [true, false]).map((isClass) => check(name, isClass, rule)),
    ),
  )
  await define(
    'closed',
    { n: 'Integer' },
    { permissions: { create: { access: 'open_for_groups', groups: ['vip'] } } },
  )
  for (const [caller, status] of [
    ['mira', 403],
    ['vip', 201],
  ] as const)
    t.is((await by(caller, 'POST', '/data/closed', { n: 1 })).status, status)
  t.is((await admin('POST', '/data/closed', { n: 1 })).status, 201)
  const wrong = await by('mira', 'POST', '/data/closed', {
    permissions: { read: { access: 'open_for_users_ids', users_ids: ['1'] } },
  })
  t.deepEqual([wrong.status, wrong.body], [422, { errors: { base: ['Field ids should be an array'] } }])
})
