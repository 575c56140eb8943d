/** A version of types 0 to 7 after a change: it stops at 255 (afrodite 3.9). */
export const raised = (version: number): number => Math.min(version + 1, VERSION_MAX)

/**
 * What the byte of a client brings about at that version, of types 0 to 7: `reset` makes the version 0 and sends everything, `send` leaves it
 * alone and sends everything (afrodite 3.9).
 */
export const reaction = (clientByte: number, version: number): 'nothing' | 'reset' | 'send' => {
  if (clientByte === NOTHING_YET) return 'reset'
  return clientByte === version ? 'nothing' : 'send'
}

/** What of an extension type's count goes over the wire: never 255 (afrodite 9.2). */
export const byteOf = (count: number): number => count % BYTES

/**
 * Whether a client has what an extension type's count says. Equal bytes do not prove it: after 255 changes they are the same again, so they
 * count only as long as fewer happened since what the login is remembered to have. A count below that is one of another scope.
 */
export const isInStep = (clientByte: number, count: number, remembered: number | undefined): boolean =>
  clientByte === byteOf(count) &&
  remembered !== undefined &&
  count >= remembered &&
  count - remembered < BYTES

/** What a client sends for a type that it has nothing of (afrodite 3.7). */
const NOTHING_YET = 255
const VERSION_MAX = 255
const BYTES = 255
