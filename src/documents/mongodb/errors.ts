import { MongoServerError } from 'mongodb'
import { isDuplicate } from '../../mongodb/connection.ts'

export const DUPLICATE_KEY = 11_000
export const INDEX_MISSING = 27
export const NAMESPACE_MISSING = 26
export const NAMESPACE_EXISTS = 48

export const hasCode = (error: unknown, code: number): boolean =>
  error instanceof MongoServerError && error.code === code

/** FerretDB has this message instead of a code when an update meets a unique index. */
export const isTaken = (error: unknown): boolean =>
  isDuplicate(error) || (error instanceof Error && error.message.includes('UNIQUE constraint failed'))

/** Whether a server's number says that a document does not fit into an index. */
export const doesNotFit = (code: unknown): boolean => code === PARALLEL_ARRAYS || code === AMBIGUOUS_NUMBER

/** Whether the server cannot sort by what the port can: arrays in two keys, a number for a name, more than it has memory for. */
export const cannotSort = (error: unknown): boolean =>
  error instanceof MongoServerError &&
  (doesNotFit(error.code) || error.code === BAD_VALUE || error.code === MEMORY_EXCEEDED)

const BAD_VALUE = 2
const PARALLEL_ARRAYS = 171
const MEMORY_EXCEEDED = 292
const AMBIGUOUS_NUMBER = 16_746
