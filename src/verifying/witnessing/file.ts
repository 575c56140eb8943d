import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSignedBy, parseKey, parseNote, type Note, type VerifierKey } from '../notes.ts'

/**
 * What a witness keeps: the key in the first line, then the signed heads as they came, an empty line behind each. Nothing in it is ever
 * changed; a tail that an interrupted append has left is cut off by the next one.
 */
export type Witnessed = {
  readonly key: VerifierKey
  readonly notes: readonly Note[]
  /** Of what is whole. */
  readonly bytes: number
}

/** `undefined` if it has nothing yet. Throws at a file that is something else, or whose heads are not of its key. */
export const readWitnessed = async (path: string): Promise<Witnessed | undefined> => {
  const text = await readFile(path, 'utf8').catch(nothingThere)
  const [line = ''] = text.split('\n', 1)
  const key = parseKey(line)
  if (key === undefined || !text.startsWith(`${line}\n\n`)) {
    if (isTorn(text)) return undefined
    throw new Error(`${path} is not a witness's file`)
  }
  const { notes, end } = notesIn(text, line.length + 2)
  if (notes.some((note) => !isSignedBy(note, key)))
    throw new Error(`${path} has a head that is not of its key`)
  if (text.length - end > ENTRY_CHARACTERS_MAX || text.includes('\n\n\n', end))
    throw new Error(`${path} is damaged behind its ${notes.length}th head`)
  return { key, notes, bytes: Buffer.byteLength(text.slice(0, end)) }
}

/** The heads that stand whole one behind the other, and where they end. */
const notesIn = (text: string, start: number): { readonly notes: readonly Note[]; readonly end: number } => {
  const notes: Note[] = []
  let end = start
  for (const { index, 0: entry, 1: body = '' } of text.slice(start).matchAll(ENTRY)) {
    const note = parseNote(body)
    if (note === undefined || start + index !== end) break
    notes.push(note)
    end += entry.length
  }
  return { notes, end }
}

const nothingThere = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
  throw error
}

/** On disk when it answers. `witnessed`: what the file has so far. */
export const addWitnessed = async (
  path: string,
  witnessed: Witnessed | undefined,
  { note, key }: { readonly note: string; readonly key: string },
): Promise<void> => {
  const file = await open(path, witnessed === undefined ? 'w' : 'r+', 0o644)
  try {
    const at = witnessed?.bytes ?? 0
    await file.truncate(at)
    await file.write(`${witnessed === undefined ? `${key}\n\n` : ''}${note}\n`, at)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(path)
}

/** Puts evidence behind what is there; on disk when it answers. */
export const addEvidence = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'a', 0o644)
  try {
    await file.write(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(path)
}

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(dirname(path), 'r')
  await directory.sync().finally(() => directory.close())
}

/** The beginning of a first line, and nothing else: it was interrupted when it was made. */
const isTorn = (text: string): boolean =>
  !text.includes('\n\n') && (ORIGIN.startsWith(text) || text.startsWith(ORIGIN))

const ORIGIN = 'headwater.local/'
const ENTRY = /([^\n]+\n\d+\n[^\n]+\n\n— [^\n]+\n)\n/g
const ENTRY_CHARACTERS_MAX = 1_000
