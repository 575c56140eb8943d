import type { Fact } from '../../domain/decider.ts'
import { dataOf } from '../../domain/timelimit/events.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { at, type FamilyState } from '../../domain/timelimit/state.ts'
import type { Vault } from '../../vault/port.ts'
import type { Owner } from './dh-keys.ts'

/** Deletes the contents of lists that the device had before, unless a list of the family has them still. */
export const dropOldLists = (
  vault: Vault,
  of: Owner,
  before: FamilyState,
  after: FamilyState,
): Promise<void> => dropUnused(vault, of.family, hashesOf(before, of.device), after)

/** The same after a push of that device; also of uploads that others in the same push have replaced. */
export const dropReplacedLists = async (
  vault: Vault,
  { family, device }: Owner,
  { before, after, facts }: Changed,
): Promise<void> => {
  const uploaded = facts.flatMap((one) =>
    one.type === 'DeviceAppListUploaded' ? [dataOf(one.type, one).sha256] : [],
  )
  if (uploaded.length > 0) await dropUnused(vault, family, [...hashesOf(before, device), ...uploaded], after)
}

/** What a push has done to a family. */
type Changed = {
  readonly before: FamilyState
  readonly after: FamilyState
  readonly facts: readonly Fact[]
}

const dropUnused = async (
  vault: Vault,
  family: string,
  hashes: readonly string[],
  { devices }: FamilyState,
): Promise<void> => {
  const used = new Set(Object.values(devices).flatMap(({ lists }) => Object.values(lists)))
  for (const sha256 of new Set(hashes))
    if (!used.has(sha256)) await vault.deleteBlob(familyStream(family), sha256)
}

const hashesOf = ({ devices }: FamilyState, device: string): readonly string[] =>
  Object.values(at(devices, device)?.lists ?? {})
