import { constants, existsSync } from 'node:fs'
import { access, realpath } from 'node:fs/promises'
import type { Config } from '../../config.ts'
import { documentsPath, historyPath } from '../../embedded/directory.ts'
import { openMongoServer } from '../../servers.ts'
import type { Part } from '../parts.ts'
import { openExport } from './file.ts'
import {
  PART_LEAVES,
  type Answers,
  type Description,
  type Job,
  type PartJob,
  type Reads,
  type Source,
  type TreeState,
} from './jobs.ts'
import { readAfter } from './ordered.ts'
import { createServer } from './server.ts'
import { createTiles, type Tiles } from './tiles.ts'

/**
 * Reads in this process. What one kind of source alone needs is loaded with it: several readers are started, and loading everything
 * would take each as long as reading 30,000 events. `progress` is called often, so that who waits knows that it goes on.
 */
export const openReader = async (
  source: Source,
  config: () => Config,
  progress: () => void,
): Promise<Reads> => {
  const opened = await open(source, config, progress)
  return {
    run: async <J extends Job>(job: J) => (await answer(opened, job)) as Answers[J['kind']],
    close: opened.close,
  }
}

/** What a source can be asked for; the rest throws. */
type Opened = {
  readonly describe: () => Promise<Description>
  readonly range?: (job: Extract<Job, { kind: 'range' }>) => Promise<Part>
  readonly bytes?: (job: { readonly offset: number; readonly length: number }) => Promise<Part>
  readonly after?: (job: Extract<Job, { kind: 'after' }>) => Promise<Part>
  readonly index?: (bounds: { readonly first: number; readonly last: number }) => Part
  readonly tiles?: (job: Extract<Job, { kind: 'tiles' }>) => Promise<Buffer>
  readonly close: () => Promise<void>
}

const answer = async (opened: Opened, job: Job): Promise<Answers[Job['kind']]> => {
  const found = await asked(opened, job)
  if (found === undefined) throw new Error(`this source does not know ${job.kind}`)
  return found
}

const asked = (opened: Opened, job: Job): Promise<Answers[Job['kind']]> | Part | undefined => {
  switch (job.kind) {
    case 'describe':
      return opened.describe()
    case 'index':
      return opened.index?.(job)
    case 'tiles':
      return opened.tiles?.(job)
    default:
      return askedForPart(opened, job)
  }
}

const askedForPart = (opened: Opened, job: PartJob): Promise<Part> | undefined => {
  if (job.kind === 'range') return opened.range?.(job)
  return job.kind === 'bytes' ? opened.bytes?.(job) : opened.after?.(job)
}

const open = (source: Source, config: () => Config, progress: () => void): Promise<Opened> => {
  if (source.kind === 'file') return openFile(source.path)
  if (source.kind === 'server') return Promise.resolve(openServer(source))
  const stores = { config: config(), trees: source.trees, progress }
  return stores.config.storage.eventStoreUrl === undefined ? openEmbedded(stores) : openOrdered(stores)
}

type StoresToRead = { readonly config: Config; readonly trees: boolean; readonly progress: () => void }

const NOTHING = { what: '', first: 0, last: -1, bytes: 0, hasTiles: false }

const openFile = async (path: string): Promise<Opened> => {
  const file = await openExport(path)
  return {
    describe: async () => ({
      ...NOTHING,
      reads: 'bytes',
      what: `the exported history ${path}`,
      bytes: await file.bytes(),
      noTree: 'an exported history carries its leaves in its lines',
    }),
    bytes: ({ offset, length }) => file.read(offset, length),
    close: file.close,
  }
}

const openServer = (source: Extract<Source, { kind: 'server' }>): Opened => {
  const server = createServer(source)
  return {
    describe: async () => {
      const tree = await server.tree()
      return {
        ...NOTHING,
        reads: 'after',
        what: `the server at ${new URL(source.url).origin}`,
        ...(tree === undefined ? { noTree: 'the server has none' } : { tree }),
      }
    },
    after: ({ after }) => server.after(after),
    close: () => Promise.resolve(),
  }
}

