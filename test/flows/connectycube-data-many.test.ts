/**
 * Proves the many ways of custom data (connectycube 6) on the real server over HTTP: every option of lists, updates and deletions of many, what
 * hangs on what, classes without a schema, and files.
 */
import test from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import type { Reply } from '../support/connectycube.ts'
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

test('lists: orders, pages, outputs, places and groups', async (t) => {
  await define('city', {
    name: 'String',
    size: 'Integer',
    land: 'String',
    at: 'Location',
    since: 'Date',
    tags: 'String[]',
  })
  const rows = [
    ['Berlin', 36, 'DE', [13.405, 52.52], ['a', 'b']],
    ['Potsdam', 2, 'DE', [13.064, 52.391], ['b']],
    ['Wien', 19, 'AT', [16.373, 48.208], []],
    ['Graz', null, 'AT', [15.439, 47.071], ['c']],
    ['Suva', 1, null, [178.44, -18.14], ['a']],
  ] as const
  const record = Object.fromEntries(
    rows.map(([name, size, land, at, tags], n) => [
      n + 1,
      { name, size, land, at: [...at], tags: [...tags], since: n + 1 },
    ]),
  )
  const made = await by('mira', 'POST', '/data/city/multi', { record })
  t.deepEqual([made.status, column(made, 'name')], [201, rows.map(([name]) => name)])
  const list = (query: string): Promise<Reply> => by('otto', 'GET', `/data/city.json?${query}`)
  const named = async (query: string): Promise<readonly Json[]> => column(await list(query), 'name')
  t.deepEqual(
    await named(''),
    rows.map(([name]) => name),
  )
  t.deepEqual(await named('sort_desc=size&limit=2&skip=1'), ['Wien', 'Potsdam'])
  t.deepEqual(await named('sort_asc=size&limit=-1'), ['Berlin'])
  t.deepEqual(await named('limit=-1'), ['Suva'])
  t.deepEqual(await named('size[gte]=2&size[lt]=36'), ['Potsdam', 'Wien'])
  t.deepEqual(await named('land[in]=AT,XX&size[ne]=19'), ['Graz'])
  t.deepEqual(await named('tags[all]=a,b'), ['Berlin'])
  t.deepEqual(await named('name[or]=Graz&land[or]=DE'), ['Berlin', 'Potsdam', 'Graz'])
  t.deepEqual(await named('since[gt]=1970-01-01T00:00:04Z'), ['Suva'])
  t.deepEqual(await named(`user_id=${as('otto').id}`), [])
  t.deepEqual(await named('at[near]=13.4,52.5;30000'), ['Berlin', 'Potsdam'])
  t.deepEqual(await named('at[near]=13.4,52.5;30000&skip=1&limit=1'), ['Potsdam'])
  // Over the line where days begin.
  t.deepEqual(await named('at[near]=-179.9,-18;400000'), ['Suva'])
  t.deepEqual((await list('at[near]=13.4,52.5;30000&count=1')).body, { items: { count: 2 } })
  t.deepEqual(Object.keys(itemsOf(await list('limit=1&output[include]=name,size'))[0] ?? {}), [
    '_id',
    'name',
    'size',
  ])
  t.false('tags' in (itemsOf(await list('limit=1&output[exclude]=tags'))[0] ?? {}))
  const groups = async (op: string) => itemsOf(await list(`size[calc]=${op}&group_by=land`))
  t.deepEqual(await groups('sum'), [
    { land: null, calc_sum: 1 },
    { land: 'AT', calc_sum: 19 },
    { land: 'DE', calc_sum: 38 },
  ])
  t.deepEqual(await groups('avg'), [
    { land: null, calc_avg: 1 },
    { land: 'AT', calc_avg: 19 },
    { land: 'DE', calc_avg: 19 },
  ])
  t.deepEqual((await groups('max')).at(-1), { land: 'DE', calc_max: 36 })
  for (const query of [
    'group_by=land',
    'size[calc]=sum',
    'name[calc]=sum&group_by=land',
    'size[xx]=1',
    'size=x',
  ])
    t.is((await list(query)).status, 422, query)
})

