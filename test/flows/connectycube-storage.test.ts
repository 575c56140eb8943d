/**
 * Proves the storage of files (connectycube 7, E16) on the real server over plain HTTP, by what the specification alone says: the flow with the
 * form that an SDK makes of the URL, who may what, forged and expired policies, ranges, renewal and deletion; and that a large upload does not
 * make the server grow (100 MB with `SOAK`, otherwise 5).
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import test from 'ava'
import type { Json, JsonObject } from '../../src/json.ts'
import { APP, objectAt, send, textAt, tokenOf, type Reply } from '../support/connectycube.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
let people = 0

test.before(async () => {
  server = await startServer()
})
test.after.always(() => cleanUp(server))

const call = (method: string, path: string, token?: string, json?: Json): Promise<Reply> =>
  send(method, `${server.url}${path}`, {
    ...(token === undefined ? {} : { token }),
    ...(json === undefined ? {} : { json }),
  })

/** The token of a new user. */
const person = async (): Promise<string> => {
  const user = { login: `keeper${++people}`, password: 'blue-whale-7' }
  const token = tokenOf(await call('POST', '/session.json', undefined, { ...APP }))
  await call('POST', '/users.json', token, { user })
  await call('POST', '/login.json', token, user)
  return token
}

type Declared = { readonly id: number; readonly uid: string; readonly params: string }

const declared = (reply: Reply): Declared => {
  const blob = objectAt(reply.body, 'blob')
  const params = textAt(objectAt(blob, 'blob_object_access'), 'params')
  return { id: Number(blob['id']), uid: textAt(blob, 'uid'), params }
}

const declare = async (token: string, more: JsonObject = {}): Promise<Declared> => {
  const blob = { name: 'map.png', content_type: 'image/png', ...more }
  return declared(await call('POST', '/blobs.json', token, { blob }))
}

/** What the SDK's expression makes of the URL: its values decoded, a plus sign left as it is. */
const formOf = (params: string): { readonly url: string; readonly fields: Map<string, string> } => {
  const [url = '', query = ''] = params.split('?')
  const pairs = query.split('&').map((pair) => /^([^=]*)=?(.*)$/.exec(pair) ?? [])
  return { url, fields: new Map(pairs.map(([, name = '', value = '']) => [name, decodeURIComponent(value)])) }
}

