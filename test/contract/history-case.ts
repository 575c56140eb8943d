import type { ExecutionContext } from 'ava'
import type { History } from '../../src/history/port.ts'

export type Given = {
  readonly history: History
  /** The same store, opened anew; the same history where nothing outlives it. */
  readonly reopened: () => Promise<History>
  /** Begins the name of every stream of this case. */
  readonly prefix: string
}

export type Case = {
  readonly name: string
  readonly run: (t: ExecutionContext, given: Given) => Promise<void>
}
