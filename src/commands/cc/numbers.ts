import type { Vault } from '../../vault/port.ts'

/**
 * Numbers to try for what is made, one after the other, until the history takes one (decisions 11). That one was given before means that the
 * counter is of an earlier time: then each try is farther away, so that a counter that is behind by a million costs seven tries.
 */
export const numbersToTry = (
  vault: Pick<Vault, 'next' | 'raise'>,
  counter: string,
): (() => Promise<number>) => {
  let ahead = 1n
  let last: bigint | undefined
  return async () => {
    if (last !== undefined) {
      ahead *= FARTHER
      await vault.raise(counter, last + ahead)
    }
    last = await vault.next(counter)
    return Number(last)
  }
}

const FARTHER = 8n
