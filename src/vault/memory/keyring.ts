import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { KEYRING_PAGE_KEYS } from '../../limits.ts'
import { KeyConflict, type HeldKey, type Keyring } from '../port.ts'
import { isSameKey } from '../names.ts'
import { promised } from '../promised.ts'

/** A keyring for tests: it ends with the process. */
export const memoryKeyring = (): Keyring => {
  const subjects = new Map<string, Uint8Array | 'destroyed'>()
  const installation = new Map<string, Uint8Array>()
  return {
    find: (subject) => {
      const found = subjects.get(subject)
      return found === 'destroyed' ? undefined : found
    },
    obtain: (subject) => Promise.resolve(madeIn(subjects, subject)),
    destroy: (subject) => {
      subjects.set(subject, 'destroyed')
      return Promise.resolve()
    },
    installation: (name) => Promise.resolve(madeIn(installation, name)),
    findInstallation: (name) => Promise.resolve(installation.get(name)),
    rewrite: () => Promise.resolve(),
    held: async function* () {
      const all: readonly HeldKey[] = [
        ...[...installation].map(([name, key]) => ({ of: 'installation', name, key }) as const),
        ...[...subjects].map(([name, key]) => ({ of: 'subject', name, key }) as const),
      ]
      for (let from = 0; from < all.length; from += KEYRING_PAGE_KEYS) {
        yield all.slice(from, from + KEYRING_PAGE_KEYS)
        await nextTurn()
      }
    },
    putBack: (keys) =>
      promised(() => {
        for (const { of, name, key } of keys) {
          if (of === 'subject') putIn(subjects, name, key)
          else putIn(installation, name, key)
        }
      }),
    close: () => Promise.resolve(),
  }
}

const putIn = <A extends HeldKey['key']>(keys: Map<string, A>, name: string, key: A): void => {
  const found = keys.get(name)
  if (found !== undefined && !isSameKey(found, key)) throw new KeyConflict(`another key of ${name} is there`)
  keys.set(name, key)
}

const madeIn = <A>(keys: Map<string, A | Uint8Array>, name: string): A | Uint8Array => {
  const found = keys.get(name)
  if (found !== undefined) return found
  const fresh = new Uint8Array(randomBytes(32))
  keys.set(name, fresh)
  return fresh
}
