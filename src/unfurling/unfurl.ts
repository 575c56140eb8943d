import { LRUCache } from 'lru-cache'
import type { Guarded, GuardedAnswer } from '../http/guarded.ts'
import {
  CC_UNFURL_BYTES_MAX,
  CC_UNFURL_FAILED_MS,
  CC_UNFURL_KEPT_MS,
  CC_UNFURL_MS_MAX,
  CC_UNFURL_PAGES_KEPT,
  CC_UNFURL_REDIRECTS_MAX,
} from '../limits.ts'
import { htmlText } from './charset.ts'
import { readPage, webUrl, type Page } from './page.ts'

/** Looks at pages that clients name (connectycube 10.4). */
export type Unfurler = {
  /** Nothing of what is no page, cannot be asked, or does not answer in time: which of these it was is nobody's business. */
  readonly unfurl: (url: URL) => Promise<Page | undefined>
  readonly close: () => void
}

/** What was found is kept for a while, and that nothing was for a shorter one; who asks meanwhile waits for the same answer. */
export const createUnfurler = (guarded: Guarded): Unfurler => {
  const pages = new LRUCache<string, Promise<Page | undefined>>({
    max: CC_UNFURL_PAGES_KEPT,
    ttl: CC_UNFURL_KEPT_MS,
  })
  return {
    unfurl: (url) => {
      const key = withoutFragment(url)
      const known = pages.get(key)
      if (known !== undefined) return known
      const asked = pageAt(guarded, new URL(key)).catch(() => undefined)
      pages.set(key, asked)
      void asked.then((page) => {
        if (page === undefined && pages.peek(key) === asked)
          pages.set(key, asked, { ttl: CC_UNFURL_FAILED_MS })
      })
      return asked
    },
    close: guarded.close,
  }
}

const HEADERS = {
  Accept: 'text/html, application/xhtml+xml',
  // The guard hands bodies on as they come.
  'Accept-Encoding': 'identity',
  'User-Agent': 'Headwater link preview',
}

const withoutFragment = (url: URL): string => {
  const bare = new URL(url)
  bare.hash = ''
  return bare.href
}

/** The guard looks at each address anew. */
const pageAt = async (guarded: Guarded, url: URL): Promise<Page | undefined> => {
  const until = performance.now() + CC_UNFURL_MS_MAX
  let address = url
  for (let hops = 0; hops <= CC_UNFURL_REDIRECTS_MAX; hops++) {
    const timeoutMs = Math.ceil(until - performance.now())
    if (timeoutMs <= 0) return undefined
    const answer = await guarded.request(address.href, {
      headers: HEADERS,
      timeoutMs,
      bytesMax: CC_UNFURL_BYTES_MAX,
    })
    if (!REDIRECTS.has(answer.status)) return pageIn(answer, address)
    const next = webUrl(answer.headers.location ?? '', address)
    if (next === undefined) return undefined
    address = next
  }
  return undefined
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
const IS_PAGE = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i

const pageIn = ({ status, headers, body }: GuardedAnswer, address: URL): Page | undefined => {
  const type = headers['content-type'] ?? ''
  const encoding = headers['content-encoding'] ?? 'identity'
  const isPage = status >= 200 && status < 300 && IS_PAGE.test(type) && encoding === 'identity'
  return isPage ? readPage(htmlText(body, type), address) : undefined
}
