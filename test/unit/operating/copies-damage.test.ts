/** Proves that a damaged copy is refused with its place, that no server starts on what was put there of it, and that a whole copy goes on there. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { CopyRefused, FILES } from '../../../src/operating/copies/format.ts'
import {
  ALL,
  contentsOf,
  copied,
  filesIn,
  freshPlace,
  put,
  removePlaces,
  someStores,
  twin,
} from '../../support/copies.ts'

test.after.always(removePlaces)

const COUNT = 700
let source: string
let backup: string
test.before(async () => {
  source = await someStores(COUNT)
  backup = await freshPlace()
  await copied(source, backup)
})

const changed = async (name: string, change: (text: string) => string): Promise<string> => {
  const directory = await twin(backup)
  const path = join(directory, name)
  await writeFile(path, change(await readFile(path, 'utf8')))
  return directory
}
const lineOf = (n: number, change: (line: string) => string) => (text: string) =>
  text
    .split('\n')
    .map((line, index) => (index === n ? change(line) : line))
    .join('\n')
const flipped = (line: string): string => line.replace('"n":', '"m":')
/** Of the same length as two others. */
const swapped = (text: string): string => {
  const lines = text.split('\n')
  ;[lines[20], lines[21]] = [lines[21] ?? '', lines[20] ?? '']
  return lines.join('\n')
}

const DAMAGES: readonly (readonly [
  what: string,
  name: string,
  change: (text: string) => string,
  said: RegExp,
])[] = [
  ['a flipped byte', FILES.history, lineOf(600, flipped), /line 601: the event does not fit its leaf/],
  [
    'a flipped byte of a leaf',
    FILES.history,
    lineOf(5, (l) => l.replace(/"leaf":"./, '"leaf":"!')),
    /line 6: .*leaf/,
  ],
  [
    'a flipped position',
    FILES.history,
    lineOf(7, (l) => l.replace('"8"', '"9"')),
    /line 8: .*position 9 where 8/,
  ],
  [
    'a flipped end',
    FILES.history,
    lineOf(COUNT, (l) => l.replace(/"root":"./, '"root":"!')),
    /its last line names/,
  ],
  [
    'a needless space',
    FILES.history,
    lineOf(9, (l) => `${l.slice(0, 1)} ${l.slice(1)}`),
    /has \d+ bytes, and had \d+/,
  ],
  [
    'another order of names',
    FILES.history,
    lineOf(9, (l) => l.replace(/^\{("position":"10"),("stream":"[^"]+"),/, '{$2,$1,')),
    /SHA-256/,
  ],
  ['two lines swapped', FILES.history, swapped, /line 21: .*position 22 where 21/],
  [
    'a dropped line',
    FILES.history,
    (s) => s.split('\n').toSpliced(30, 1).join('\n'),
    /has \d+ bytes, and had \d+/,
  ],
  ['a cut file', FILES.history, (s) => s.slice(0, -200), /has \d+ bytes, and had \d+/],
  [
    'a flipped key',
    FILES.keyring,
    lineOf(3, (l) => l.replace(/"key":"./, '"key":"/')),
    /keyring.ndjson was changed/,
  ],
  [
    'a key that is none',
    FILES.keyring,
    lineOf(3, (l) => l.replace('"key"', '"kei"')),
    /keyring.ndjson .*line 4: it is not a key/,
  ],
  ['a flipped entry', FILES.vault, (s) => s.replace('secret', 'sekret'), /vault.ndjson was changed/],
  [
    'a manifest of another root',
    FILES.manifest,
    (s) => s.replace(/"root": "./, '"root": "!'),
    /manifest.json names/,
  ],
  ['half a manifest', FILES.manifest, (s) => s.slice(0, 100), /manifest.json is damaged/],
  [
    'a manifest of no complete copy',
    FILES.manifest,
    (s) => s.replace('"complete": true', '"complete": null'),
    /complete/,
  ],
]

for (const [what, name, change, said] of DAMAGES) {
  test.serial(`${what} in ${name} is refused with its place`, async (t) => {
    const place = await freshPlace()
    await t.throwsAsync(
      changed(name, change).then((from) => put(from, place)),
      {
        instanceOf: CopyRefused,
        message: said,
      },
    )
    t.deepEqual([...(await contentsOf(place)).keys], [], 'and no server starts on it')
    // With a whole copy it goes on, unless its positions were already lies.
    await put(backup, place)
    t.is((await contentsOf(place)).events.length, COUNT)
  })
}

test.serial(
  'a damaged blob is refused with its name, or left out and told if so wanted; one that is damaged in the vault is left out and told',
  async (t) => {
    const [damaged, place, to] = [await twin(backup), await freshPlace(), await freshPlace()]
    const path = (await filesIn(join(damaged, FILES.blobs)))[0] ?? ''
    await writeFile(path, 'x')
    await t.throwsAsync(put(damaged, place), { instanceOf: CopyRefused, message: /blobs\/.* is damaged/ })
    const name = path.split('/').slice(-3).join('/')
    t.deepEqual((await put(damaged, place, { withoutDamaged: true })).damaged, [name])
    const [whole, without] = [await contentsOf(source), await contentsOf(place)]
    t.is(without.blobs.length, whole.blobs.length - 1)
    t.deepEqual([without.events, without.keys], [whole.events, whole.keys])
    const own = await someStores(10)
    const inVault = (await filesIn(join(own, 'blobs')))[0] ?? ''
    await writeFile(inVault, 'x')
    const { vault } = await copied(own, to, { wanted: ALL })
    t.is(vault?.blobs, 0)
    t.deepEqual(vault?.damaged, [inVault.split('/').slice(-2).join('/')])
  },
)
