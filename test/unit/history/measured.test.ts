/** Proves that an observer of appends is told each outcome once, and that the history answers as before. */
import test from 'ava'
import { measured } from '../../../src/history/measured.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { appended, collect, numbered, refused } from '../../support/history.ts'

test('appended and refused ones are told apart', async (t) => {
  const seen: unknown[] = []
  const history = measured(memoryHistory(), {
    appended: (ms) => void seen.push(ms >= 0),
    failed: (tag) => void seen.push(tag),
  })
  await appended(history, 's-1', 'none', numbered(3))
  await refused(history, 's-1', 'none', numbered(1))
  t.deepEqual(seen, [true, 'WrongRevision'])
  t.is((await collect(history.read('s-1'))).length, 3)
})
