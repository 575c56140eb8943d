import { resolve } from 'node:path'
import type { Config } from '../../src/config.ts'
import type { JsonObject } from '../../src/json.ts'
import { CopyRefused, FILES } from '../../src/operating/copies/format.ts'
import { putCopy, type Put, type PutOptions } from '../../src/operating/copies/put.ts'
import { openCopy, type Copy } from '../../src/operating/copies/reading.ts'
import { openTargets } from '../../src/operating/copies/targets.ts'
import { warn } from '../support.ts'
import { leave, telling } from './running.ts'

/** Puts the copy into the stores of the environment. */
export const putInto = async (
  config: Config,
  from: string,
  how: Pick<PutOptions, 'withVault' | 'withoutDamaged' | 'signal'>,
): Promise<{ readonly put: Put; readonly notices: readonly string[] }> => {
  const copy = await openCopy(resolve(from))
  if (how.withVault && !copy.has(FILES.vault))
    throw new CopyRefused(`${copy.directory} is an export and no backup: import it`)
  const targets = await openTargets(config, { firstPosition: firstOf(copy), onFatal: leave })
  try {
    const put = await putCopy(copy, targets, { ...how, onProgress: telling() })
    const notices = noticesOf(copy, put, targets.kind)
    notices.forEach(warn)
    return { put, notices }
  } finally {
    await targets.close()
  }
}

/** The same positions, or above all of EventStoreDB's (decisions 14). */
const firstOf = ({ manifest: { source, events, firstPosition, lastPosition } }: Copy): bigint => {
  if (events === 0) return 1n
  return source.history === 'embedded' ? BigInt(firstPosition) : BigInt(lastPosition) + 1n
}

const noticesOf = (copy: Copy, put: Put, kind: 'embedded' | 'eventstoredb'): readonly string[] => {
  const { firstPosition, lastPosition, events } = copy.manifest
  const moved =
    events > 0 && (String(put.firstPosition) !== firstPosition || String(put.lastPosition) !== lastPosition)
  const above = kind === 'embedded' ? ', above the ones they had' : ''
  return [
    ...(moved
      ? [
          `The events have other positions now (${put.firstPosition} to ${put.lastPosition}${above}): clients of the stores reload, because versions are positions`,
        ]
      : []),
    ...(copy.has(FILES.keyring)
      ? []
      : ['This copy has no keys: no server starts on it, and what is sealed stays sealed']),
    ...put.damaged.map((name) => `${name} is damaged and was left out`),
  ]
}

export const putJson = ({ events, there, root, keys, damaged, ...put }: Put): JsonObject => ({
  ...{ events, there, keys, root },
  firstPosition: String(put.firstPosition),
  lastPosition: String(put.lastPosition),
  damaged: [...damaged],
})

export const putText = (put: Put): string =>
  `${put.events} events (${put.there} were there), positions ${put.firstPosition} to ${put.lastPosition}, ${put.keys} keys; read back, the root is ${put.root}${put.isRepeated ? '; nothing had to be done' : ''}`