test('many at once: each by itself, none without criteria, none if one is invalid', async (t) => {
  await define('many', { n: 'Integer', tags: 'String[]' })
  const made = await by('mira', 'POST', '/data/many/multi', {
    record: { 1: { n: 1 }, 2: { n: 2 }, 3: { n: 3 } },
  })
  const [one = '', two = '', three = ''] = column(made, '_id').map(String)
  const invalid = await by('mira', 'POST', '/data/many/multi', { record: { 0: { n: 9 }, 1: { n: 'x' } } })
  t.is(invalid.status, 422)
  t.deepEqual((await by('mira', 'GET', '/data/many?n=9&count=1')).body, { items: { count: 0 } })
  const theirs = idOf(await by('otto', 'POST', '/data/many', { n: 10 }))
  const missing = 'f'.repeat(24)
  const record = {
    1: { id: one, n: 11 },
    2: { id: theirs, n: 12 },
    3: { id: missing, n: 13 },
    4: { id: one, inc: { n: 1 } },
  }
  const updated = await by('mira', 'PUT', '/data/many/multi', { record })
  t.deepEqual(
    [bodyOf(updated)['not_found'], bodyOf(updated)['not_permitted']],
    [{ ids: [missing] }, { ids: [theirs] }],
  )
  t.deepEqual(column(updated, 'n'), [11, 12])
  const fine = await by('mira', 'PUT', '/data/many/multi', { record: { 1: { id: two, n: 5 } } })
  t.deepEqual(Object.keys(bodyOf(fine)), ['class_name', 'items'])
  const criteria = await by('mira', 'PUT', '/data/many/by_criteria', {
    search_criteria: { n: { gt: 1 } },
    push: { tags: 'x' },
  })
  t.like(criteria.body, { class_name: 'many', skip: 0, limit: 100, total_found: 3 })
  for (const search_criteria of [{}, null, { unknown: 1 }, { n: {} }, { n: { nin: [] } }])
    t.is((await by('mira', 'PUT', '/data/many/by_criteria', { search_criteria, n: 0 })).status, 422)
  for (const form of ['', 'unknown=1', 'sort_asc=n', 'n[nin]='])
    t.is(
      (await call('DELETE', '/data/many/by_criteria', { token: as('mira').token, form })).status,
      422,
      form,
    )
  t.is((await by('mira', 'DELETE', '/data/many')).status, 404)
  t.deepEqual((await by('mira', 'GET', '/data/many?count=1')).body, { items: { count: 4 } })
  t.is((await by('mira', 'PUT', `/data/many/${one}`, { inc: { tags: 1 } })).status, 422)
  t.is((await by('mira', 'PUT', `/data/many/${missing}`, { n: 1 })).status, 404)
  const both = await by('mira', 'GET', `/data/many/${three},${missing},${one}`)
  t.deepEqual(column(both, '_id'), [three, one])
  const removed = await by('mira', 'DELETE', `/data/many/${one},${theirs},${missing}`)
  t.deepEqual(removed.body, {
    SuccessfullyDeleted: { ids: [one] },
    WrongPermissions: { ids: [theirs] },
    NotFound: { ids: [missing] },
  })
  const rules = await by('mira', 'GET', `/data/many/${two}?permissions=1`)
  t.is(bodyOf(rules)['record_id'], two)
  t.is((await by('otto', 'GET', `/data/many/${two}?permissions=1`)).status, 403)
})

