/** Embedded stores in one directory with a runner, an engine and an erasure over them: people whose names are sealed, each with their own key. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createEngine } from '../../src/commands/engine.ts'
import { createErasure, type Erasure, type ErasureParts } from '../../src/commands/erasure.ts'
import { forgetLeases } from '../../src/commands/lease.ts'
import { createSnapshots, SNAPSHOTS } from '../../src/commands/snapshots.ts'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import type { Documents } from '../../src/documents/port.ts'
import {
  blobsPath,
  documentsPath,
  historyPath,
  keyringPath,
  vaultPath,
} from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { History, StoredEvent } from '../../src/history/port.ts'
import { sealedHistory } from '../../src/history/sealing.ts'
import { startRunner, type Runner } from '../../src/projecting/runner.ts'
import { openEmbeddedKeyring } from '../../src/vault/embedded/keyring.ts'
import { openEmbeddedVault } from '../../src/vault/embedded/vault.ts'
import type { Keyring, Vault } from '../../src/vault/port.ts'
import { append, newEvent } from './events.ts'
import { people } from './people.ts'

export type Ports = {
  readonly history: History
  readonly documents: Documents
  readonly vault: Vault
  readonly keyring: Keyring
}

export type Erasing = Ports & {
  readonly runner: Runner
  readonly erasure: Erasure
  readonly failures: readonly string[]
  readonly close: () => Promise<void>
}

/** `changed` may put something in the place of a port, as the engine and the erasure see it. */
export const openErasing = async (
  directory: string,
  changed: (ports: Ports) => Partial<Ports & Pick<ErasureParts, 'end'>> = () => ({}),
): Promise<Erasing> => {
  const keyring = await openEmbeddedKeyring({ path: keyringPath(directory) })
  const vault = await openEmbeddedVault({
    path: vaultPath(directory),
    blobsPath: blobsPath(directory),
    now: Date.now,
  })
  await forgetLeases(vault)
  const history = sealedHistory(openEmbeddedHistory({ path: historyPath(directory) }), keyring, SEALED)
  const documents = await openEmbeddedDocuments({ path: documentsPath(directory) })
  const failures: string[] = []
  const runner = await startRunner({
    history,
    documents,
    projections: [people()],
    onApplied: () => undefined,
    onStopped: (_, stopped) => failures.push(stopped.error),
    onBroken: (error) => failures.push(String(error)),
  })
  const ports = { history, documents, vault, keyring }
  const used = { ...ports, ...changed(ports) }
  const engine = createEngine({
    ...used,
    snapshots: createSnapshots(used.documents, used.keyring),
    refusal: runner.refusal,
    shown: runner.shown,
  })
  const erasure = createErasure({
    ...used,
    engine,
    readModels: runner,
    now: Date.now,
    onFailure: (error) => failures.push(String(error)),
  })
  return {
    ...ports,
    runner,
    erasure,
    failures,
    close: async () => {
      await erasure.close()
      await runner.close()
      await documents.close()
      await history.close()
      await vault.close()
      await keyring.close()
    },
  }
}

const SEALED = {
  Named: { fields: ['name'], subject: (_: unknown, stream: string) => stream },
  Renamed: { fields: ['name'], subject: (_: unknown, stream: string) => stream },
}

export const secretOf = (person: string, n: number): string => `secret ${n} of ${person}.`

/** Leaves something of the person everywhere: history, documents and an index, vault, a blob, a snapshot. */
export const live = async ({ history, documents, vault, runner }: Erasing, person: string): Promise<void> => {
  await append(history, person, newEvent('Named', { name: secretOf(person, 0) }))
  const at = await append(history, person, newEvent('Renamed', { name: secretOf(person, 1) }))
  await vault.put('test', person, { text: secretOf(person, 2) }, { subject: person })
  await vault.putBlob(person, Readable.from([secretOf(person, 3)]), 1_000)
  const put = { text: secretOf(person, 4), _s: [person] }
  await documents.apply([{ collection: SNAPSHOTS, id: person, at, put }], [])
  await runner.shown(person, at)
}

/** Secrets of the person that stand in any file below the directory, and the key if one is given. */
export const remains = async (
  directory: string,
  person: string,
  key?: Uint8Array,
): Promise<readonly string[]> => {
  const found: string[] = []
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name)
    const bytes = await readFile(path)
    for (let n = 0; n < 5; n++) if (bytes.includes(secretOf(person, n))) found.push(`${n} in ${path}`)
    if (key !== undefined && bytes.includes(Buffer.from(key))) found.push(`the key in ${path}`)
  }
  return found
}

export const eventsIn = async (
  { history }: Pick<Ports, 'history'>,
  stream: string,
): Promise<readonly StoredEvent[]> => {
  const all: StoredEvent[] = []
  for await (const page of history.read(stream)) all.push(...page)
  return all
}
