/**
 * Proves that what README.md and docs/ name is there: paths, links, npm scripts, identifiers, settings and metrics are taken out of the
 * text and looked for in the repository, in the table of settings, and in what `/metrics` answers.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import test from 'ava'
import { SETTINGS } from '../../src/config/settings.ts'
import { memoryHistory } from '../../src/history/memory/memory.ts'
import { createHealth } from '../../src/http/health.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { isObject, type Json } from '../../src/json.ts'
import { appendMetrics } from '../../src/operating/append-metrics.ts'
import { commandMetrics } from '../../src/operating/command-metrics.ts'
import { watchProjections } from '../../src/operating/projection-health.ts'
import { documentsMetrics, watchErasures, watchTree } from '../../src/operating/store-metrics.ts'
import { createTree } from '../../src/proofs/reading.ts'
import { startRunner } from '../../src/projecting/runner.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import { memoryVault } from '../../src/vault/memory/vault.ts'

const read = (path: string): string => readFileSync(path, 'utf8')
const filesIn = (folder: string, ending: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))

/** Every group of the pattern in the text, each once. */
const named = (text: string, pattern: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name = '']) => name)),
]

const CODE = ['src', 'projections', 'scripts', 'test']
const sources = CODE.flatMap((folder) => filesIn(folder, '.ts'))
const pages = ['README.md', ...filesIn('docs', '.md')]
const decisions = filesIn(join('docs', 'decisions'), '.md')

test('the pages are found', (t) => {
  t.true(pages.length > 20 && decisions.length > 15 && sources.length > 200)
})

for (const page of pages) {
  const text = read(page)

  test(`${page}: paths and links lead somewhere`, (t) => {
    const paths = named(text, /(?<![\w./-])((?:src|projections|scripts|test|docs|\.ci)\/[\w./-]*\w)/g)
    t.deepEqual(
      paths.filter((path) => !existsSync(path)),
      [],
    )
    const links = named(text, /\]\((?!https?:)([^)#]+)[^)]*\)/g)
    t.deepEqual(
      links.filter((link) => !existsSync(normalize(join(dirname(page), link)))),
      [],
    )
    const files = named(text, /`([\w-]+\.ts)`/g)
    t.deepEqual(
      files.filter((file) => !sources.some((source) => source.endsWith(`/${file}`))),
      [],
    )
  })

  test(`${page}: npm scripts exist`, (t) => {
    const manifest = JSON.parse(read('package.json')) as Json
    const scripts =
      isObject(manifest) && isObject(manifest['scripts']) ? Object.keys(manifest['scripts']) : []
    const asked = [...named(text, /npm run (?:-s )?([a-z][\w:]*)/g), ...named(text, /npm (start|test)\b/g)]
    t.deepEqual(
      asked.filter((name) => !scripts.includes(name)),
      [],
    )
  })
}

for (const page of decisions) {
  test(`${page} is one screen, and its name is the claim that it makes`, (t) => {
    const text = read(page)
    const [title = ''] = text.split('\n')
    t.true(text.split('\n').length <= 40)
    t.regex(title, /^# (?:\S+ ){2,}\S+[^.:]$/)
    const name = page.replace(/^.*\/\d\d-|\.md$/g, '')
    t.true(name.split('-').length >= 4)
    t.regex(title.toLowerCase().replaceAll("'", ''), new RegExp(name.replaceAll('-', '.*')))
  })

  test(`${page}: what it cites is in the code`, (t) => {
    const [, cited = ''] = read(page).split('In the code: ')
    t.not(cited, '', 'says where it is in the code')
    const identifiers = named(cited, /`(?:\w+\.)?([A-Za-z_]\w*)`/g)
    const code = sources.map(read).join('\n')
    t.deepEqual(
      identifiers.filter((name) => !new RegExp(`\\b${name}\\b`).test(code)),
      [],
    )
  })
}

test('every decision that the code cites has a page', (t) => {
  const numbers = decisions.map((page) => Number(/\d+/.exec(page)?.[0]))
  const cited = sources.flatMap((source) =>
    named(read(source), /\(decisions? ([\d, and]+)\)/g).flatMap((list) => list.match(/\d+/g) ?? []),
  )
  t.true(cited.length > 10)
  t.deepEqual(
    cited.filter((number) => !numbers.includes(Number(number))),
    [],
  )
})

const operating = read(join('docs', 'operating.md'))

test('the settings that docs/operating.md explains are settings', (t) => {
  const known = [...Object.keys(SETTINGS), 'NODE_ENV']
  const rows = operating.split('\n').filter((line) => /^\| `[A-Z_]+`/.test(line))
  const explained = rows.flatMap((line) => named(line.split('|')[1] ?? '', /`([A-Z_]+)`/g))
  t.true(explained.length > 10)
  t.deepEqual(
    explained.filter((name) => !known.includes(name)),
    [],
  )
})

test('docs/operating.md lists the metrics that there are', async (t) => {
  const [history, documents, health, metrics] = [
    memoryHistory(),
    memoryDocuments(),
    createHealth(),
    createMetrics(),
  ]
  const nothing = (): void => undefined
  const handlers = { onApplied: nothing, onStopped: nothing, onBroken: nothing, onAhead: nothing }
  const runner = await startRunner({ history, documents, projections: [], ...handlers })
  watchProjections(runner, history, { health, metrics })
  appendMetrics(metrics)
  commandMetrics(metrics)
  documentsMetrics(metrics)
  watchTree(metrics, history, createTree(documents).state)
  watchErasures(metrics, memoryVault({ now: Date.now }))
  const shown = named(await metrics.text(), /^# TYPE (\w+) /gm)
  const listed = named(operating, /`(headwater_[\w*]+)`/g)
  const matches = (name: string): boolean =>
    listed.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
  const own = shown.filter((name) => !/^headwater_(?:nodejs|process)_/.test(name))
  t.deepEqual(
    own.filter((name) => !matches(name)),
    [],
    'every metric of our own is listed',
  )
  const there = listed.filter((one) => shown.some((name) => name.startsWith(one.replace('*', ''))))
  t.deepEqual(there, listed, 'what is listed is there')
  await runner.close()
})
