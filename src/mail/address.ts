import { domainToASCII, domainToUnicode } from 'node:url'

/**
 * The bare address of a text that is exactly one mailbox, with or without a display name; otherwise `undefined`
 * (timelimit 2.2, step 1). Its case is kept. Quoted local parts, address literals and comments are refused.
 */
export const readMailbox = (text: string): string | undefined => {
  const trimmed = text.trim()
  if (trimmed.length > TEXT_CHARS_MAX || CONTROL.test(trimmed)) return undefined
  const address = NAMED.exec(trimmed)?.[1] ?? trimmed
  return isAddress(address) ? address : undefined
}

/** An entry with `@` covers that address, one without covers a domain, both case-sensitively; no entries cover all (timelimit 2.2, step 2). */
export const isWhitelisted = (address: string, whitelist: readonly string[]): boolean =>
  whitelist.length === 0 ||
  whitelist.some((entry) => entry === (entry.includes('@') ? address : domainOf(address)))

/** The lower-cased domain is one of the list (timelimit 2.2, step 3). */
export const isBlacklisted = (address: string, blacklist: readonly string[]): boolean =>
  blacklist.includes(domainOf(address).toLowerCase())

const TEXT_CHARS_MAX = 1_000
const ADDRESS_CHARS_MAX = 254

/**
 * A display name, quoted or without what has a meaning in a list, and an address in angle brackets. The parsers of mail
 * programs are of no use here: they find an address in nearly any text.
 */
const NAMED = /^(?:"(?:[^"\\]|\\.)*"|[^"(),:;<>@[\\\]])*<([^<>]*)>$/u
const CONTROL = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
/** RFC 5322's dot-atom, with what RFC 6531 adds. */
const LOCAL_PART = /^[^\s\p{C}"(),.:;<>@[\\\]]+(?:\.[^\s\p{C}"(),.:;<>@[\\\]]+)*$/u
const ASCII_DOMAIN = /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i

const isAddress = (address: string): boolean => {
  const parts = address.split('@')
  const [local = '', domain = ''] = parts
  return (
    parts.length === 2 &&
    address.length <= ADDRESS_CHARS_MAX &&
    LOCAL_PART.test(local) &&
    (ASCII_DOMAIN.test(domain) || isPlainUnicode(domain))
  )
}

/** Not another spelling (full-width letters or dots) of a domain: it would get past the lists. */
const isPlainUnicode = (domain: string): boolean => {
  const ascii = domainToASCII(domain)
  return ASCII_DOMAIN.test(ascii) && domainToUnicode(ascii) === domain.toLowerCase()
}

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1)
