/** `Content-Disposition` with any name (RFC 5987); half a surrogate pair has no bytes. */
export const disposition = (shown: 'inline' | 'attachment', name: string): string =>
  `${shown}; filename*=UTF-8''${percentEncoded(Buffer.from(name).toString())}`

/** Also what `encodeURIComponent` leaves as it is though some parsers take it for their own. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
