/**
 * Proves `npm run verify` as an auditor runs it: on a directory that a server is writing to, on exported histories and copies, and on a server over HTTP
 * (a stand-in that speaks the routes out of a list of lines); with the exit codes and the places that it names.
 */
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import { eventJson } from '../../src/history/event-json.ts'
import { createFrontier } from '../../src/proofs/incremental.ts'
import { leafHash } from '../../src/proofs/leaf.ts'
import { createSigner, type SignedHead } from '../../src/proofs/note.ts'
import { parseKey } from '../../src/verifying/notes.ts'
import { verdictText } from '../../src/verifying/report.ts'
import { append, newEvent } from '../support/events.ts'
import { consistencyOf, inclusionOf } from '../support/merkle-proofs.ts'
import { create, signInAdmin } from '../support/members.ts'
import { cleanUp, runScript, startServer, type RunningServer } from '../support/server.ts'
import {
  copyOf,
  embeddedStore,
  fill,
  grow,
  removeTemporary,
  SIGNER,
  temporary,
  verifyHere,
} from '../support/verifying.ts'

const EVENTS = 600
let store: string
let lines: readonly string[]
let server: RunningServer | undefined
let standIn: Server | undefined

test.before(async () => {
  store = await embeddedStore(EVENTS, 200)
  lines = await linesOf(store)
})
test.after.always(async () => {
  standIn?.close()
  await cleanUp(server)
  await removeTemporary()
})

/** As an export writes them, its end included. */
const linesOf = async (directory: string): Promise<readonly string[]> => {
  const history = openEmbeddedHistory({ path: historyPath(directory), readOnly: true })
  const frontier = createFrontier()
  const found: string[] = []
  let lastPosition = '0'
  for await (const page of history.readAll({ after: 0n })) {
    for (const event of page) {
      const leaf = leafHash(event)
      frontier.add(leaf)
      lastPosition = String(event.position)
      found.push(JSON.stringify({ ...eventJson(event), leaf: leaf.toString('base64') }))
    }
  }
  await history.close()
  const end = { events: frontier.size(), lastPosition, root: frontier.root().toString('base64') }
  return [...found, JSON.stringify({ end })]
}

const exported = async (text: readonly string[]): Promise<string> => {
  const path = join(await temporary(), 'history.ndjson')
  await writeFile(path, text.map((line) => `${line}\n`).join(''))
  return path
}

test.serial('a directory that a server writes to holds, whatever the tree has not seen yet', async (t) => {
  server = await startServer()
  const member = await signInAdmin(server.url)
  for (let n = 0; n < 5; n += 1) await create(member, 'labels', { n })
  const { code, output } = await runScript('verify', ['--json'], server.dataDir)
  t.is(code, 0, output)
  t.regex(output, /"holds":true/)
  await server.stop('SIGTERM')
})

test('events behind the tree and behind the newest head are counted, not refused', async (t) => {
  const directory = await copyOf(store)
  const history = openEmbeddedHistory({ path: historyPath(directory) })
  await append(history, 'late-1', newEvent('Late'), newEvent('Late'))
  await history.close()
  const verdict = await verifyHere({ kind: 'stores' }, directory)
  t.deepEqual(verdict.faults, [])
  t.deepEqual(verdict.tree, { size: verdict.events - 2, notCovered: 2 })
  t.is(verdict.heads.notCovered, 3)
})

test('without a tree the signed heads speak, and it says so', async (t) => {
  const directory = await copyOf(store)
  await rm(documentsPath(directory))
  const verdict = await verifyHere({ kind: 'stores' }, directory)
  t.deepEqual(verdict.faults, [])
  t.regex(verdictText(verdict), /tree: none \(there are no documents\)/)
  t.regex(verdictText(verdict), /signed heads: 3, the newest that holds over 602 events; 1 behind it/)
})

test('documents that are damaged cost the tree, not the verdict on the history', async (t) => {
  const directory = await copyOf(store)
  await writeFile(documentsPath(directory), 'nothing')
  const { code, output } = await runScript('verify', [], directory)
  t.is(code, 1, output)
  t.regex(output, /FAULT tree: the documents with the tree cannot be read/)
  t.regex(output, /603 events, positions 1 to 603/)
})

test('a history that is cut short is behind its tree', async (t) => {
  const directory = await copyOf(store)
  const short = await embeddedStore(100)
  await rm(historyPath(directory))
  await copyFile(historyPath(short), historyPath(directory))
  const { faults } = await verifyHere({ kind: 'stores' }, directory)
  t.is(faults[0]?.position, '1')
  t.true(faults.some(({ kind, position }) => kind === 'end' && position === '101'))
})

