import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import {
  directoryHolder,
  documentsPath,
  historyPath,
  keyringPath,
  vaultPath,
} from '../../embedded/directory.ts'
import { FREE_SPACE_BYTES_MIN } from '../../limits.ts'
import { fail, hasDirectory, isEmbedded, ok, warn, type Check, type Finding, type Subject } from './check.ts'

/** What can be looked at without opening a store. */
export const MACHINE_CHECKS: readonly Check[] = [
  { name: 'node', needs: [], look: ({ nodeVersion }) => [node(nodeVersion)] },
  { name: 'configuration', needs: [], look: ({ read }) => configuration(read) },
  { name: 'directory', needs: ['configuration'], look: (on) => directory(on) },
  { name: 'permissions', needs: ['configuration', 'directory'], look: (on) => permissions(on) },
  { name: 'disk', needs: ['configuration', 'directory'], look: (on) => disk(on) },
  { name: 'leftovers', needs: ['configuration'], look: (on) => leftovers(on) },
]

/** As `engines` in package.json. */
const NODE_MIN = [20, 19] as const

const node = (version: string): Finding => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
  return isEnough ? ok(version) : fail(`${version} is too old`, `install Node ${NODE_MIN.join('.')} or newer`)
}

const configuration = (read: Subject['read']): readonly Finding[] =>
  E.isRight(read)
    ? [ok('no fault')]
    : read.left.map((fault) => fail(fault, 'the server does not start with it: see the table of settings'))

const directory = async (on: Subject): Promise<readonly Finding[]> => {
  if (!hasDirectory(on)) return [ok('all stores are in servers')]
  const path = await on.directory()
  const { held, pid } = await directoryHolder(path)
  if (!held) return [ok(`${path}, which no process has open`)]
  return [ok(`${path}, held by ${pid === undefined ? 'another process' : `process ${pid}`}`)]
}

/** The stores' own files; blobs may be a million, and are written by the same process. */
const permissions = async (on: Subject): Promise<readonly Finding[]> => {
  if (!hasDirectory(on)) return []
  const root = await on.directory()
  const findings: Finding[] = []
  for (const path of [root, ...(await filesBelow(root, PLACES))]) findings.push(...(await ofFile(on, path)))
  return findings.length === 0 ? [ok('for the server alone')] : findings
}

const ofFile = async ({ mayUse, user }: Subject, path: string): Promise<readonly Finding[]> => {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined || found.isSymbolicLink()) return []
  if (!(await mayUse(path)))
    return [fail(`${path} cannot be read and written`, 'give it to the user of the server (chown -R)')]
  // Whoever may do everything runs what others own.
  if (user !== undefined && user !== 0 && found.uid !== user)
    return [warn(`${path} belongs to user ${found.uid}`, 'run the scripts as the user of the server')]
  const isOpen = (found.mode & OTHERS) !== 0 && !found.isSocket()
  return isOpen ? [warn(`${path} is open to others`, `chmod go= ${path}`)] : []
}

const OTHERS = 0o077
const PLACES = ['', 'keyring.mdb', 'vault.mdb']

const filesBelow = async (root: string, places: readonly string[]): Promise<readonly string[]> => {
  const found = await Promise.all(
    places.map(async (place) => {
      const names = await readdir(join(root, place)).catch(() => [])
      return names.map((name) => join(root, place, name))
    }),
  )
  return [...new Set(found.flat())]
}

const disk = async (on: Subject): Promise<readonly Finding[]> => {
  if (!hasDirectory(on)) return [ok('the servers watch over their own')]
  const root = await on.directory()
  const free = await on.freeBytes(root)
  if (free < FREE_SPACE_BYTES_MIN)
    return [
      fail(
        `${mega(free)} free: below ${mega(FREE_SPACE_BYTES_MIN)} writes are refused`,
        'make room; nothing has to be restarted',
      ),
    ]
  const spare = free - FREE_SPACE_BYTES_MIN
  const copy = await bytesToRewrite(on, root)
  return spare < copy
    ? [
        warn(
          `${mega(free)} free, and the copy that an erasure or a rebuild makes takes ${mega(copy)}`,
          'make room before one is due',
        ),
      ]
    : [ok(`${mega(free)} free${await lasting(on, root, spare)}`)]
}

const mega = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`

/** The largest of the files that are written anew beside the old one. */
const bytesToRewrite = async (on: Subject, root: string): Promise<number> => {
  if (!isEmbedded(on).documents) return 0
  const files = [
    documentsPath(root),
    ...(await filesBelow('', [keyringPath(root), vaultPath(root)])).filter((path) => path.endsWith('.mdb')),
  ]
  return Math.max(0, ...(await Promise.all(files.map(sizeOf))))
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0

/** How long the room lasts if the history grows as it did so far, and the documents with it. */
const lasting = async (on: Subject, root: string, spare: number): Promise<string> => {
  if (!isEmbedded(on).history) return ''
  const history = await on.history().catch(() => undefined)
  if (history === undefined) return ''
  let begun: number | undefined
  for await (const page of history.readAll({ after: 0n, limit: 1 })) begun = page[0]?.meta.at
  const days = begun === undefined ? 0 : (on.now() - begun) / DAY_MS
  const bytes = (await sizeOf(historyPath(root))) + (await sizeOf(documentsPath(root)))
  if (days < 1 || bytes === 0) return ''
  return `, enough for about ${Math.min(Math.floor((spare / bytes) * days), DAYS_MAX)} days at the pace so far`
}

const DAY_MS = 24 * 60 * 60_000
const DAYS_MAX = 9_999

/** What killed scripts leave behind. */
const leftovers = async (on: Subject): Promise<readonly Finding[]> => {
  const replays = (await readdir(on.temporary).catch(() => []))
    .filter((name) => name.startsWith('headwater-replay-'))
    .map((name) => join(on.temporary, name))
  const root = hasDirectory(on) ? await on.directory().catch(() => undefined) : undefined
  const parts = root === undefined ? [] : (await filesBelow(root, [''])).filter((path) => PART.test(path))
  const old: string[] = []
  for (const path of [...replays, ...parts]) {
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && on.now() - found.mtimeMs > OLD_MS) old.push(path)
  }
  return old.length === 0
    ? [ok('none')]
    : old.map((path) => warn(`${path} was left by a script that was killed`, `rm -r ${path}`))
}

const PART = /\.part$/
/** Nothing that is at work leaves its file alone for so long. */
const OLD_MS = 60 * 60_000
