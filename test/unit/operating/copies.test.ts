/**
 * Proves on embedded stores, in this process, that a copy and what is put back from it are equal to the source in everything, that each can
 * be broken off anywhere and goes on, that a damaged copy is refused with its place, and that no two histories are ever mixed.
 */
import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { CopyInterrupted, CopyRefused, FILES } from '../../../src/operating/copies/format.ts'
import {
  BLOB,
  contentsOf,
  copied,
  ERASED,
  ERASED_TEXT,
  EXPORT,
  fill,
  filesIn,
  freshPlace,
  inStores,
  put,
  removePlaces,
  someStores,
  twin,
} from '../../support/copies.ts'

test.after.always(removePlaces)

const COUNT = process.env['SOAK'] === undefined ? 1_200 : 100_000
let source: string
let backup: string
test.before(async () => {
  source = await someStores(COUNT)
  backup = await freshPlace()
  await copied(source, backup)
})

test.serial(
  'what is restored is the source: events, positions, keys, marks, entries, counters and blobs',
  async (t) => {
    const place = await freshPlace()
    const restored = await put(backup, place)
    t.deepEqual([restored.events, restored.there, restored.isRepeated], [COUNT, 0, false])
    const [was, is] = [await contentsOf(source), await contentsOf(place)]
    t.deepEqual(is, was)
    t.is(was.events.length, COUNT)
    t.is(was.keys.get(`subject ${ERASED}`), 'destroyed')
    t.is(was.entries.length, 2)
    t.is(was.blobs.length, 1)
    await inStores(place, async ({ vault }) => {
      t.is(await vault.next('cc.users-1'), 42n)
      await vault.deleteSubject('stores.user-1')
    })
    t.deepEqual((await contentsOf(place)).blobs, [])
  },
)

test.serial('a history keeps its positions wherever they begin', async (t) => {
  const [high, to, place] = [
    await someStores(700, { firstPosition: 987_654_321n }),
    await freshPlace(),
    await freshPlace(),
  ]
  const { manifest } = await copied(high, to, { wanted: EXPORT })
  t.deepEqual([manifest.firstPosition, manifest.lastPosition], ['987654321', '987655020'])
  await put(to, place, { withVault: false })
  t.deepEqual((await contentsOf(place)).events, (await contentsOf(high)).events)
  await inStores(place, ({ history }) => fill(history, 1))
  t.is((await contentsOf(place)).events.at(-1)?.position, 987_655_021n)
})

test.serial('an empty history is a copy too', async (t) => {
  const [empty, to, place] = [await someStores(0), await freshPlace(), await freshPlace()]
  t.is((await copied(empty, to)).manifest.events, 0)
  t.is((await put(to, place)).events, 0)
  t.deepEqual(await contentsOf(place), await contentsOf(empty))
})

test.serial('only the owner reads a copy, and nothing of somebody erased is in it', async (t) => {
  t.is((await stat(backup)).mode & 0o777, 0o700)
  for (const path of await filesIn(backup)) {
    t.is((await stat(path)).mode & 0o777, 0o600, path)
    const bytes = await readFile(path)
    t.false(bytes.includes(ERASED_TEXT), path)
    if (bytes.length === BLOB.length) t.true(bytes.equals(BLOB))
  }
  const without = await freshPlace()
  await copied(source, without, { wanted: { keys: false, vault: false } })
  t.deepEqual((await readdir(without)).sort(), [FILES.history, FILES.manifest])
})

test.serial(
  'broken off after any page, and in the middle of a line, it goes on and is the same copy',
  async (t) => {
    const to = await freshPlace()
    let left = 1
    let breaks = 0
    for (;;) {
      const stop = new AbortController()
      let pages = 0
      const onProgress = (): void => {
        pages += 1
        if (pages >= left) stop.abort()
      }
      const made = await copied(source, to, { signal: stop.signal, onProgress }).catch(
        (error: unknown) => error,
      )
      if (!(made instanceof CopyInterrupted)) {
        t.false(made instanceof Error, String(made))
        break
      }
      breaks += 1
      left += 1
      const part = join(to, `${FILES.history}.part`)
      const { size } = await stat(part)
      if (breaks % 2 === 0 && size > 100) await truncate(part, size - 37)
      else await appendFile(part, '{"position":"99')
      t.false((await readdir(to)).includes(FILES.manifest))
    }
    t.true(breaks >= 3)
    for (const name of [FILES.history, FILES.keyring])
      t.deepEqual(await readFile(join(to, name)), await readFile(join(backup, name)), name)
  },
)

test.serial('a complete copy is brought up to date, and what was erased since is erased in it', async (t) => {
  const [grown, to, place] = [await someStores(800), await freshPlace(), await freshPlace()]
  t.is((await copied(grown, to)).kept, 0)
  await inStores(grown, async ({ history, keyring, vault }) => {
    await fill(history, 300)
    await keyring.destroy('stores.user-1')
    await vault.deleteSubject('stores.user-1')
  })
  const again = await copied(grown, to)
  t.deepEqual([again.kept, again.manifest.events, again.vault?.blobs], [800, 1_100, 0])
  t.deepEqual(await readdir(join(to, FILES.blobs)), [])
  await put(to, place)
  t.deepEqual(await contentsOf(place), await contentsOf(grown))
})

