import { VaultUnavailable } from '../port.ts'

/**
 * What a step of a writer sees: everything flushed before, and what the steps before it in its group wrote. A step is
 * synchronous, so no other write comes between its reads and its writes; one that throws must not have written anything.
 */
export type Transaction<Name extends string> = {
  readonly get: (table: Name, key: Buffer) => Buffer | undefined
  readonly put: (table: Name, key: Buffer, value: Buffer) => void
  readonly remove: (table: Name, key: Buffer) => void
}

/** The last word of a group on one key; `undefined` removes it. */
export type Change<Name extends string> = {
  readonly table: Name
  readonly key: Buffer
  readonly value: Buffer | undefined
}

export type Groups<Name extends string> = {
  /** Answers with the step's result when what it wrote and what it has read is flushed. */
  readonly write: <A>(step: (transaction: Transaction<Name>) => A) => Promise<A>
  /** Resolves when nothing is on its way any more; nothing starts until the returned function is called. */
  readonly pause: () => Promise<() => void>
  /** Refuses everything from now on. */
  readonly fail: (error: Error) => void
}

export type GroupOptions<Name extends string> = {
  /** What is flushed. */
  readonly get: (table: Name, key: Buffer) => Buffer | undefined
  /** Writes all of them or none, and resolves when they are flushed. */
  readonly commit: (changes: readonly Change<Name>[]) => PromiseLike<unknown>
  /** Told once, when a commit was refused. */
  readonly onFatal: (error: Error) => void
}

/**
 * Group commit: the steps of one turn of the event loop, and all that come while the disk is busy, share one transaction and
 * one flush. Only one group is on its way, so its steps read what is flushed and what the group itself wrote. After a
 * refused commit nothing is written ever again: going on after a full disk can corrupt the heap.
 */
export const openGroups = <Name extends string>(options: GroupOptions<Name>): Groups<Name> => {
  let queue: Waiting<Name>[] = []
  let busy = false
  let holders = 0
  let fatal: Error | undefined
  const idle: (() => void)[] = []

  const next = (): void => {
    if (busy) return
    for (const wake of idle.splice(0)) wake()
    if (holders > 0 || queue.length === 0) return
    busy = true
    setImmediate(run)
  }
  const run = (): void => {
    const taken = queue.slice(0, GROUP_STEPS_MAX)
    queue = queue.slice(GROUP_STEPS_MAX)
    const { transaction, changes } = overlay(options.get)
    const answers = taken.map((waiting) => waiting(transaction))
    const finish = (refused?: VaultUnavailable): void => {
      for (const answer of answers) answer(refused)
      busy = false
      next()
    }
    if (changes.size === 0) finish()
    else commit([...changes.values()], finish)
  }
  const commit = (changes: readonly Change<Name>[], finish: (refused?: VaultUnavailable) => void): void => {
    issue(options.commit, changes).then(
      () => finish(),
      (error: unknown) => {
        const refused = new VaultUnavailable('the disk refused the write', { cause: error })
        fail(refused)
        finish(refused)
        options.onFatal(refused)
      },
    )
  }
  const fail = (error: Error): void => {
    fatal ??= error
    for (const waiting of queue.splice(0)) waiting(undefined)(error)
  }

  return {
    write: (step) =>
      new Promise((resolve, reject) => {
        if (fatal !== undefined) return reject(fatal)
        queue.push(waitingFor(step, resolve, reject))
        next()
      }),
    pause: async () => {
      holders += 1
      if (busy) await new Promise<void>((resolve) => idle.push(resolve))
      return () => {
        holders -= 1
        next()
      }
    },
    fail,
  }
}

/** Runs a step, and gives what answers its caller after the flush. Without a transaction the step is not run. */
type Waiting<Name extends string> = (transaction: Transaction<Name> | undefined) => (refused?: Error) => void

/** Steps of one transaction: so many that the flush costs nothing a step, so few that the event loop is not held up. */
const GROUP_STEPS_MAX = 5_000

const waitingFor =
  <Name extends string, A>(
    step: (transaction: Transaction<Name>) => A,
    resolve: (result: A) => void,
    reject: (error: Error) => void,
  ): Waiting<Name> =>
  (transaction) => {
    if (transaction === undefined) return (refused) => reject(refused ?? new VaultUnavailable('not written'))
    try {
      const result = step(transaction)
      return (refused) => (refused === undefined ? resolve(result) : reject(refused))
    } catch (error) {
      return () => reject(error instanceof Error ? error : new Error(String(error)))
    }
  }

const overlay = <Name extends string>(flushed: GroupOptions<Name>['get']) => {
  const changes = new Map<string, Change<Name>>()
  const idOf = (table: Name, key: Buffer): string => `${table} ${key.toString('latin1')}`
  const transaction: Transaction<Name> = {
    get: (table, key) => {
      const change = changes.get(idOf(table, key))
      return change === undefined ? flushed(table, key) : change.value
    },
    put: (table, key, value) => void changes.set(idOf(table, key), { table, key, value }),
    remove: (table, key) => void changes.set(idOf(table, key), { table, key, value: undefined }),
  }
  return { transaction, changes }
}

const issue = <Name extends string>(
  commit: GroupOptions<Name>['commit'],
  changes: readonly Change<Name>[],
): PromiseLike<unknown> => {
  try {
    return commit(changes)
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }
}
