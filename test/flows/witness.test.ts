/**
 * Proves that a witness takes what goes on from what it has, once, survives being cut off in the middle, and keeps both heads as evidence when a
 * history forks, shrinks or changes its key: each time against real stores, and the same over HTTP, where the server may lie as well.
 */
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createSigner } from '../../src/proofs/note.ts'
import type { Exit } from '../support/processes.ts'
import { runScript } from '../support/server.ts'
import { serveHistory, TOKEN, type ServedHistory } from '../support/served-history.ts'
import { witness as run, type Outcome } from '../../src/verifying/witnessing/witness.ts'
import {
  copyOf,
  embeddedStore,
  fill,
  grow,
  removeTemporary,
  SIGNER,
  startHere,
  tamper,
  temporary,
} from '../support/verifying.ts'

test.after.always(removeTemporary)

const witness = (directory: string, file: string): Promise<Outcome> =>
  run({ kind: 'stores' }, file, startHere(directory))
const notes = async (file: string): Promise<number> =>
  [...(await readFile(file, 'utf8')).matchAll(/^— /gm)].length

const why = (outcome: Outcome): string => (outcome.is === 'forked' ? outcome.why : outcome.is)

test('a history that goes on is witnessed head by head, and a fork of it is refused with evidence', async (t) => {
  const store = await embeddedStore(40, 20)
  const file = join(await temporary(), 'heads')
  t.is((await witness(store, file)).is, 'added')
  t.is((await readFile(file, 'utf8')).split('\n')[0], SIGNER.key)
  t.is(await notes(file), 1)
  t.is((await witness(store, file)).is, 'known')
  t.is(await notes(file), 1)

  const fork = await copyOf(store)
  await grow(store, (history) => fill(history, 20, 20))
  t.is((await witness(store, file)).is, 'added')
  t.is(await notes(file), 2)

  // Interrupted in the middle of an append: the torn end gives way to the next one.
  const { size } = await stat(file)
  await truncate(file, size - 30)
  t.is((await witness(store, file)).is, 'added')
  t.is((await stat(file)).size, size)

  await grow(fork, (history) => fill(history, 40, 20))
  const kept = await readFile(file, 'utf8')
  const forked = await witness(fork, file)
  t.regex(why(forked), /the history forked/)
  t.is(await readFile(file, 'utf8'), kept)
  t.is(await notes(`${file}.fork`), 2)
})

test('a history that shrank or has another key is refused with evidence', async (t) => {
  const store = await embeddedStore(20, 20)
  const earlier = await copyOf(store)
  await grow(store, (history) => fill(history, 20, 20))
  const file = join(await temporary(), 'heads')
  t.is((await witness(store, file)).is, 'added')
  const shrank = await witness(earlier, file)
  t.regex(why(shrank), /the history shrank/)
  t.is(await notes(`${file}.fork`), 2)
  await grow(store, (history) => fill(history, 20, 20, createSigner(Buffer.alloc(32, 9))))
  const other = await witness(store, file)
  t.regex(why(other), /the key changed/)
  t.is(await notes(`${file}.fork`), 4)
})

test('a history that was changed before the newest head is not witnessed, even for the first time', async (t) => {
  const store = await embeddedStore(40, 20)
  await tamper(store, ({ events }) => {
    void events.remove(5)
  })
  const file = join(await temporary(), 'heads')
  t.is((await witness(store, file)).is, 'refused')
  t.is(await stat(file).catch(() => 'none'), 'none')
})

