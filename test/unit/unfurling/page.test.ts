/** Proves what is read out of a page for its preview (connectycube 10.4), whatever it says of itself and in whatever encoding. */
import test from 'ava'
import {
  CC_UNFURL_CHARACTERS_MAX,
  CC_UNFURL_IMAGES_MAX,
  CC_UNFURL_TITLE_CHARACTERS_MAX,
} from '../../../src/limits.ts'
import { htmlText } from '../../../src/unfurling/charset.ts'
import { readPage, webUrl } from '../../../src/unfurling/page.ts'

const HERE = new URL('https://example.org/a/b.html')
const meta = (name: string, content: string, by = 'property'): string =>
  `<meta ${by}="${name}" content="${content}">`

test('what it tells social networks comes before what it tells browsers', (t) => {
  const html = `<!DOCTYPE html><html><head><title>Browser</title>
    ${meta('description', 'for search', 'name')} ${meta('twitter:title', 'Twitter', 'name')}
    ${meta('og:title', ' ')} ${meta('OG:Title', 'Rock &amp;\n roll')} ${meta('og:description', 'Open')}
    ${meta('og:image', '/one.png')} ${meta('og:image', 'two.png?a=1&amp;b=2')} ${meta('twitter:image', '/three.png')}
    </head><body>${meta('og:title', 'too late')}</body>`
  t.deepEqual(readPage(html, HERE), {
    title: 'Rock & roll',
    description: 'Open',
    images: ['https://example.org/one.png', 'https://example.org/a/two.png?a=1&b=2'],
  })
})

test('without that it is its title and its description, and without a title its host', (t) => {
  const plain = `<title>A <b>page</b>\n of &lt;mine&gt;</title>${meta('description', 'said', 'name')}<title>x</title>
    <link rel="image_src" href="//cdn.example.org/i.png">`
  t.deepEqual(readPage(plain, HERE), {
    title: 'A <b>page</b> of <mine>',
    description: 'said',
    images: ['https://cdn.example.org/i.png'],
  })
  for (const html of [
    '',
    '<html><body>no head',
    '<title> \n </title>',
    '\u0000<<<>>',
    '<meta property content>',
  ])
    t.deepEqual(readPage(html, HERE), { title: 'example.org', description: '', images: [] }, html)
})

test('images are of the web, relative ones of the base, each once and not too many', (t) => {
  const urls = ['javascript:alert(1)', 'data:image/png;base64,AA', 'file:///x', 'http://[', 'i.png', 'i.png']
  const many = Array.from({ length: 50 }, (_, index) => `${index}.png`)
  const page = (base: string, images: readonly string[]): readonly string[] =>
    readPage(`<base href="${base}">${images.map((url) => meta('og:image', url)).join('')}`, HERE).images
  t.deepEqual(page('http://other.example/x/', urls), ['http://other.example/x/i.png'])
  t.deepEqual(page('javascript:0', ['i.png']), ['https://example.org/a/i.png'])
  t.is(page('/', many).length, CC_UNFURL_IMAGES_MAX)
  t.deepEqual(page('/', [`${'x'.repeat(3_000)}.png`]), [])
})

test('long texts are cut between characters, and a page may end anywhere', (t) => {
  const html = `<head>${meta('og:title', '😀'.repeat(1_000))}${meta('og:description', 'd'.repeat(500_000))}`
  const { title, description } = readPage(html, HERE)
  t.is(title, `${'😀'.repeat(CC_UNFURL_TITLE_CHARACTERS_MAX - 1)}…`)
  t.is(Array.from(description).length, CC_UNFURL_CHARACTERS_MAX)
  const whole = `<head>${meta('og:title', 'Whole')}<title>Other</title>`
  for (let end = 0; end < whole.length; end++)
    t.true(['Whole', 'example.org'].includes(readPage(whole.slice(0, end), HERE).title) || end > 45)
})

test('only URLs of the web are taken, and no endless ones', (t) => {
  t.is(webUrl('HTTP://Example.org/x#y')?.href, 'http://example.org/x#y')
  const none = [
    '',
    'example.org',
    '/x',
    'ftp://x/',
    'javascript:1',
    `https://x/${'a'.repeat(3_000)}`,
    'http://',
  ]
  for (const text of [...none, `https://x/${'ä'.repeat(1_000)}`]) t.is(webUrl(text), undefined, text)
})

test('the encoding is the one that is named, else UTF-8, else the usual one', (t) => {
  const text = 'Größe €'
  const utf8 = Buffer.from(text)
  const western = Buffer.from([0x47, 0x72, 0xf6, 0xdf, 0x65, 0x20, 0x80])
  t.is(htmlText(utf8, 'text/html'), text)
  t.is(htmlText(western, 'text/html'), text)
  t.is(htmlText(western, 'text/html; charset="ISO-8859-1"'), text)
  t.is(htmlText(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), utf8]), 'text/html; charset=koi8-r'), text)
  t.is(htmlText(Buffer.from(`\uFEFF${text}`, 'utf16le'), 'text/html'), text)
  const head = (label: string): Buffer => Buffer.from(`<meta charset=${label}>`)
  const cyrillic = Buffer.from([0xd0, 0xd2, 0xc9])
  t.is(htmlText(Buffer.concat([head('koi8-r'), cyrillic]), 'text/html'), '<meta charset=koi8-r>при')
  t.is(htmlText(Buffer.concat([head('utf-16'), utf8]), 'text/html'), `<meta charset=utf-16>${text}`)
  t.is(
    htmlText(Buffer.concat([head('no-such'), utf8]), 'text/html; charset=none'),
    `<meta charset=no-such>${text}`,
  )
  t.is(
    htmlText(utf8.subarray(0, -1), 'text/html'),
    'Größe ',
    'a character that is cut off is no reason to doubt',
  )
  t.is(htmlText(Buffer.alloc(0), ''), '')
})
