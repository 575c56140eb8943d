import { LEASES } from '../commands/lease.ts'
import { SIGN_INS, signInKey } from '../commands/sign-ins.ts'
import { standingOf, type Standing } from '../commands/whereabouts.ts'
import { isList, isObject, plainText, type Json, type JsonObject } from '../json.ts'
import { AFRODITE_NODES } from '../live/node-lease.ts'
import type { KeyedEntry, Vault } from '../vault/port.ts'
import type { Job } from './admin.ts'

/**
 * What `npm run unlock` does with leases, in the server or over shared stores: `{ release, allDead, force, signIn }` → `{ leases, released,
 * kept }`. A lease is released as it was seen: one that was renewed since is its holder's, unless it is forced.
 */
export const unlockJob =
  (vault: Vault): Job =>
  async (input) => {
    const leases = await leasesOf(vault)
    const names = isList(input.release) ? input.release.filter((name) => typeof name === 'string') : []
    const wanted = [
      ...new Set([
        ...names,
        ...(input.allDead === true
          ? leases.filter(({ holder }) => holder === 'dead').map(({ name }) => name)
          : []),
      ]),
    ]
    const answers: Answer[] = []
    for (const name of wanted) {
      const lease = leases.find((one) => one.name === name)
      answers.push(await release(vault, name, lease, input.force === true))
    }
    const signIn = await forgetFailures(vault, input.signIn)
    const released = answers.filter(({ why }) => why === undefined).map(({ name }) => name)
    const held = new Set(leases.map(({ name }) => name))
    return {
      leases: leases.map((lease) => leaseJson(lease, released)),
      released: released.filter((name) => held.has(name)),
      free: released.filter((name) => !held.has(name)),
      kept: answers.flatMap(({ name, why }) => (why === undefined ? [] : [{ lease: name, why }])),
      ...(signIn === undefined ? {} : { signIn }),
    }
  }

/** Whether everything that was asked for is released. */
export const allReleased = (result: Json): boolean =>
  isObject(result) && isList(result['kept']) && result['kept'].length === 0

/** The same for people. */
export const unlockTexts = (result: Json): readonly string[] => {
  if (!isObject(result)) return []
  const of = (name: string): readonly Json[] => (isList(result[name]) ? result[name] : [])
  const leases = of('leases').filter(isObject)
  return [
    ...(leases.length === 0 ? ['No lease is held'] : leases.map(leaseText)),
    ...of('free').map((lease) => `${plainText(lease)}: nobody holds it`),
    ...of('kept')
      .filter(isObject)
      .map(({ lease, why }) => `${plainText(lease)} was not released: ${plainText(why)}`),
    ...(isObject(result['signIn']) ? [signInText(result['signIn'])] : []),
  ]
}

type Lease = {
  readonly name: string
  readonly space: string
  readonly entry: KeyedEntry
  readonly holder: Standing
}
type Answer = { readonly name: string; readonly why?: string }

const SPACES = [
  { space: LEASES, prefix: '' },
  { space: AFRODITE_NODES, prefix: 'afrodite-node/' },
] as const

const leasesOf = async (vault: Pick<Vault, 'list'>): Promise<readonly Lease[]> => {
  const found: Lease[] = []
  for (const { space, prefix } of SPACES)
    for await (const page of vault.list(space))
      for (const entry of page)
        found.push({ name: prefix + entry.key, space, entry, holder: standingOf(entry.value) })
  return found
}

const release = async (
  vault: Vault,
  name: string,
  lease: Lease | undefined,
  force: boolean,
): Promise<Answer> => {
  // Somebody has released it, or it has run out: that is what was asked for.
  if (lease === undefined) return { name }
  const { space, entry, holder } = lease
  if (force) {
    await vault.delete(space, entry.key)
    return { name }
  }
  if (holder === 'alive') return { name, why: 'its holder is alive (--force releases it all the same)' }
  if (holder === 'unknown')
    return {
      name,
      why: 'its holder may be alive, on another machine or in another container (--force if it is not)',
    }
  return (await vault.compareAndSet(space, entry.key, entry.version, undefined))
    ? { name }
    : { name, why: 'somebody has it again since' }
}

const leaseJson = ({ name, entry, holder }: Lease, released: readonly string[]): JsonObject => {
  const { host, pid } = entry.value
  return {
    lease: name,
    holder,
    ...(typeof host === 'string' && typeof pid === 'number' ? { host, pid } : {}),
    ...(entry.expiresAt === undefined ? {} : { until: new Date(entry.expiresAt).toISOString() }),
    released: released.includes(name),
  }
}

const leaseText = ({ lease, holder, host, pid, until, released }: JsonObject): string => {
  const who = host === undefined ? 'somebody' : `process ${plainText(pid)} on ${plainText(host)}`
  const state = released === true ? 'released' : holder === 'unknown' ? 'perhaps alive' : plainText(holder)
  return `${plainText(lease)}: ${who}, ${state}, until ${plainText(until ?? 'released')}`
}

/** Failed attempts of a login from an address, as the server sees it; they cannot be found by the login alone. */
const forgetFailures = async (
  vault: Pick<Vault, 'delete'>,
  asked: Json | undefined,
): Promise<JsonObject | undefined> => {
  if (!isObject(asked) || typeof asked['login'] !== 'string' || typeof asked['address'] !== 'string')
    return undefined
  const { login, address } = asked
  return { login, address, forgotten: await vault.delete(SIGN_INS, signInKey(login, address)) }
}

const signInText = ({ login, address, forgotten }: JsonObject): string =>
  forgotten === true
    ? `${plainText(login)} may sign in again from ${plainText(address)}`
    : `${plainText(login)} has not failed from ${plainText(address)} lately`