test.serial('a damaged line of an interrupted copy is copied anew', async (t) => {
  const to = await freshPlace()
  const lines = (await readFile(join(backup, FILES.history), 'utf8')).split('\n')
  lines[1_000] = (lines[1_000] ?? '').replace('"n":', '"n":1')
  await writeFile(join(to, `${FILES.history}.part`), lines.join('\n'))
  const notices: string[] = []
  t.is((await copied(source, to, { onNotice: (text) => notices.push(text) })).kept, 1_000)
  t.regex(notices.join(), /line 1001 /)
  t.deepEqual(await readFile(join(to, FILES.history)), await readFile(join(backup, FILES.history)))
})

/** What a copy is brought up to date from, after somebody did that to its lines. */
const LOSSES: readonly (readonly [what: string, harm: (lines: string[]) => void])[] = [
  ['a missing line', (lines) => lines.splice(599, 1)],
  ['two swapped lines', (lines) => lines.splice(599, 2, lines[600] ?? '', lines[599] ?? '')],
  ['a missing beginning', (lines) => lines.splice(0, 3)],
]
for (const [what, harm] of LOSSES)
  test.serial(`a complete copy with ${what} is whole again when it is brought up to date`, async (t) => {
    const to = await twin(backup)
    const path = join(to, FILES.history)
    const lines = (await readFile(path, 'utf8')).split('\n')
    harm(lines)
    await writeFile(path, lines.join('\n'))
    const notices: string[] = []
    await copied(source, to, { onNotice: (text) => notices.push(text) })
    t.is(notices.length, 1)
    t.deepEqual(await readFile(path), await readFile(join(backup, FILES.history)))
  })

test.serial('two histories, two kinds of copies and strange directories are never mixed', async (t) => {
  const other = await someStores(900)
  await t.throwsAsync(copied(other, await twin(backup)), {
    instanceOf: CopyRefused,
    message: /another history/,
  })
  const shorter = await twin(backup)
  await t.throwsAsync(copied(source, shorter, { wanted: EXPORT }), { instanceOf: CopyRefused })
  const strange = await freshPlace()
  await writeFile(join(strange, 'letter.txt'), '')
  await t.throwsAsync(copied(source, strange), { instanceOf: CopyRefused, message: /letter\.txt/ })
  t.deepEqual(await readdir(strange), ['letter.txt'])
})

test.serial('what is not empty is refused, and left as it was', async (t) => {
  const [other, used] = [await someStores(20), await freshPlace()]
  const before = await contentsOf(other)
  await t.throwsAsync(put(backup, other), { instanceOf: CopyRefused, message: /not empty/ })
  t.deepEqual(await contentsOf(other), before)
  await put(backup, used)
  t.true((await put(backup, used)).isRepeated)
  await inStores(used, ({ history }) => fill(history, 1))
  await t.throwsAsync(put(backup, used), {
    instanceOf: CopyRefused,
    message: new RegExp(`position ${COUNT + 1} `),
  })
  const keys = await freshPlace()
  await inStores(keys, ({ keyring }) => keyring.obtain('stores.user-9'))
  await t.throwsAsync(put(backup, keys), { instanceOf: CopyRefused, message: /keyring/ })
  const entries = await freshPlace()
  await inStores(entries, ({ vault }) => vault.raise('c', 1n))
  await t.throwsAsync(put(backup, entries), { instanceOf: CopyRefused, message: /vault/ })
})

test.serial(
  'an import that was broken off goes on, and has no key of the installation before all is there',
  async (t) => {
    const place = await freshPlace()
    const stop = new AbortController()
    stop.abort()
    await t.throwsAsync(put(backup, place, { signal: stop.signal }), { instanceOf: CopyInterrupted })
    const half = await contentsOf(place)
    t.true(half.events.length > 0 && half.events.length < COUNT)
    t.deepEqual([...half.keys], [])
    const { there, events } = await put(backup, place)
    t.deepEqual([there, events], [half.events.length, COUNT])
    t.deepEqual(await contentsOf(place), await contentsOf(source))
  },
)

test.serial('a copy without keys puts the events there, and the keys come later', async (t) => {
  const [without, place] = [await freshPlace(), await freshPlace()]
  await copied(source, without, { wanted: { keys: false, vault: false } })
  await put(without, place, { withVault: false })
  t.deepEqual([...(await contentsOf(place)).keys], [])
  const { there } = await put(backup, place)
  t.is(there, COUNT)
  t.deepEqual(await contentsOf(place), await contentsOf(source))
})

test.serial('what was imported can still be restored', async (t) => {
  const place = await freshPlace()
  await put(backup, place, { withVault: false })
  t.deepEqual((await contentsOf(place)).entries, [])
  t.true((await put(backup, place)).isRepeated)
  t.deepEqual(await contentsOf(place), await contentsOf(source))
})
