import { hash, timingSafeEqual } from 'node:crypto'

/** Lower-case hex SHA-256 of the text's UTF-8. */
export const sha256Hex = (text: string): string => hash('sha256', text, 'hex')

/** Lower-case hex SHA-512 of the text's UTF-8. */
export const sha512Hex = (text: string): string => hash('sha512', text, 'hex')

/** SHA-256 as bytes. */
export const sha256 = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer')

/**
 * Whether two texts are the same, in a time that says nothing about where they differ. The last comparison is made only if they are the
 * same as UTF-8; it tells apart what UTF-8 cannot (lone surrogates).
 */
export const equalTexts = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b)) && a === b

/** Whether two byte strings are the same, in a time that says nothing about where they differ. Only the length is told. */
export const equalBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)
