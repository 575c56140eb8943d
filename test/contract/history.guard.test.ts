/** Proves that the history's contract cannot be kept by doing nothing: every case has to fail on adapters that only pretend. */
import test from 'ava'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { History } from '../../src/history/port.ts'
import { freshPrefix } from '../support/history.ts'
import { historyCases } from './history.ts'

async function* nothing(): AsyncGenerator<never, void> {
  // Neither pages nor deliveries.
}

const silent: Omit<History, 'append'> = {
  read: nothing,
  readAll: nothing,
  subscribe: nothing,
  head: () => Promise.resolve(0n),
  close: () => Promise.resolve(),
}

const idlers: Readonly<Record<string, History>> = {
  'says that everything was written': {
    ...silent,
    append: (_stream, _expected, events) => TE.right({ revision: BigInt(events.length - 1), position: 1n }),
  },
  'says that everything was in vain': {
    ...silent,
    append: () => TE.left({ _tag: 'WrongRevision', actual: 'none' }),
  },
  'says that it is not available': {
    ...silent,
    append: () => TE.left({ _tag: 'Unavailable', reason: 'idle' }),
  },
}

for (const [name, history] of Object.entries(idlers)) {
  for (const { name: claim, run } of historyCases) {
    test(`an adapter that ${name} fails: ${claim}`, async (t) => {
      const given = { history, reopened: () => Promise.resolve(history), prefix: freshPrefix() }
      const attempt = await t.try((inner) => run(inner, given))
      attempt.discard()
      t.false(attempt.passed)
    })
  }
}
