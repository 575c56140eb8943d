import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createFrontier } from '../../proofs/incremental.ts'
import type { HeldBlob, HeldKey } from '../../vault/port.ts'
import { linePages, sha256Of, sizeOf, type FileLine } from './files.ts'
import {
  CopyRefused,
  FILES,
  manifestOf,
  readEventLine,
  readKeyLine,
  readVaultLine,
  type EventLine,
  type HistoryEnd,
  type Manifest,
  type VaultLine,
} from './format.ts'

/** A complete copy that somebody reads. */
export type Copy = {
  readonly directory: string
  readonly manifest: Manifest
  readonly has: (part: (typeof FILES)['keyring' | 'vault']) => boolean
  /** In order, each with its leaf checked; throws `CopyRefused` at the first place that does not hold, at the end also if the whole does not. */
  readonly events: () => AsyncIterable<readonly CopiedEvent[]>
  readonly keys: () => AsyncIterable<readonly HeldKey[]>
  readonly vault: () => AsyncIterable<readonly Exclude<VaultLine, { readonly end: unknown }>[]>
  readonly blob: (blob: HeldBlob) => Readable
}

/** `bytes`: of its line, which is more than its append has. */
export type CopiedEvent = EventLine & { readonly bytes: number }

/**
 * Throws `CopyRefused` if it is not complete, or if a part is not as long as it was; the keyring's and the vault's bytes are checked at
 * once, the history's as they are read.
 */
export const openCopy = async (directory: string): Promise<Copy> => {
  const manifest = await readManifest(directory)
  for (const { name, bytes, sha256 } of manifest.parts) {
    const path = join(directory, name)
    const size = await sizeOf(path)
    if (size !== bytes) throw new CopyRefused(`${path} has ${size ?? 'no'} bytes, and had ${bytes}`)
    if (name !== FILES.history && (await sha256Of(path)) !== sha256)
      throw new CopyRefused(`${path} was changed: ${await placeIn(path, name)}`)
  }
  return {
    directory,
    manifest,
    has: (part) => manifest.parts.some(({ name }) => name === part),
    events: () => readEvents(join(directory, FILES.history), manifest),
    keys: () => readSecrets(join(directory, FILES.keyring), readKeyLine),
    vault: () => readSecrets(join(directory, FILES.vault), readVaultLine),
    blob: ({ subject, sha256 }) => createReadStream(join(directory, FILES.blobs, subject, sha256)),
  }
}

const readManifest = async (directory: string): Promise<Manifest> => {
  const path = join(directory, FILES.manifest)
  if ((await sizeOf(path)) === undefined)
    throw new CopyRefused(
      `${directory} is no complete copy: it has no ${FILES.manifest}, which is written last`,
    )
  try {
    return manifestOf(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw new CopyRefused(`${path} is damaged: it is not JSON`)
    throw error instanceof CopyRefused ? new CopyRefused(`${path}: ${error.message}`) : error
  }
}

async function* readEvents(path: string, manifest: Manifest): AsyncGenerator<readonly CopiedEvent[], void> {
  const frontier = createFrontier()
  let last = 0n
  let end: HistoryEnd | undefined
  for await (const page of linePages(path)) {
    const events: CopiedEvent[] = []
    for (const line of page) {
      if (end !== undefined) throw refused(path, line.number, 'it is behind the end')
      const read = atPlace(path, line, readEventLine)
      if ('end' in read) {
        end = read.end
        continue
      }
      assertFollows(path, line, { last, position: read.event.position, manifest })
      last = read.event.position
      frontier.add(read.leaf)
      events.push({ ...read, bytes: line.end - line.start })
    }
    if (events.length > 0) yield events
  }
  await assertWhole(path, manifest, {
    events: frontier.size(),
    root: frontier.root().toString('base64'),
    last,
    end,
  })
}

type Place = { readonly last: bigint; readonly position: bigint; readonly manifest: Manifest }

/** Of an embedded history the positions have no gaps. */
const assertFollows = (path: string, line: FileLine, { last, position, manifest }: Place): void => {
  const due = last === 0n ? BigInt(manifest.firstPosition) : last + 1n
  const isDue = manifest.source.history === 'embedded' || last === 0n ? position === due : position >= due
  if (!isDue)
    throw refused(
      path,
      line.number,
      `its event has position ${position} where ${due} was due: events are missing or swapped`,
    )
}

type Whole = {
  readonly events: number
  readonly root: string
  readonly last: bigint
  readonly end: HistoryEnd | undefined
}

const assertWhole = async (
  path: string,
  manifest: Manifest,
  { events, root, last, end }: Whole,
): Promise<void> => {
  if (end === undefined) throw new CopyRefused(`${path} ends behind ${events} events, without its last line`)
  const said = [end.events, end.lastPosition, end.root].join(' ')
  const written = [manifest.events, manifest.lastPosition, manifest.root].join(' ')
  const found = [events, last, root].join(' ')
  if (said !== found)
    throw new CopyRefused(
      `${path}: its events are not the ones that its last line names (${found}, not ${said})`,
    )
  if (written !== found)
    throw new CopyRefused(
      `${path}: its events are not the ones that ${FILES.manifest} names (${found}, not ${written})`,
    )
  const part = manifest.parts.find(({ name }) => name === FILES.history)
  if (part?.sha256 !== (await sha256Of(path)))
    throw new CopyRefused(`${path} was changed, although each event fits its leaf: its SHA-256 is another`)
}

/** The end of such a file counts what is in it, and the file's hash was checked. */
async function* readSecrets<A extends object>(
  path: string,
  read: (text: string) => A,
): AsyncGenerator<readonly Exclude<A, { readonly end: unknown }>[], void> {
  for await (const page of linePages(path)) {
    const lines = page.map((line) => atPlace(path, line, read)).filter((line) => isNoEnd(line))
    if (lines.length > 0) yield lines
  }
}

const isNoEnd = <A extends object>(line: A): line is Exclude<A, { readonly end: unknown }> => !('end' in line)

const atPlace = <A>(path: string, { number, text }: FileLine, read: (text: string) => A): A => {
  try {
    return read(text)
  } catch (error) {
    throw error instanceof CopyRefused ? refused(path, number, error.message) : error
  }
}

const refused = (path: string, line: number, what: string): CopyRefused =>
  new CopyRefused(`${path} is damaged at line ${line}: ${what}`)

/** As near as its lines tell. */
const placeIn = async (path: string, name: string): Promise<string> => {
  const read: (text: string) => object = name === FILES.keyring ? readKeyLine : readVaultLine
  try {
    for await (const page of linePages(path)) for (const line of page) atPlace(path, line, read)
  } catch (error) {
    if (error instanceof CopyRefused) return error.message
    throw error
  }
  return 'its SHA-256 is another'
}
