/**
 * Proves what the group commit of the embedded vault promises, over a disk made of promises: steps of one turn share one commit, see each
 * other's writes, and are answered after it; a refused commit is the end of all writing.
 */
import test from 'ava'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openGroups, type Change } from '../../../src/vault/embedded/groups.ts'
import { VaultUnavailable } from '../../../src/vault/port.ts'

const K = Buffer.from('k')

const setup = () => {
  const flushed = new Map<string, Buffer>()
  const commits: (readonly Change<'t'>[])[] = []
  const ends: ((error?: Error) => void)[] = []
  const fatal: Error[] = []
  const groups = openGroups<'t'>({
    get: (_, key) => flushed.get(key.toString()),
    commit: (changes) => {
      commits.push(changes)
      return new Promise<void>((resolve, reject) =>
        ends.push((error) => {
          if (error !== undefined) return reject(error)
          for (const { key, value } of changes) {
            if (value === undefined) flushed.delete(key.toString())
            else flushed.set(key.toString(), value)
          }
          resolve()
        }),
      )
    },
    onFatal: (error) => fatal.push(error),
  })
  const count = () =>
    groups.write((transaction) => {
      const next = Number(transaction.get('t', K) ?? 0) + 1
      transaction.put('t', K, Buffer.from(String(next)))
      return next
    })
  const end = async (error?: Error) => {
    await nextTurn()
    ends.shift()?.(error)
    await nextTurn()
  }
  return { groups, commits, fatal, count, end }
}

test('the steps of one turn see each other and share one commit', async (t) => {
  const { commits, count, end } = setup()
  const answers = Promise.all([count(), count(), count()])
  await end()
  t.deepEqual(await answers, [1, 2, 3])
  t.deepEqual(
    commits.map((changes) => changes.map(({ value }) => String(value))),
    [['3']],
  )
})

test('nothing is answered before it is flushed, and what comes meanwhile is the next group', async (t) => {
  const { commits, groups, count, end } = setup()
  const answered: string[] = []
  const note = (name: string) => (result: unknown) => answered.push(`${name} ${String(result)}`)
  const first = count().then(note('first'))
  await nextTurn()
  const others = [
    count().then(note('second')),
    groups.write((transaction) => String(transaction.get('t', K))).then(note('read')),
  ]
  await nextTurn()
  t.is(commits.length, 1)
  t.deepEqual(answered, [])
  await end()
  t.deepEqual(answered, ['first 1'])
  await end()
  await Promise.all([first, ...others])
  t.deepEqual(answered, ['first 1', 'second 2', 'read 2'])
})

test('a group that only reads needs no commit', async (t) => {
  const { groups, commits } = setup()
  t.is(await groups.write((transaction) => transaction.get('t', K)), undefined)
  t.is(commits.length, 0)
})

test('a step that throws fails alone', async (t) => {
  const { groups, count, end } = setup()
  const thrown = groups.write(() => {
    throw new RangeError('not this one')
  })
  const counted = count()
  await Promise.all([end(), t.throwsAsync(thrown, { instanceOf: RangeError })])
  t.is(await counted, 1)
})

test('a removed key is absent for the steps behind it', async (t) => {
  const { groups, count, end } = setup()
  await Promise.all([count(), end()])
  const removed = groups.write((transaction) => transaction.remove('t', K))
  const again = count()
  await Promise.all([removed, end()])
  t.is(await again, 1)
})

test('a refused commit is told once, and everything is refused from then on', async (t) => {
  const { groups, commits, fatal, count, end } = setup()
  const refused = [count(), count()]
  await nextTurn()
  const queued = count()
  const all = Promise.all(
    [...refused, queued].map((answer) => t.throwsAsync(answer, { instanceOf: VaultUnavailable })),
  )
  await end(new Error('no space left on device'))
  await all
  await t.throwsAsync(count(), { instanceOf: VaultUnavailable })
  await t.throwsAsync(
    groups.write(() => 1),
    { instanceOf: VaultUnavailable },
  )
  t.is(commits.length, 1)
  t.is(fatal.length, 1)
})

test('paused, it finishes what is on its way and begins nothing', async (t) => {
  const { groups, commits, count, end } = setup()
  const first = count()
  await nextTurn()
  let paused = false
  const pausing = groups.pause().then((resume) => {
    paused = true
    return resume
  })
  const second = count()
  await nextTurn()
  t.false(paused)
  await end()
  t.is(await first, 1)
  const resume = await pausing
  await nextTurn()
  t.is(commits.length, 1)
  resume()
  await end()
  t.is(await second, 2)
})