const part = (head: string, content: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(`--X\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    Buffer.from(content),
    EOL,
  ])
const EOL = Buffer.from('\r\n')

/** The part `file` without a filename, and not even with the type of one. */
const uploadTo = async (
  { params }: Pick<Declared, 'params'>,
  bytes: string | Buffer,
  change: { readonly [field: string]: string } = {},
): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> => {
  const { url, fields } = formOf(params)
  for (const [name, value] of Object.entries(change)) fields.set(name, value)
  const body = Buffer.concat([
    ...[...fields].map(([name, value]) => part(`name="${name}"`, value)),
    part('name="file"', bytes),
    Buffer.from('--X--\r\n'),
  ])
  const headers = { 'Content-Type': 'multipart/form-data; boundary=X', 'CB-Token': 'dead' }
  const response = await fetch(url, { method: 'POST', headers, body })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const stored = async (token: string, bytes: string | Buffer, more: JsonObject = {}): Promise<Declared> => {
  const blob = await declare(token, more)
  await uploadTo(blob, bytes)
  await call('PUT', `/blobs/${blob.id}/complete.json`, token, { size: 1 })
  return blob
}

const contentUrl = async (path: string, token?: string): Promise<string> =>
  (await call('GET', path, token)).headers.get('location') ?? ''

test.serial('E16: create, upload, complete, download', async (t) => {
  const mira = await person()
  const made = await call('POST', '/blobs.json', mira, {
    blob: { name: "a+b 'é.png", content_type: 'image/png', public: false },
  })
  t.is(made.status, 201)
  const blob = declared(made)
  t.regex(blob.uid, /^[0-9a-f]{32}00$/)
  t.like(objectAt(made.body, 'blob'), {
    size: null,
    public: false,
    blob_status: null,
    set_completed_at: null,
  })
  const { url, fields } = formOf(blob.params)
  t.is(url, `${server.url}/storage/upload`)
  t.like(Object.fromEntries(fields), { key: blob.uid, acl: 'private', 'Content-Type': 'image/png' })
  t.notRegex(blob.params.split('?')[1] ?? '', /[@+:/#'()!* ]/)

  t.is((await call('PUT', `/blobs/${blob.id}/complete.json`, mira, { size: 5 })).status, 422)
  await uploadTo(blob, 'earlier and longer')
  const put = await uploadTo(blob, 'five5')
  t.is(put.status, 201)
  t.is(put.headers.get('access-control-allow-origin'), '*')
  const md5 = createHash('md5').update('five5').digest('hex')
  t.true(put.text.includes(`<Key>${blob.uid}</Key><ETag>"${md5}"</ETag></PostResponse>`))
  t.is((await call('GET', `/blobs/${blob.uid}`, mira)).status, 404)
  t.is((await call('PUT', `/blobs/${blob.id}/complete.json`, mira, {})).status, 422)
  const done = await call('POST', `/blobs/${blob.id}/complete`, mira, { blob: { size: '999' } })
  t.deepEqual([done.status, done.text], [200, ''])
  t.is((await uploadTo(blob, 'late')).status, 403)

  t.is((await call('GET', `/blobs/${blob.uid}`)).status, 401)
  const redirected = await call('GET', `/blobs/${blob.uid}?token=${mira}`)
  t.deepEqual([redirected.status, redirected.headers.get('cache-control')], [301, 'no-store'])
  const response = await fetch(redirected.headers.get('location') ?? '')
  t.is(await response.text(), 'five5')
  const header = (name: string): string | null => response.headers.get(name)
  t.deepEqual(
    [header('content-type'), header('content-length'), header('etag'), header('x-content-type-options')],
    ['image/png', '5', `"${md5}"`, 'nosniff'],
  )
  t.is(header('content-disposition'), "inline; filename*=UTF-8''a%2Bb%20%27%C3%A9.png")
  t.is(header('access-control-allow-origin'), '*')
})

test.serial('what is known of a file, by the suffix or a number; lists; changes', async (t) => {
  const [mira, otto] = [await person(), await person()]
  const one = await stored(mira, 'one')
  const two = await stored(mira, 'two', { public: true })
  for (const path of [`/blobs/${one.id}`, `/blobs/${one.uid}.json`, `/blobs/${one.id}.json?blob[name]=other`])
    t.like(objectAt((await call('GET', path, otto)).body, 'blob'), {
      ...{ id: one.id, uid: one.uid, name: 'map.png', size: 3, blob_status: 'complete' },
    })
  t.is((await call('GET', `/blobs/${one.id}`)).status, 401)
  t.is((await call('GET', `/blobs/${one.uid}.json`)).status, 401)
  t.like((await call('GET', '/blobs?per_page=1&page=2', mira)).body, {
    ...{ current_page: 2, per_page: 1, total_entries: 2, items: [{ blob: { id: two.id } }] },
  })
  const access = (await call('GET', `/blobs/${two.uid}/object?download_url=1`, otto)).body
  const url = textAt(objectAt(access, 'blob_object_access'), 'download_url')
  t.is(await (await fetch(url)).text(), 'two')
  t.is((await call('PUT', `/blobs/${one.id}`, otto, { blob: { name: 'mine' } })).status, 403)
  t.is((await call('PUT', `/blobs/${one.id}/complete`, otto, { size: 1 })).status, 403)
  t.is((await call('PUT', '/blobs/999999', mira, { blob: { name: 'none' } })).status, 404)
  t.deepEqual((await call('PUT', `/blobs/${one.id}`, mira, { blob: { content_type: 'png' } })).body, {
    errors: { content_type: ['is invalid'] },
  })
  const renamed = await call('PUT', `/blobs/${one.id}`, mira, {
    blob: { name: 'b', content_type: 'text/css' },
  })
  t.like(objectAt(renamed.body, 'blob'), { name: 'b', content_type: 'text/css', size: 3 })
  const again = declared(await call('PUT', `/blobs/${one.id}`, mira, { blob: { new: 1 } }))
  t.is((await call('GET', `/blobs/${one.uid}`, mira)).status, 404)
  t.is((await call('PUT', `/blobs/${one.id}/complete`, mira, { size: 1 })).status, 422)
  t.is((await uploadTo(again, 'another')).status, 201)
  t.is((await call('PUT', `/blobs/${one.id}/complete`, mira, { size: 7 })).status, 200)
  t.is(await (await fetch(await contentUrl(`/blobs/${one.uid}/download`, mira))).text(), 'another')
})

test.serial('a file without a name or a type, with wrong ones, or not from a user', async (t) => {
  const mira = await person()
  t.deepEqual((await call('POST', '/blobs', mira, { blob: {} })).body, {
    errors: { name: ["can't be blank"], content_type: ["can't be blank"] },
  })
  const wrong = { name: 'x'.repeat(101), content_type: 'a/b\r\nX: y' }
  t.deepEqual((await call('POST', '/blobs', mira, { blob: wrong })).body, {
    errors: { name: ['is too long (maximum is 100 characters)'], content_type: ['is invalid'] },
  })
  const session = tokenOf(await call('POST', '/session.json', undefined, { ...APP }))
  t.is((await call('POST', '/blobs', session, { blob: {} })).status, 403)
  const { uid } = await stored(mira, 'hidden')
  t.is((await call('GET', `/blobs/${uid}`, session)).status, 401)
  t.deepEqual((await call('GET', `/blobs/${uid}`, 'dead')).body, {
    errors: { base: ['Required session does not exist'] },
  })
  t.is((await call('GET', '/blobs/00000000000000000000000000000000ff', mira)).status, 404)
})

test.serial('policies that are forged, expired or of another file, and broken forms', async (t) => {
  const mira = await person()
  const [mine, other] = [await declare(mira), await declare(mira)]
  const policy = formOf(mine.params).fields.get('policy') ?? ''
  const later = Buffer.from(policy, 'base64').toString().replace('20', '21')
  const forgeries = [
    { policy: Buffer.from(later).toString('base64') },
    { 'x-amz-signature': '0'.repeat(64) },
    { key: other.uid },
    { acl: 'public-read' },
  ]
  for (const forgery of forgeries) {
    const refused = await uploadTo(mine, 'x', forgery)
    t.is(refused.status, 403)
    t.regex(refused.text, /<Error><Code>AccessDenied<\/Code>/)
    t.regex(refused.headers.get('content-type') ?? '', /^application\/xml/)
  }
  const { url } = formOf(mine.params)
  for (const headers of [{}, { 'Content-Type': 'multipart/form-data; boundary=X' }]) {
    const broken = await fetch(url, { method: 'POST', headers, body: '--X\r\nContent-Disposition: form' })
    t.is(broken.status, 400)
    t.regex(await broken.text(), /MalformedPOSTRequest/)
  }
  // The form ends in the middle of the file.
  const whole = [...formOf(mine.params).fields].map(([name, value]) => part(`name="${name}"`, value))
  const cut = Buffer.concat([...whole, part('name="file"', 'some')])
  const headers = { 'Content-Type': 'multipart/form-data; boundary=X' }
  const ended = await fetch(url, { method: 'POST', headers, body: cut })
  t.deepEqual([ended.status, (await ended.text()).includes('MalformedPOSTRequest')], [400, true])
  t.is((await call('PUT', `/blobs/${mine.id}/complete`, mira, { size: 4 })).status, 422)
  t.is((await uploadTo(mine, 'x')).status, 201)
  t.is((await call('DELETE', `/blobs/${other.id}`, await person())).status, 403)
  t.is((await call('DELETE', `/blobs/${other.id}`, mira)).text, '')
  t.is((await uploadTo(other, 'x')).status, 403)
  t.is((await call('GET', `/blobs/${other.uid}.json`, mira)).status, 404)
})

test.serial('ranges, HEAD, signatures of contents, what browsers would run', async (t) => {
  const mira = await person()
  const { id, uid } = await stored(mira, '0123456789', { public: true, content_type: 'text/html' })
  const twin = await stored(mira, '0123456789', { public: true })
  const url = await contentUrl(`/blobs/${uid}`)
  const get = async (range: string, more = {}) => {
    const response = await fetch(url, { headers: { Range: range, ...more } })
    return [response.status, response.headers.get('content-range'), await response.text()]
  }
  t.deepEqual(await get('bytes=2-4'), [206, 'bytes 2-4/10', '234'])
  t.deepEqual(await get('bytes=7-'), [206, 'bytes 7-9/10', '789'])
  t.deepEqual(await get('bytes=-3'), [206, 'bytes 7-9/10', '789'])
  t.deepEqual(await get('bytes=8-99'), [206, 'bytes 8-9/10', '89'])
  t.deepEqual((await get('bytes=10-')).slice(0, 2), [416, 'bytes */10'])
  t.deepEqual((await get('bytes=-0')).slice(0, 2), [416, 'bytes */10'])
  t.deepEqual(await get('bytes=0-1,3-4'), [200, null, '0123456789'])
  t.deepEqual(await get('bytes=0-1', { 'If-Range': '"another"' }), [200, null, '0123456789'])
  const known = { 'If-None-Match': `"other", W/"${createHash('md5').update('0123456789').digest('hex')}"` }
  t.deepEqual(await get('bytes=0-1', known), [304, null, ''])
  t.is((await get('bytes=0-1', { 'If-None-Match': '"other"' }))[0], 206)
  t.is((await get('bytes=0-1', { 'If-Match': '"other"' }))[0], 412)
  t.is((await get('bytes=0-1', { 'If-Match': '*' }))[0], 206)
  const head = await fetch(url, { method: 'HEAD' })
  t.deepEqual([head.status, head.headers.get('content-length')], [200, '10'])
  t.regex(head.headers.get('content-disposition') ?? '', /^attachment; /)
  await call('PUT', `/blobs/${id}`, mira, { blob: { content_type: ' text/xsl ' } })
  const sheet = await fetch(url)
  t.is(sheet.headers.get('content-type'), 'text/xsl')
  t.regex(sheet.headers.get('content-disposition') ?? '', /^attachment; /)
  await sheet.arrayBuffer()
  const [path = '', query = ''] = url.split('?')
  t.is((await fetch(path)).status, 403)
  t.is((await fetch(url.replace(/expires=(\d+)/, 'expires=9$1'))).status, 403)
  t.is((await fetch(`${path.replace(uid, twin.uid)}?${query}`)).status, 403)
  // The same bytes of another file stay.
  t.is((await call('DELETE', `/blobs/${id}`, mira)).status, 200)
  t.is((await fetch(url)).status, 404)
  t.is(await (await fetch(await contentUrl(`/blobs/${twin.uid}`))).text(), '0123456789')
  const nothing = await stored(mira, '', { public: true })
  t.is(await (await fetch(await contentUrl(`/blobs/${nothing.uid}`))).text(), '')
})

test.serial('a large file comes and goes without the server growing; a larger one is refused', async (t) => {
  const mira = await person()
  const megabytes = process.env['SOAK'] === undefined ? 5 : 100
  const bytes = randomBytes(megabytes * 1024 * 1024)
  const before = await memoryPeak()
  const blob = await stored(mira, bytes, { public: true })
  const back = Buffer.from(await (await fetch(await contentUrl(`/blobs/${blob.uid}`))).arrayBuffer())
  t.true(back.equals(bytes))
  if (megabytes < 100) return
  t.true((await memoryPeak()) - before < 60 * 1024)
  const refused = await uploadTo(await declare(mira), Buffer.concat([bytes, Buffer.from('1')]))
  t.is(refused.status, 400)
  t.regex(refused.text, /<Code>EntityTooLarge<\/Code>/)
})

/** Of the server, in KiB. */
const memoryPeak = async (): Promise<number> =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1] ?? 0)
