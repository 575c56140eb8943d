/** Streams, subjects and forms of names of the Afrodite context (decisions 3, 22; afrodite 1.1, 7.1). */

export const ACCOUNT_PREFIX = 'afrodite.account-'
export const SESSION_PREFIX = 'afrodite.session-'
const DEMO_PREFIX = 'afrodite.demo-'

/** Also the subject of everything that is sealed in both of an account's streams. */
export const accountStream = (aid: string): string => ACCOUNT_PREFIX + aid
export const sessionStream = (aid: string): string => SESSION_PREFIX + aid
/** What became of an entry of the demo mode; nobody's personal data. */
export const demoStream = (entry: number): string => `${DEMO_PREFIX}${entry}`

/** Of an account's or a session's stream. */
export const aidOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1)

/** An account's id: a UUID in lower case. */
export const isAid = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)