test('heads have to be of the pinned key, and of one key', async (t) => {
  const pinned = await verifyHere({ kind: 'stores' }, store, { key: parseKey(SIGNER.key) })
  t.deepEqual(pinned.faults, [])
  t.notRegex(verdictText(pinned), /found in the history itself/)
  const other = createSigner(Buffer.alloc(32, 8))
  const wrong = await verifyHere({ kind: 'stores' }, store, { key: parseKey(other.key) })
  t.deepEqual(
    wrong.faults.map(({ kind }) => kind),
    ['head'],
  )
  const directory = await copyOf(store)
  await grow(directory, (history) => fill(history, 50, 50, other))
  const { faults } = await verifyHere({ kind: 'stores' }, directory)
  t.deepEqual(
    faults.map(({ kind, position }) => [kind, position]),
    [['head', '654']],
  )
  t.regex(faults[0]?.detail ?? '', /its key is/)
})

test('an exported history holds, and each change of it is named', async (t) => {
  const whole = await verifyHere({ kind: 'path', path: await exported(lines) })
  t.deepEqual(whole.faults, [])
  t.is(whole.events, 603)
  const at = (n: number): string => lines[n] ?? ''
  const cases: readonly (readonly [what: string, text: readonly string[], kind: string, position: string])[] =
    [
      ['changed', lines.with(300, at(300).replace('label', 'lebal')), 'leaf', '301'],
      ['no JSON', lines.with(300, at(300).slice(0, 80)), 'shape', '301'],
      ['no event', lines.with(300, '{}'), 'shape', '301'],
      ['dropped', lines.toSpliced(304, 1), 'revision', '306'],
      ['dropped, the last of its stream', lines.toSpliced(310, 1), 'head', '201'],
      ['repeated', lines.toSpliced(300, 0, at(300)), 'order', '301'],
      ['without its end', lines.slice(0, -1), 'end', '604'],
      [
        'with a shorter end',
        lines.with(-1, at(lines.length - 1).replace('"events":603', '"events":602')),
        'end',
        '604',
      ],
      ['with more behind its end', [...lines, at(0)], 'end', '604'],
    ]
  for (const [what, text, kind, position] of cases) {
    const [fault] = (await verifyHere({ kind: 'path', path: await exported(text) })).faults
    t.deepEqual([fault?.kind, fault?.position], [kind, position], what)
  }
})

test('a copy is held against its manifest', async (t) => {
  const directory = await temporary()
  const path = await exported(lines)
  await copyFile(path, join(directory, 'history.ndjson'))
  const { end } = JSON.parse(lines.at(-1) ?? '') as { readonly end: { readonly root: string } }
  const manifest = {
    format: 1,
    events: 603,
    firstPosition: '1',
    lastPosition: '603',
    size: 603,
    root: end.root,
    head: null,
    complete: true,
  }
  const put = (more: object): Promise<void> =>
    writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, ...more }))
  await put({})
  const target = { kind: 'path', path: directory } as const
  t.deepEqual((await verifyHere(target)).faults, [])
  await copyFile(await exported(lines.toSpliced(310, 1)), join(directory, 'history.ndjson'))
  await put({ source: { history: 'embedded' } })
  const dropped = await verifyHere(target)
  t.deepEqual([dropped.faults[0]?.kind, dropped.faults[0]?.position], ['missing', '311'])
  await copyFile(path, join(directory, 'history.ndjson'))
  await put({ events: 604 })
  t.regex(verdictText(await verifyHere(target)), /the manifest says events 604, here it is 603/)
  for (const broken of ['{"format":1', JSON.stringify({ ...manifest, complete: false })]) {
    await writeFile(join(directory, 'manifest.json'), broken)
    t.regex(verdictText(await verifyHere(target)), /^FAULT unreadable: .* of no complete copy$/m)
  }
  await put({})
  await rm(join(directory, 'history.ndjson'))
  t.regex(verdictText(await verifyHere(target)), /^FAULT unreadable: .*history.ndjson is not there/m)
  await rm(join(directory, 'manifest.json'))
  await t.throwsAsync(verifyHere(target), { message: /There is no manifest.json/ })
  await t.throwsAsync(verifyHere({ kind: 'path', path: join(directory, 'nothing') }))
})