const openEmbedded = async ({ config, trees: wanted, progress }: StoresToRead): Promise<Opened> => {
  const directory = await realpath(config.storage.dataDir).catch(() => {
    throw new Error(`There is no data directory at ${config.storage.dataDir}`)
  })
  await access(historyPath(directory), constants.R_OK).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const why = isMissing ? '' : `: ${error instanceof Error ? error.message : String(error)}`
    throw new Error(`There is no history to read in ${directory}${why}`)
  })
  const { boundsOf, openStore, readIndex, readRange } = await import('./embedded.ts')
  const store = openStore(historyPath(directory))
  const trees = wanted ? await openTrees(config, directory) : NO_TREES
  return {
    describe: async () => {
      // The tree first: what is appended meanwhile is not missing in the history.
      const tree = await describeTree(trees)
      const { first, last } = boundsOf(store)
      return {
        ...NOTHING,
        ...tree,
        ...{ first: firstOf(first, tree.tree), last },
        reads: 'range',
        what: `the embedded history in ${directory}`,
      }
    },
    range: async (job) => {
      const stored = await storedLeaves(
        trees,
        job.leaf,
        Math.min(job.to - job.from + 1, job.leaves - job.leaf),
      )
      progress()
      return readRange(store, job, stored)
    },
    index: (bounds) => readIndex(store, bounds, progress),
    ...tilesOf(trees),
    close: async () => {
      await trees.close()
      await store.close()
    },
  }
}

const openOrdered = async ({ config, trees: wanted, progress }: StoresToRead): Promise<Opened> => {
  const { openReadOnlyHistory } = await import('../../operating/read-only.ts')
  const { history, close } = await openReadOnlyHistory(config)
  const trees = wanted ? await openTrees(config, config.storage.dataDir) : NO_TREES
  return {
    describe: async () => ({
      ...NOTHING,
      ...(await describeTree(trees)),
      reads: 'after',
      what: 'the history in EventStoreDB',
    }),
    after: async ({ after, leaf, leaves }) => {
      const stored = await storedLeaves(trees, leaf, Math.min(PART_LEAVES, leaves - leaf))
      return readAfter(history, BigInt(after), stored, progress)
    },
    ...tilesOf(trees),
    close: async () => {
      await trees.close()
      await close()
    },
  }
}

/** Positions are contiguous, so the tree knows where the first event has to be, should that be gone. */
const firstOf = (first: number, tree: TreeState | undefined): number => {
  const due = tree === undefined ? first : Number(tree.position) - tree.size + 1
  return due >= 1 && due < first ? due : first
}

type Trees = { readonly tiles: Tiles | undefined; readonly why: string; readonly close: () => Promise<void> }

const openTrees = async ({ storage }: Config, directory: string): Promise<Trees> => {
  if (storage.mongoUrl !== undefined) {
    const mongo = await openMongoServer(storage.mongoUrl)
    const documents = mongo.documents()
    const close = async (): Promise<void> => {
      await documents.close()
      await mongo.close()
    }
    return { tiles: createTiles(documents), why: '', close }
  }
  const path = documentsPath(directory)
  if (!existsSync(path)) return NO_TREES
  const { openEmbeddedDocuments } = await import('../../documents/embedded/documents.ts')
  const documents = await openEmbeddedDocuments({ path, readOnly: true })
  return { tiles: createTiles(documents), why: '', close: documents.close }
}

const NO_TREES: Trees = { tiles: undefined, why: 'there are no documents', close: () => Promise.resolve() }

const tilesOf = ({ tiles }: Trees): Pick<Opened, 'tiles'> =>
  tiles === undefined ? {} : { tiles: ({ level, from, count }) => tiles.hashes(level, from, count) }

const describeTree = async ({
  tiles,
  why,
}: Trees): Promise<Pick<Description, 'tree' | 'noTree' | 'hasTiles'>> => {
  if (tiles === undefined) return { hasTiles: false, noTree: why }
  const tree = await tiles.state()
  return tree === undefined
    ? { hasTiles: false, noTree: 'the documents hold none' }
    : { hasTiles: true, tree }
}

const storedLeaves = async (
  { tiles }: Trees,
  from: number,
  count: number,
): Promise<{ readonly stored: Buffer; readonly covered: number }> => {
  const covered = Math.max(0, count)
  const stored = covered === 0 || tiles === undefined ? Buffer.alloc(0) : await tiles.hashes(0, from, covered)
  return { stored, covered }
}
