/** A family's documents in memory, made of events, and the pulls that they answer. */
import { timelimit } from '../../projections/timelimit.ts'
import { carryOut } from '../../src/commands/timelimit/effects.ts'
import type { DhKeys } from '../../src/commands/timelimit/dh-keys.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import { createBuild, projectInto } from '../../src/projecting/build.ts'
import { createPull, type Pull } from '../../src/queries/timelimit/pull.ts'
import { nothingKnown, PullStatus } from '../../src/queries/timelimit/status.ts'
import { memoryVault } from '../../src/vault/memory/vault.ts'
import type { Vault } from '../../src/vault/port.ts'
import { DH } from './timelimit-actions.ts'
import { FAMILY_ID, type Life } from './timelimit-domain.ts'
import { NOW, PHONE } from './timelimit-family.ts'

/** As the projector applies them, under the collections' logical names. */
export const writesOf = (event: StoredEvent): readonly Write[] => {
  const writes: Write[] = []
  projectInto(writes, createBuild(timelimit, 0), event)
  return writes.map((write) => ({ ...write, collection: write.collection.replace(/@.*$/, '') }))
}

export const project = async (documents: Documents, ...events: readonly StoredEvent[]): Promise<void> =>
  documents.apply(events.flatMap(writesOf), [])

/** Live documents with their positions, by collection and id. */
export const contentsOf = async (documents: Documents): Promise<JsonObject> => {
  const found: Record<string, JsonObject> = {}
  for (const collection of [...(await documents.collections())].sort()) {
    for await (const page of documents.scan(collection)) {
      const live = page.flatMap(({ id, at, value }) =>
        value === undefined ? [] : [[`${collection} ${id}`, { at: Number(at), value }] as const],
      )
      Object.assign(found, Object.fromEntries(live))
    }
  }
  return found
}

export const NO_KEYS: DhKeys = {
  current: () => Promise.resolve({ ...DH, isNew: false }),
  usable: () => Promise.resolve({}),
  use: () => Promise.resolve(),
}

export type Pulled = {
  readonly documents: Documents
  readonly vault: Vault
  readonly pull: Pull
  /** Everything that a device of that level may see. */
  readonly full: (level?: number, device?: string) => Promise<JsonObject>
  readonly ask: (status: JsonObject, device?: string) => Promise<JsonObject>
}

/** With all contents that the life has brought: none of them is dropped. */
export const reading = async ({ effects }: Pick<Life, 'effects'>): Promise<Pulled> => {
  const documents = memoryDocuments()
  const vault = memoryVault({ now: () => NOW })
  const parts = { vault, dhKeys: NO_KEYS }
  for (const { device, effect } of effects)
    await carryOut(parts, { family: FAMILY_ID, device }, [effect], NOW)
  const reader = { get: documents.get }
  const pull = createPull({ ...parts, reader, alwaysPro: false })
  const answer = async (status: unknown, device = PHONE): Promise<JsonObject> => {
    if (!PullStatus.is(status)) throw new Error(`no status: ${JSON.stringify(status)}`)
    const found = await pull({ family: FAMILY_ID, device }, status, NOW)
    if (found === undefined) throw new Error('the family is gone')
    return JSON.parse(JSON.stringify(found)) as JsonObject
  }
  return {
    documents,
    vault,
    pull,
    full: (level = 8, device = PHONE) => answer(nothingKnown(level), device),
    ask: answer,
  }
}
