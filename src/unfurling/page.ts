import { Parser } from 'htmlparser2'
import {
  CC_UNFURL_CHARACTERS_MAX,
  CC_UNFURL_IMAGES_MAX,
  CC_UNFURL_TITLE_CHARACTERS_MAX,
  CC_UNFURL_URL_CHARACTERS_MAX,
} from '../limits.ts'

/** What a page says of itself, cut to the limits; nothing of it is markup. Images are absolute URLs of the web. */
export type Page = {
  readonly title: string
  readonly description: string
  readonly images: readonly string[]
}

/**
 * Out of the head of a page: what it tells social networks (OpenGraph, Twitter) before what it tells browsers.
 * @param html may end anywhere
 * @param address that the page came from: relative ones are resolved against it
 */
export const readPage = (html: string, address: URL): Page => {
  const { said, title, base } = headOf(html)
  const first = (names: readonly string[], most: number): string => {
    for (const name of names) {
      const known = (said.get(name) ?? []).map((text) => plain(text, most)).find((text) => text !== '')
      if (known !== undefined) return known
    }
    return ''
  }
  const start = base === undefined ? address : (webUrl(base, address) ?? address)
  const titled = first(TITLES, CC_UNFURL_TITLE_CHARACTERS_MAX) || plain(title, CC_UNFURL_TITLE_CHARACTERS_MAX)
  return {
    title: titled === '' ? address.hostname : titled,
    description: first(DESCRIPTIONS, CC_UNFURL_CHARACTERS_MAX),
    images: imagesOf(said, start),
  }
}

/** A URL of the web that is not too long, resolved against another one if it is relative. */
export const webUrl = (text: string, base?: URL): URL | undefined => {
  if (text.length > CC_UNFURL_URL_CHARACTERS_MAX || !URL.canParse(text, base?.href)) return undefined
  const url = new URL(text, base)
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  return isWeb && url.href.length <= CC_UNFURL_URL_CHARACTERS_MAX ? url : undefined
}

const TITLES = ['og:title', 'twitter:title']
const DESCRIPTIONS = ['og:description', 'twitter:description', 'description']
/** Of the first group that names any: the others name the same ones in other sizes. */
const IMAGES = [
  ['og:image', 'og:image:url', 'og:image:secure_url'],
  ['twitter:image', 'twitter:image:src'],
  ['image_src'],
]
const NAMES = new Set([...TITLES, ...DESCRIPTIONS, ...IMAGES.flat()])
/** Of one name: more of them say nothing more. */
const SAID_MAX = 32

type Head = {
  readonly said: ReadonlyMap<string, readonly string[]>
  readonly title: string
  readonly base: string | undefined
}

/** The body is not looked at: what is meant for others stands before it. */
const headOf = (html: string): Head => {
  const said = new Map<string, string[]>()
  const titles: string[] = []
  let base: string | undefined
  let isInTitle = false
  const say = (name: string, value: string | undefined): void => {
    const known = said.get(name) ?? []
    if (value === undefined || !NAMES.has(name) || known.length >= SAID_MAX) return
    said.set(name, [...known, value])
  }
  const parser = new Parser({
    onopentag: (tag, attributes) => {
      if (tag === 'body') parser.pause()
      if (tag === 'meta') say(nameIn(attributes), attributes['content'])
      if (tag === 'link' && attributes['rel']?.toLowerCase() === 'image_src')
        say('image_src', attributes['href'])
      if (tag === 'base') base ??= attributes['href']
      isInTitle = tag === 'title' && titles.length === 0
    },
    ontext: (text) => {
      if (isInTitle) titles.push(text)
    },
    onclosetag: () => {
      isInTitle = false
    },
  })
  parser.write(html)
  return { said, title: titles.join(''), base }
}

const nameIn = ({ property, name }: { readonly [name: string]: string }): string =>
  (property ?? name ?? '').trim().toLowerCase()

/** One line, in whole characters. */
const plain = (text: string, most: number): string => {
  const line = text
    .slice(0, most * PLAIN_READ)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  return characters.length <= most
    ? line
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/** Blanks that fall away, and characters of two units, are within that. */
const PLAIN_READ = 4

const imagesOf = (said: Head['said'], base: URL): readonly string[] => {
  for (const group of IMAGES) {
    const urls = group
      .flatMap((name) => said.get(name) ?? [])
      .flatMap((text) => webUrl(text.trim(), base)?.href ?? [])
    if (urls.length > 0) return [...new Set(urls)].slice(0, CC_UNFURL_IMAGES_MAX)
  }
  return []
}