test('of several changes none is made if one of them cannot be', async (t) => {
  await define('whole', { n: 'Integer', s: 'String' })
  const most = Number.MAX_SAFE_INTEGER
  const record = { 1: { n: 1 }, 2: { n: most } }
  const [one = '', two = ''] = column(await by('mira', 'POST', '/data/whole/multi', { record }), '_id').map(
    String,
  )
  const update = (...changes: readonly JsonObject[]): Promise<Reply> =>
    by('mira', 'PUT', '/data/whole/multi', { record: Object.fromEntries(changes.entries()) })
  t.deepEqual((await update({ id: one, n: 5 }, { id: two, inc: { n: 1 } })).body, {
    errors: { n: ['is invalid'] },
  })
  // By what the first change of it leaves.
  t.is((await update({ id: one, n: most }, { id: one, inc: { n: 1 } })).status, 422)
  t.is((await update({ id: one, n: 5 }, { id: two, s: 'x'.repeat(750_000) })).status, 400)
  const search_criteria = { n: { gte: 1 } }
  const byCriteria = { search_criteria, inc: { n: 1 } }
  t.is((await by('mira', 'PUT', '/data/whole/by_criteria', byCriteria)).status, 422)
  t.deepEqual(column(await by('mira', 'GET', '/data/whole'), 'n'), [1, most])
  t.deepEqual(column(await update({ id: two, n: 1 }, { id: two, inc: { n: 1 } }), 'n'), [1, 2])
  // What somebody may not change does not keep him from the rest.
  const theirs = idOf(await by('otto', 'POST', '/data/whole', { n: most }))
  const mixed = await update({ id: one, n: 7 }, { id: theirs, inc: { n: 1 } })
  t.like(mixed.body, { not_permitted: { ids: [theirs] } })
  t.deepEqual(column(mixed, 'n'), [7])
})

test('a field that changes its type shows what it holds in the new one, or nothing', async (t) => {
  const kept = { text: '41', number: 1e20, small: 41.5, list: ['a'], flag: true }
  const types = { text: 'String', number: 'Float', small: 'Float', list: 'String[]', flag: 'Boolean' }
  await define('turned', types)
  await by('mira', 'POST', '/data/turned', kept)
  const shownAs = async (type: string): Promise<Json> => {
    await define('turned', Object.fromEntries(Object.keys(types).map((field) => [field, type])))
    const [item = {}] = itemsOf(await by('mira', 'GET', '/data/turned'))
    return Object.keys(types).map((field) => item[field] ?? null)
  }
  t.deepEqual(await shownAs('Date'), ['1970-01-01T00:00:41Z', null, '1970-01-01T00:00:00Z', null, null])
  t.deepEqual(await shownAs('Integer'), [41, null, 41, null, null])
  t.deepEqual(await shownAs('String'), ['41', '100000000000000000000', '41.5', null, 'true'])
  t.deepEqual(await shownAs('Integer[]'), [[41], null, [41], null, null])
  t.deepEqual(await shownAs('Location'), [null, null, null, null, null])
})

test('who loses nothing while many count at once', async (t) => {
  await define('counter', { n: 'Integer' })
  const id = idOf(await by('mira', 'POST', '/data/counter', {}))
  const all = await Promise.all(
    Array.from({ length: 30 }, () => by('mira', 'PUT', `/data/counter/${id}`, { inc: { n: 1 } })),
  )
  t.true(all.every(({ status }) => status === 200))
  t.is(itemsOf(await by('mira', 'GET', `/data/counter/${id}`))[0]?.['n'], 30)
})

test('what hangs on a record goes with it, in all classes, whoever has it; and with a class', async (t) => {
  await define('tree', { n: 'Integer' })
  await define('leaf', { n: 'Integer' })
  const hang = async (name: 'mira' | 'otto', of: string, parent: string | null): Promise<string> =>
    idOf(await by(name, 'POST', `/data/${of}`, { _parent_id: parent, n: 1 }))
  const root = await hang('mira', 'tree', null)
  const child = await hang('otto', 'leaf', root)
  const grandchild = await hang('otto', 'tree', child)
  const other = await hang('otto', 'leaf', null)
  t.deepEqual(column(await by('mira', 'GET', `/data/leaf?_parent_id=${root}`), '_id'), [child])
  // Round in a circle.
  await by('mira', 'PUT', `/data/tree/${root}`, { _parent_id: grandchild })
  const gone = await by('mira', 'DELETE', `/data/tree/${root},${grandchild}`)
  t.deepEqual(bodyOf(gone)['SuccessfullyDeleted'], { ids: [root, grandchild] })
  t.deepEqual(column(await by('mira', 'GET', '/data/leaf'), '_id'), [other])

  const old = await hang('mira', 'tree', null)
  await hang('otto', 'leaf', old)
  t.deepEqual((await admin('DELETE', '/admin/data/classes/tree')).body, {})
  t.is((await admin('DELETE', '/admin/data/classes/tree')).status, 404)
  t.is((await by('mira', 'GET', '/data/tree')).status, 404)
  t.deepEqual(column(await by('mira', 'GET', '/data/leaf'), '_id'), [other])
  t.is((await define('tree', { n: 'Integer' })).status, 201)
  t.deepEqual(itemsOf(await by('mira', 'GET', '/data/tree')), [])
  t.is((await by('mira', 'PUT', `/data/tree/${old}`, { n: 2 })).status, 404)
})