test('the keyring, the vault and the blobs of a copy are looked at too', async (t) => {
  const directory = await temporary()
  await copyFile(await exported(lines), join(directory, 'history.ndjson'))
  const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')
  const blob = { subject: 'timelimit.family-Ab12Cd34Ef', sha256: sha256('content'), bytes: 7 }
  const parts = [
    ['keyring.ndjson', '{"end":{"keys":0}}\n'],
    ['vault.ndjson', `${JSON.stringify({ blob })}\n{"end":{"blobs":1}}\n`],
  ] as const
  const blobs = join(directory, 'blobs', blob.subject)
  await mkdir(blobs, { recursive: true })
  const whole = async (): Promise<void> => {
    for (const [name, content] of parts) await writeFile(join(directory, name), content)
    await writeFile(join(blobs, blob.sha256), 'content')
  }
  await whole()
  const { end } = JSON.parse(lines.at(-1) ?? '') as { readonly end: object }
  const named = parts.map(([name, content]) => ({ name, bytes: content.length, sha256: sha256(content) }))
  const manifest = { format: 1, complete: true, ...end, firstPosition: '1', head: null, parts: named }
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest))
  const said = async (): Promise<string> => verdictText(await verifyHere({ kind: 'path', path: directory }))
  t.regex(await said(), /signed by nobody: keyring.ndjson, vault.ndjson, 1 blobs\.\nIt holds\.$/)
  const changes: readonly (readonly [path: string, content: string | undefined, said: RegExp])[] = [
    [join(directory, 'keyring.ndjson'), '{"end":{"keys":1}}\n', /keyring.ndjson is not the one .* SHA-256/],
    [join(directory, 'keyring.ndjson'), '', /keyring.ndjson has 0 bytes, and the manifest says 19/],
    [join(directory, 'vault.ndjson'), undefined, /vault.ndjson cannot be read: ENOENT/],
    [join(blobs, blob.sha256), 'kontent', /blobs\/timelimit.*\/[0-9a-f]{64} is damaged: its SHA-256 is/],
    [join(blobs, blob.sha256), undefined, /blobs\/timelimit.* cannot be read: ENOENT/],
  ]
  for (const [path, content, expected] of changes) {
    await (content === undefined ? rm(path) : writeFile(path, content))
    const text = await said()
    t.regex(text, new RegExp(`^FAULT part: ${expected.source}.*\\nIt does not hold\\.$`, 'm'))
    await whole()
  }
  t.regex(await said(), /It holds\.$/)
})

test('a server over HTTP', async (t) => {
  const events = lines.slice(0, -1)
  const { end } = JSON.parse(lines.at(-1) ?? '') as { readonly end: { readonly root: string } }
  const { data: newest } = JSON.parse(events.at(-1) ?? '') as { readonly data: SignedHead }
  const leaves = events.map((line) =>
    Buffer.from((JSON.parse(line) as { readonly leaf: string }).leaf, 'base64'),
  )
  const hashesOf = (hashes: readonly Buffer[]) =>
    proves ? hashes.map((hash) => hash.toString('base64')) : []
  let tampered: readonly string[] = events
  let key = SIGNER.key
  let proves = true
  standIn = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://host')
    if (request.headers.authorization !== 'Bearer secret') return void response.writeHead(401).end()
    const after = Number(url.searchParams.get('after'))
    if (url.pathname === '/history/events')
      return void response.end(
        tampered
          .slice(after, after + 250)
          .map((line) => `${line}\n`)
          .join(''),
      )
    if (url.pathname === '/history/tree')
      return void response.end(JSON.stringify({ size: events.length, root: end.root, position: '603' }))
    const answers: { readonly [path: string]: string } = {
      '/history/key': key,
      '/history/heads/latest': newest.note,
      '/history/proofs/consistency': JSON.stringify({
        roots: [],
        hashes: hashesOf(consistencyOf(newest.size, leaves)),
      }),
      '/history/proofs/inclusion': JSON.stringify({
        ...{ index: 0, leaf: leaves[0]?.toString('base64'), root: newest.root },
        hashes: hashesOf(inclusionOf(0, leaves.slice(0, newest.size))),
      }),
    }
    const answer = answers[url.pathname]
    response.writeHead(answer === undefined ? 404 : 200).end(answer)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => standIn?.once('listening', resolve))
  const url = `http://127.0.0.1:${(standIn.address() as AddressInfo).port}`
  const target = { kind: 'server', url, token: 'secret' } as const
  const here = await verifyHere(target)
  t.deepEqual(here.faults, [])
  t.deepEqual([here.events, here.heads.count, here.tree], [603, 3, { size: 603, notCovered: 0 }])
  key = createSigner(Buffer.alloc(32, 8)).key
  t.regex(verdictText(await verifyHere(target)), /the server names another key/)
  key = SIGNER.key
  proves = false
  t.regex(verdictText(await verifyHere(target)), /cannot prove that its tree goes on/)
  tampered = events.with(300, (events[300] ?? '').replace('label', 'lebal'))
  t.is((await verifyHere(target)).faults[0]?.position, '301')
  await t.throwsAsync(verifyHere({ ...target, token: 'wrong' }), { message: /answers 401/ })
})

test.serial('the script reads an export in processes of its own, and refuses wrong usage', async (t) => {
  const path = await exported(lines)
  const { code, output } = await runScript('verify', ['--json', path], '')
  t.is(code, 0, output)
  t.regex(output, /"holds":true/)
  t.is((await runScript('verify', ['--url', 'http://127.0.0.1:1'], '')).code, 2)
  // Readers that were started do not keep it from ending.
  const unreachable = await runScript('verify', ['--url', 'http://127.0.0.1:1', '--token-file', path], '')
  t.is(unreachable.code, 2, unreachable.output)
  t.is((await runScript('verify', ['--key', 'none', path], '')).code, 2)
})
