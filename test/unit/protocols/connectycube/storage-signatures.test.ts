/** Proves that signed URLs of the storage (connectycube 7.2, 7.6) hold for an hour, and only for what and with the key they were signed for. */
import test from 'ava'
import { storageUrls } from '../../../../src/protocols/connectycube/storage-signatures.ts'

const NOW = Date.UTC(2026, 0, 1, 0, 0, 3)
const HOUR = 3_600_000
const BASE = 'https://files.example.org/cc'
const urls = (key = 1) => storageUrls({ installation: () => Promise.resolve(Buffer.alloc(32, key)) }, BASE)

const blob = { uid: '0a'.repeat(16) + '00', contentType: 'image/png; x="a@b"', public: true }
const fieldsOf = (url: string): Map<string, string> => new Map(new URL(url).searchParams)

test('an upload, for an hour and with that key', async (t) => {
  const { url, expires } = (await urls()).upload(blob, NOW)
  t.is(expires, NOW + HOUR)
  t.true(
    url.startsWith(
      `${BASE}/storage/upload?Content-Type=image%2Fpng%3B%20x%3D%22a%40b%22&Expires=Thu%2C%2001`,
    ),
  )
  const fields = fieldsOf(url)
  t.is((await urls()).uploadedTo(fields, NOW + HOUR - 1), blob.uid)
  t.is((await urls()).uploadedTo(fields, NOW + HOUR), undefined)
  t.is((await urls(2)).uploadedTo(fields, NOW), undefined)
  t.is((await urls()).uploadedTo(new Map(fields).set('acl', 'private'), NOW), undefined)
  t.is((await urls()).uploadedTo(fields.set('key', 'ff'), NOW), undefined)
  t.is((await urls()).uploadedTo(new Map(), NOW), undefined)
})

test('a content, for an hour and with that key', async (t) => {
  const url = new URL((await urls()).content(blob.uid, NOW))
  const expires = Number(url.searchParams.get('expires'))
  const content = { uid: blob.uid, expires, signature: url.searchParams.get('signature') ?? '' }
  t.is(url.pathname, `/cc/storage/files/${blob.uid}`)
  t.true((await urls()).opens(content, NOW + HOUR - 1_000))
  t.false((await urls()).opens(content, NOW + HOUR))
  t.false((await urls(2)).opens(content, NOW))
  t.false((await urls()).opens({ ...content, expires: expires + 1 }, NOW))
  t.false((await urls()).opens({ ...content, uid: 'other' }, NOW))
})