test('a class without a schema takes any field as it is', async (t) => {
  await define('loose', { age: 'Integer' }, { schemaless: true })
  const made = await by('mira', 'POST', '/data/loose', {
    age: '4',
    any: { deep: [1] },
    flag: true,
    list: [1, 'a'],
    'a.b': 1,
    $x: 1,
  })
  t.like(made.body, { age: 4, any: { deep: [1] }, flag: true, list: [1, 'a'] })
  t.false('a.b' in bodyOf(made) || '$x' in bodyOf(made))
  const changed = await by('mira', 'PUT', `/data/loose/${idOf(made)}`, {
    push: { list: 2 },
    inc: { score: '1.5' },
    list: { 0: 'z' },
  })
  t.like(changed.body, { list: ['z', 'a', 2], score: 1.5 })
  t.is((await by('mira', 'PUT', `/data/loose/${idOf(made)}`, { inc: { flag: 1 } })).status, 422)
  t.is(
    (
      await by('mira', 'PUT', '/data/loose/by_criteria', {
        search_criteria: { flag: true },
        inc: { flag: 1 },
      })
    ).status,
    422,
  )
  t.is(itemsOf(await by('mira', 'GET', '/data/loose?score[gt]=1&flag=true')).length, 1)
  const sums = await by('mira', 'GET', '/data/loose?score[calc]=sum&group_by=flag')
  t.deepEqual(itemsOf(sums), [{ flag: true, calc_sum: 1.5 }])
})

test('files are put, read, replaced and taken away', async (t) => {
  await define('doc', { scan: 'File', n: 'Integer' })
  const id = idOf(await by('mira', 'POST', '/data/doc', {}))
  const path = `${rig.server.url}/data/doc/${id}/file`
  const put = (name: 'mira' | 'otto', field: string, bytes: string): Promise<Response> => {
    const form = new FormData()
    form.set('field_name', field)
    form.set('file', new Blob([bytes], { type: 'text/html' }), 'päge.html')
    return fetch(path, { method: 'POST', headers: { 'CB-Token': as(name).token }, body: form })
  }
  const get = (field: string) =>
    fetch(`${path}?field_name=${field}`, { headers: { 'CB-Token': as('otto').token } })
  const first = await put('mira', 'scan', '<b>one</b>')
  t.is(first.status, 200)
  const { file_id, ...file } = (await first.json()) as { readonly file_id: string }
  t.deepEqual(file, { name: 'päge.html', size: 10, content_type: 'text/html' })
  const content = await get('scan')
  t.deepEqual([content.status, await content.text()], [200, '<b>one</b>'])
  t.is(content.headers.get('x-content-type-options'), 'nosniff')
  t.regex(content.headers.get('content-disposition') ?? '', /^attachment; filename\*=UTF-8''p%C3%A4ge\.html$/)
  t.is((await put('otto', 'scan', 'x')).status, 403)
  t.is((await put('mira', 'n', 'x')).status, 422)
  t.is((await put('mira', 'scan', '')).status, 200)
  t.deepEqual(await (await get('scan')).text(), '')
  const shown = itemsOf(await by('mira', 'GET', `/data/doc/${id}`))[0]?.['scan']
  t.true(isObject(shown) && shown['file_id'] !== file_id && !('sha256' in shown))
  t.is((await by('mira', 'PUT', `/data/doc/${id}`, { scan: shown ?? 1 })).status, 422)
  t.is((await by('mira', 'DELETE', `/data/doc/${id}/file?field_name=scan`)).status, 200)
  t.is((await get('scan')).status, 404)
  t.is(
    (await fetch(path, { method: 'POST', headers: { 'CB-Token': as('mira').token }, body: 'x' })).status,
    400,
  )
})
