import { setTimeout as pause } from 'node:timers/promises'
import {
  MongoBulkWriteError,
  MongoClient,
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
  type Db,
} from 'mongodb'
import {
  MONGODB_ANSWER_MS_MAX,
  MONGODB_CLOSE_MS_MAX,
  MONGODB_OPERATION_MS_MAX,
  MONGODB_SELECTION_MS_MAX,
  MONGODB_WRITE_MS_MAX,
} from '../limits.ts'
import { keepAlive } from './reviving.ts'

/** A MongoDB, or another server that speaks its protocol. */
export type Mongo = {
  /** The database that the URL names; `headwater` without a name. */
  readonly db: Db
  readonly close: () => Promise<void>
}

/**
 * Connects at the first use, and again by itself. Writes are acknowledged by a majority and its journals, reads come from the primary.
 * 64-bit integers arrive as `bigint`. Throws only for a URL that is none.
 */
export const openMongo = (url: string): Mongo => {
  const client = new MongoClient(url, {
    appName: 'headwater',
    useBigInt64: true,
    ignoreUndefined: true,
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: MONGODB_WRITE_MS_MAX },
    readPreference: 'primary',
    serverSelectionTimeoutMS: MONGODB_SELECTION_MS_MAX,
    connectTimeoutMS: MONGODB_SELECTION_MS_MAX,
    socketTimeoutMS: MONGODB_ANSWER_MS_MAX,
    waitQueueTimeoutMS: MONGODB_ANSWER_MS_MAX,
  })
  const alive = keepAlive(client)
  return {
    db: client.db(DATABASE.test(url) ? undefined : 'headwater'),
    close: () => {
      alive.stop()
      // What is under way is interrupted at once; the rest is a farewell to a server that may not listen.
      return Promise.race([client.close(), pause(MONGODB_CLOSE_MS_MAX, undefined, { ref: false })])
    },
  }
}

const DATABASE = /^mongodb(\+srv)?:\/\/[^/]+\/[^?]/

/**
 * `work`, with whatever says that the server cannot be reached or cannot answer now turned into the port's own error. So is no answer at
 * all: the driver waits for ever for a socket that ended while it wrote. Such an operation may have been done.
 */
export const orUnavailable = async <A>(
  work: () => Promise<A>,
  Unavailable: new (message: string, options: ErrorOptions) => Error,
): Promise<A> => {
  try {
    return await answered(work())
  } catch (error) {
    if (error === LATE) throw new Unavailable(`MongoDB: ${LATE.message}`, { cause: error })
    if (isAway(error)) throw new Unavailable(`MongoDB: ${messageOf(error)}`, { cause: error })
    throw error
  }
}

const answered = async <A>(work: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(LATE), MONGODB_OPERATION_MS_MAX)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const LATE = new Error(`no answer within ${MONGODB_OPERATION_MS_MAX} ms`)

/** A value of a unique index, or an `_id`, is there already. */
export const isDuplicate = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === DUPLICATE_KEY

const DUPLICATE_KEY = 11000

/** Not the server's refusal of what was asked, but no answer, or one that another try at another time may change. */
const isAway = (error: unknown): boolean =>
  AWAY.some((kind) => error instanceof kind) ||
  (error instanceof MongoError && NO_CONNECTION.has(error.name)) ||
  (error instanceof MongoBulkWriteError && hasNoAnswer(error)) ||
  isSystemError(error) ||
  (error instanceof MongoServerError && typeof error.code === 'number' && PASSING_CODES.has(error.code))

const AWAY = [
  MongoNetworkError,
  MongoServerSelectionError,
  MongoOperationTimeoutError,
  MongoServerClosedError,
  MongoNotConnectedError,
  MongoTopologyClosedError,
  MongoClientClosedError,
  MongoWriteConcernError,
] as const

/** The driver wraps whatever ends a bulk write, and keeps only the message of a broken connection. */
const hasNoAnswer = (error: MongoBulkWriteError): boolean =>
  error.code === undefined && [error.writeErrors].flat().length === 0

/** A large write that meets a reset fails with the socket's bare error. */
const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error

/** The driver keeps these classes to itself: none was free, or the member left the replica set. */
const NO_CONNECTION: ReadonlySet<string> = new Set(['MongoWaitQueueTimeoutError', 'MongoPoolClosedError'])

/** Elections, shutdowns, time limits, lost cursors, and indexes that went away under a query, by the server's numbers. */
const PASSING_CODES: ReadonlySet<number> = new Set([
  6, 7, 43, 50, 63, 64, 79, 89, 91, 112, 134, 150, 175, 189, 202, 234, 237, 262, 314, 317, 358, 9001, 10107,
  11600, 11602, 13388, 13435, 13436,
])

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