test('nothing is witnessed that has no head, or into a file that is something else', async (t) => {
  const store = await embeddedStore(20)
  const file = join(await temporary(), 'heads')
  await t.throwsAsync(witness(store, file), { message: /no signed head yet/ })
  t.is(await stat(file).catch(() => 'none'), 'none')
  for (const text of ['my diary', 'my diary\n\nis not to be overwritten\n']) {
    await writeFile(file, text)
    await t.throwsAsync(witness(store, file), { message: /not a witness's file/ })
    t.is(await readFile(file, 'utf8'), text)
  }
})

const overHttp = (url: string, file: string, token = TOKEN): Promise<Outcome> =>
  run({ kind: 'server', url, token }, file, startHere(''))
const serving = async (t: ExecutionContext, directory: string): Promise<ServedHistory> => {
  const served = await serveHistory(await copyOf(directory))
  t.teardown(served.close)
  return served
}

test('over HTTP a history that goes on is witnessed by its proofs; a fork, an earlier one and a foreign one are not', async (t) => {
  const store = await embeddedStore(40, 20)
  const [fork, earlier] = [await copyOf(store), await copyOf(store)]
  const file = join(await temporary(), 'heads')
  const first = await serving(t, store)
  t.like(await overHttp(first.url, file), { is: 'added', size: 41 })
  t.like(await overHttp(first.url, file), { is: 'known', size: 41 })
  await grow(store, (history) => fill(history, 300, 100))
  const { url } = await serving(t, store)
  t.like(await overHttp(url, file), { is: 'added', size: 344 })
  t.is(await notes(file), 2)

  const kept = await readFile(file, 'utf8')
  await grow(fork, (history) => fill(history, 400, 200))
  t.regex(why(await overHttp((await serving(t, fork)).url, file)), /the history forked/)
  t.regex(why(await overHttp((await serving(t, earlier)).url, file)), /shrank: .* 41 events, .* 344/)
  const foreign = await temporary()
  await grow(foreign, (history) => fill(history, 400, 200, createSigner(Buffer.alloc(32, 9))))
  t.regex(why(await overHttp((await serving(t, foreign)).url, file)), /the key changed: it was .*, now it is/)
  const bare = await embeddedStore(20)
  t.regex(why(await overHttp((await serving(t, bare)).url, file)), /no signed head any more/)
  t.is(await readFile(file, 'utf8'), kept)
  t.is(await notes(`${file}.fork`), 7)
})

test('over HTTP a server that lies is refused, and what proves nothing is no evidence', async (t) => {
  const store = await embeddedStore(40, 20)
  const file = join(await temporary(), 'heads')
  const served = await serving(t, store)
  t.is((await overHttp(served.url, file)).is, 'added')
  const kept = await readFile(file, 'utf8')
  const refusedFor = async (path: string, text: (truth: string) => string): Promise<string> => {
    served.lie(path, text)
    const outcome = await overHttp(served.url, file)
    served.honest()
    return outcome.is === 'refused' ? outcome.why : outcome.is
  }
  const latest = '/history/heads/latest'
  const badSignature = (note: string): string =>
    note.replace(/(.)(.{7})\n$/, (_, a, b) => `${a === 'A' ? 'B' : 'A'}${b}\n`)
  const other = createSigner(Buffer.alloc(32, 9))
  t.regex(await refusedFor(latest, badSignature), /not signed with its key/)
  t.regex(await refusedFor(latest, (note) => note.replace('\n41\n', '\n99\n')), /not signed with its key/)
  t.regex(await refusedFor('/history/key', () => other.key), /not signed with its key/)
  t.regex(await refusedFor('/history/key', () => `${other.key}A`), /its newest head is none/)
  for (const text of ['', '<html>Please sign in</html>', 'headwater.local/x\n41\n'])
    t.regex(await refusedFor(latest, () => text), /its newest head is none/)
  t.is(await stat(`${file}.fork`).catch(() => 'none'), 'none')

  // Signed with the right key, but the proof is of another tree.
  const root = Buffer.alloc(32, 1)
  t.regex(await refusedFor(latest, () => SIGNER.sign({ size: 43, root }).note), /gives no proof/)
  served.lie(latest, () => SIGNER.sign({ size: 42, root }).note)
  t.regex(why(await overHttp(served.url, file)), /the history forked/)
  served.lie(latest, () => SIGNER.sign({ size: 41, root }).note)
  t.regex(why(await overHttp(served.url, file)), /the history forked/)
  served.honest()
  t.is(await notes(`${file}.fork`), 4)
  t.is(await readFile(file, 'utf8'), kept)
  // A first witness believes nothing either.
  const unused = join(await temporary(), 'heads')
  served.lie(latest, badSignature)
  t.is((await overHttp(served.url, unused)).is, 'refused')
  t.is(await stat(unused).catch(() => 'none'), 'none')
})

test.serial(
  'over HTTP the script says by its exit code what it found, and what it could not reach',
  async (t) => {
    const store = await embeddedStore(20, 10)
    const directory = await temporary()
    const [file, token, wrong] = ['heads', 'token', 'wrong'].map((name) => join(directory, name))
    await writeFile(token ?? '', `${TOKEN}\n`)
    await writeFile(wrong ?? '', 'guess')
    const served = await serveHistory(store)
    const script = (url: string, tokenFile = token ?? ''): Promise<Exit> =>
      runScript('witness', ['--to', file ?? '', '--url', url, '--token-file', tokenFile], '')
    const added = await script(served.url)
    t.is(added.code, 0, added.output)
    t.regex(added.output, /Witnessed 21 events/)
    const forked = await serving(t, await embeddedStore(40, 20))
    t.like(await script(forked.url), { code: 1 })
    served.lie('/history/key', () => createSigner(Buffer.alloc(32, 9)).key)
    const refused = await script(served.url)
    t.is(refused.code, 1, refused.output)
    t.regex(refused.output, /Not witnessed: its newest head is not signed with its key/)
    const stranger = await script(served.url, wrong)
    t.is(stranger.code, 2, stranger.output)
    t.regex(stranger.output, /the server answers 401 to .history.heads.latest/)
    const elsewhere = await script(`${served.url}/elsewhere`)
    t.is(elsewhere.code, 2, elsewhere.output)
    t.regex(elsewhere.output, /There is no history at http/)
    await served.close()
    // Where nobody listens: the port that was just given up may be somebody else's by now.
    const away = await script('http://127.0.0.1:2')
    t.is(away.code, 2, away.output)
    t.regex(away.output, /the server does not answer: .*ECONNREFUSED/)
    t.is(await notes(file ?? ''), 1)
  },
)

test.serial('the script says what it did, and how by its exit code', async (t) => {
  const store = await embeddedStore(20, 10)
  const file = join(await temporary(), 'heads')
  const added = await runScript('witness', ['--to', file], store)
  t.is(added.code, 0, added.output)
  t.regex(added.output, /Witnessed 21 events/)
  const forked = await runScript('witness', ['--to', file], await embeddedStore(30, 15))
  t.is(forked.code, 1, forked.output)
  t.regex(forked.output, /FORK/)
  t.is((await runScript('witness', [], store)).code, 2)
})
