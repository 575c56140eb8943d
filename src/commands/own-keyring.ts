import { createHmac } from 'node:crypto'
import { FOUNDING_STREAM, StoresFounded } from '../domain/stores/founding.ts'
import type { History } from '../history/port.ts'
import { VaultUnavailable, type Keyring } from '../vault/port.ts'

/** Nothing good can be done with these stores. */
export class StrangeKeyring extends VaultUnavailable {
  override readonly name = 'StrangeKeyring'
  constructor() {
    super(
      'the history was begun with another keyring: EVENTSTORE_URL, MONGODB_URL and DATA_DIR have to belong together, and a restore that was broken off has to be run to its end',
    )
  }
}

/**
 * A keyring that is used only for the history that was begun with it. With an empty or a strange one (another `MONGODB_URL`) everybody in the
 * history would read as erased, new keys would seal what the right keyring can never open, and names would be given twice.
 */
export type OwnKeyring = {
  /** Throws `StrangeKeyring` instead of finding or making a key if it is not the history's, until it is. */
  readonly keyring: Keyring
  /** Whether the history has been begun; throws as the keyring does, and `HistoryUnavailable` if the history does not answer. */
  readonly isFounded: () => Promise<boolean>
}

export const ownKeyring = (keyring: Keyring, history: Pick<History, 'read'>): OwnKeyring => {
  let known = false
  let looking: Promise<boolean> | undefined
  const look = async (): Promise<boolean> => {
    const mark = await markIn(history)
    if (mark === undefined) return false
    // Made before the history was begun, so whoever sees that event finds the key.
    const key = await keyring.findInstallation(CLAIM_KEY)
    if (key === undefined || (mark !== UNMARKED && mark !== markOf(key))) throw new StrangeKeyring()
    known = true
    return true
  }
  /** Asked again while there is no history: another node may begin it, with another keyring. */
  const isFounded = async (): Promise<boolean> =>
    known || (looking ??= look().finally(() => (looking = undefined)))
  const checked = async <T>(use: () => T | Promise<T>): Promise<T> => {
    await isFounded()
    return use()
  }
  return {
    isFounded,
    keyring: {
      ...keyring,
      find: (subject) => (known ? keyring.find(subject) : checked(() => keyring.find(subject))),
      obtain: (subject) => checked(() => keyring.obtain(subject)),
      installation: (name) => checked(() => keyring.installation(name)),
      findInstallation: (name) => checked(() => keyring.findInstallation(name)),
    },
  }
}

/** The key that names are claimed with (decisions 4). */
export const CLAIM_KEY = 'claim'

/** Tells one installation's keyring from another's, and nothing else about it. */
export const markOf = (claimKey: Uint8Array): string =>
  createHmac('sha256', claimKey).update(FOUNDING_STREAM).digest('hex')

/** Histories that were begun before the mark was recorded. */
const UNMARKED = ''

/** `undefined`: nobody has begun the history. */
const markIn = async (history: Pick<History, 'read'>): Promise<string | undefined> => {
  for await (const page of history.read(FOUNDING_STREAM, { limit: 1 })) {
    const [event] = page
    if (event !== undefined) return StoresFounded.is(event.data) ? (event.data.keyring ?? UNMARKED) : UNMARKED
  }
  return undefined
}
