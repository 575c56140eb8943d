/** What tests of sealed histories share. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Keyring } from '../../src/vault/port.ts'

/** A keyring that keeps nothing in memory: every look-up takes some turns, each another number of them. */
export const slowKeyring = (keyring: Keyring): Keyring => {
  let asked = 0
  const late = async <A>(answer: A | Promise<A>): Promise<A> => {
    asked += 1
    for (let turn = (asked * 7) % 5; turn >= 0; turn -= 1) await sleep(0)
    return answer
  }
  return {
    ...keyring,
    find: (subject) => late(keyring.find(subject)),
    obtain: (subject) => late(keyring.obtain(subject)),
  }
}
