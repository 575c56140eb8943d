import { randomBytes } from 'node:crypto'
import type { Keyring } from '../port.ts'

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
    close: () => Promise.resolve(),
  }
}

const madeIn = <A>(keys: Map<string, A | Uint8Array>, name: string): A | Uint8Array => {
  const found = keys.get(name)
  if (found !== undefined) return found
  const fresh = new Uint8Array(randomBytes(32))
  keys.set(name, fresh)
  return fresh
}
