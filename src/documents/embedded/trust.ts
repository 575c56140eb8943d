import { existsSync } from 'node:fs'
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Commits are not flushed, so a loss of power may tear the file in ways that LMDB cannot see. A small file beside it tells
 * whether to believe it:
 * - `clean`: flushed and closed.
 * - `open` and the boot of the machine: its process died, but the machine kept all it had written, unless it was started again since.
 * - `opening`: the process died over it.
 * - `failed`: the disk refused a flush.
 */
export type Mark = 'clean' | 'open' | 'opening' | 'failed'

/** Why the store at `path` cannot be believed; `undefined` if it can, or if there is none. */
export const reasonForDistrust = async (path: string): Promise<string | undefined> => {
  if (!existsSync(path)) return undefined
  const [mark, boot] = (await readFile(markPath(path), 'utf8').catch(() => '')).trim().split(' ')
  if (mark === 'opening') return 'the last start ended while it was opened'
  if (mark === 'failed') return 'the disk refused a flush'
  if (mark === 'open' && boot !== (await bootId())) return 'the machine was restarted while it was open'
  if (mark !== 'open' && mark !== 'clean') return 'nothing tells how it was closed'
  return lengthFault(path)
}

/** On disk when it answers; a full disk leaves the mark that was there. */
export const putMark = async (path: string, mark: Mark): Promise<void> => {
  const text = mark === 'open' ? `${mark} ${await bootId()}\n` : `${mark}\n`
  const aside = `${markPath(path)}.new`
  await writeFile(aside, text, { flush: true })
  await rename(aside, markPath(path))
  const directory = await open(dirname(path), 'r')
  await directory.sync().finally(() => directory.close())
}

/** Removes the store's files; they may hold personal data, so none is kept aside. */
export const removeStore = async (path: string): Promise<void> => {
  for (const file of [path, `${path}-lock`]) await rm(file, { force: true })
}

/** LMDB would end the process when it reads behind the end of a file that was cut off. */
const lengthFault = async (path: string): Promise<string | undefined> => {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(2 * PAGE_BYTES_MAX)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    const { size } = await file.stat()
    const first = metaAt(head.subarray(0, bytesRead), 0)
    const metas = first ? [first, metaAt(head.subarray(0, bytesRead), first.pageBytes)] : []
    const bytes = Math.max(0, ...metas.map((meta) => (meta ? (meta.lastPage + 1) * meta.pageBytes : 0)))
    if (!first) return 'it is not an LMDB file'
    return size < bytes ? `its file has ${size} of ${bytes} bytes` : undefined
  } finally {
    await file.close()
  }
}

type Meta = { readonly pageBytes: number; readonly lastPage: number }

/** LMDB's meta page: behind a header the magic number, then what is needed here at fixed places. */
const metaAt = (head: Buffer, page: number): Meta | undefined => {
  const at = page + PAGE_HEADER_BYTES
  if (head.length < at + META_BYTES || head.readUInt32LE(at) !== MAGIC) return undefined
  const pageBytes = head.readUInt32LE(at + 24)
  if (pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX) return undefined
  return { pageBytes, lastPage: Number(head.readBigUInt64LE(at + 120)) }
}

const MAGIC = 0xbeefc0de
const PAGE_HEADER_BYTES = 24
const META_BYTES = 136
const PAGE_BYTES_MIN = 512
const PAGE_BYTES_MAX = 65_536

const markPath = (path: string): string => `${path}-state`

/** Where the system does not name its boots every unclean end is taken for a restart. */
const bootId = async (): Promise<string> => {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => crypto.randomUUID())
  return id.trim()
}
