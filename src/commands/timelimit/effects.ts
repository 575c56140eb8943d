import { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import type { Effect } from '../../domain/timelimit/actions/action.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { TIMELIMIT_APP_LIST_BYTES_MAX } from '../../limits.ts'
import { PINGS, pingKey, REPLIES, replyKey } from '../../queries/timelimit/mailboxes.ts'
import type { Vault } from '../../vault/port.ts'
import { DH_KEYS, type DhKeys, type Owner } from './dh-keys.ts'

export type EffectParts = { readonly vault: Vault; readonly dhKeys: DhKeys }

export const CONNECTIVITY = 'timelimit.connectivity'
const U2F_COUNTERS = 'timelimit.u2f-counters'

/**
 * Brings into the vault what a decision needs there, before its events are appended (decisions 9): a crash in between leaves what nothing
 * points to, and the same request comes again.
 */
export const carryOut = async (
  parts: EffectParts,
  from: Owner,
  effects: readonly Effect[],
  now: number,
): Promise<void> => {
  for (const effect of effects) await carryOutOne(parts, from, effect, now)
}

/**
 * The same for a decision that may be made again because another command was faster: what it had carried out then is not done once more.
 * So the next try waits for nothing, and is not overtaken again.
 */
export const createCarrier = (
  parts: EffectParts,
  from: Owner,
  now: number,
): ((effects: readonly Effect[]) => Promise<void>) => {
  let carried: readonly Effect[] = []
  return async (effects) => {
    const first = effects.findIndex((effect, index) => !isDeepStrictEqual(effect, carried[index]))
    if (first === -1) return
    await carryOut(parts, from, effects.slice(first), now)
    carried = effects
  }
}

const carryOutOne = async (
  { vault, dhKeys }: EffectParts,
  from: Owner,
  effect: Effect,
  now: number,
): Promise<unknown> => {
  const { family } = from
  const options = { subject: familyStream(family) }
  switch (effect.type) {
    case 'store-blob':
      return vault.putBlob(options.subject, Readable.from([effect.content]), TIMELIMIT_APP_LIST_BYTES_MAX)
    case 'deliver-reply': {
      const key = replyKey(family, effect.to, effect.serverSeq, effect.sender)
      return vault.put(REPLIES, key, effect.content, options)
    }
    case 'drop-replies':
      for (const seq of effect.serverSeqs) await clear(vault, REPLIES, `${family}/${effect.to}/${seq}/`)
      return
    case 'deliver-ping': {
      const key = pingKey(family, effect.to, effect.sender, effect.kind)
      return vault.put(PINGS, key, { token: effect.token }, options)
    }
    case 'clear-pings':
      for (const kind of ['ping', 'pong'] as const)
        await clearPing(vault, pingKey(family, effect.to, effect.sender, kind), effect.token)
      return
    case 'use-dh-key':
      return dhKeys.use(from, effect.version, now)
    case 'store-u2f-counter':
      return vault.put(U2F_COUNTERS, `${family}/${effect.keyId}`, { counter: effect.counter }, options)
  }
}

/** Everything in the vault that was a removed device's alone, or between it and another (timelimit 2.14). */
export const forgetDevice = async (vault: Vault, { family, device }: Owner): Promise<void> => {
  await vault.delete(DH_KEYS, `${family}/${device}`)
  await vault.delete(CONNECTIVITY, `${family}/${device}`)
  for (const space of [REPLIES, PINGS]) {
    await clear(vault, space, `${family}/${device}/`)
    await clear(vault, space, `${family}/`, (key) => key.split('/').includes(device, 2))
  }
}

const clear = async (
  vault: Vault,
  space: string,
  prefix: string,
  isGone: (key: string) => boolean = () => true,
): Promise<void> => {
  for await (const page of vault.list(space, prefix))
    for (const { key } of page) if (isGone(key)) await vault.delete(space, key)
}

const clearPing = async (vault: Vault, key: string, token: string): Promise<void> => {
  const entry = await vault.get(PINGS, key)
  if (entry?.value['token'] === token) await vault.compareAndSet(PINGS, key, entry.version, undefined)
}
