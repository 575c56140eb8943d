/** Streams, subjects and forms of names of the TimeLimit context (decisions 3, 22; timelimit 1.1). */

export const FAMILY_PREFIX = 'timelimit.family-'
const MAILS_PREFIX = 'timelimit.mails-'
/** What operators tell everybody (timelimit 2.18). */
export const STATUS_STREAM = 'timelimit.system-status'

/** Also the subject of everything that is sealed in it: a family is erased as a whole. */
export const familyStream = (familyId: string): string => FAMILY_PREFIX + familyId
export const familyOf = (stream: string): string => stream.slice(FAMILY_PREFIX.length)
/** What became of the mails that the family's events asked for. */
export const mailsStream = (familyId: string): string => MAILS_PREFIX + familyId

/** Ids that devices make and check: six letters or digits. */
export const isId6 = (text: string): boolean => /^[A-Za-z0-9]{6}$/.test(text)

/** Of `FAMILY_ID_LENGTH` letters or digits. */
export const isFamilyId = (text: string): boolean => /^[A-Za-z0-9]{10}$/.test(text)

/** The id of the document of a family's category or device. */
export const partId = (familyId: string, id: string): string => `${familyId}-${id}`

/** Lengths of random names, all drawn from `ALPHANUMERIC` (timelimit 1.1). */
export const FAMILY_ID_LENGTH = 10
export const ID_LENGTH = 6
export const TOKEN_LENGTH = 32
export const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** The version of what the event with that revision touched last: base 62 of revision + 1, at least four characters (timelimit 9.4). */
export const versionOf = (revision: bigint): string => {
  let rest = Number(revision) + 1
  let text = ''
  while (rest > 0) {
    text = ALPHANUMERIC.charAt(rest % 62) + text
    rest = Math.floor(rest / 62)
  }
  return text.padStart(4, '0')
}
