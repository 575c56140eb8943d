/**
 * Proves that a server that was stopped leaves a tree of everything in its history, that a signed head is verified with nothing but Node's Ed25519 and the
 * history itself, that the next start goes on with the tree, and that a witness and the verifier take it over HTTP. The server is a process of its own;
 * the head is signed over its stores at once, not after a minute.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { StoredEvent } from '../../src/history/port.ts'
import { createTree } from '../../src/proofs/reading.ts'
import type { Stores } from '../../src/stores.ts'
import { asText } from '../support/client.ts'
import { openedStores, signHead } from '../support/heads.ts'
import { collect } from '../support/history.ts'
import { signInAdmin } from '../support/members.ts'
import { rootByInclusion, rootOf } from '../support/merkle.ts'
import type { Exit } from '../support/processes.ts'
import { cleanUp, freshDirectory, runScript, startServer, type RunningServer } from '../support/server.ts'
import { definedLeaf } from '../support/tree.ts'

/** What is looked at is in files: servers of their own have no directory to look at. */
const flow = process.env['STORES'] === 'shared' ? test.skip : test
let server: RunningServer | undefined
test.after.always(() => cleanUp(server))

const all = (stores: Stores): Promise<readonly StoredEvent[]> => collect(stores.stored.readAll({ after: 0n }))

/** As C2SP says it of signed notes and checkpoints, with nothing of ours. */
const assertSigned = (
  t: ExecutionContext,
  { note, key, text }: { readonly note: string; readonly key: string; readonly text: string },
): void => {
  const [, name = '', id, encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(key) ?? []
  const typed = Buffer.from(encoded, 'base64')
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  t.deepEqual([id, typed[0], typed.length], [keyId.toString('hex'), 1, 33])
  const [signedText = '', line = ''] = note.split(/(?<=\n)\n/)
  t.is(signedText, text)
  t.is(text.split('\n')[0], name)
  const [dash, signer, signature = ''] = line.trimEnd().split(' ')
  const bytes = Buffer.from(signature, 'base64')
  t.deepEqual([dash, signer, bytes.length], ['—', name, 68])
  t.deepEqual(bytes.subarray(0, 4), keyId)
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), typed.subarray(1)])
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  t.true(verify(null, Buffer.from(text), publicKey, bytes.subarray(4)))
}

flow('a stopped directory has a tree of everything, and a head that proves it', async (t) => {
  const dataDir = await freshDirectory()
  server = await startServer({ dataDir })
  await server.stop('SIGTERM')
  let stores = await openedStores(dataDir)
  const before = await all(stores)
  t.true(before.length > 0)
  const size = before.length
  const root = rootOf(before.map(definedLeaf))
  t.like(await createTree(stores.documents).state(), { size, position: before.at(-1)?.position })
  t.true((await createTree(stores.documents).rootAt(size)).equals(root))

  const { data } = await signHead(stores)
  await stores.close()
  t.like(data, { size, root: root.toString('base64') })
  const [note, key] = [asText(data['note']), asText(data['key'])]
  assertSigned(t, { note, key, text: `${asText(data['origin'])}\n${size}\n${root.toString('base64')}\n` })

  server = await startServer({ dataDir })
  const auditor = await signInAdmin(server.url)
  const directory = await freshDirectory()
  const [file, token] = [join(directory, 'heads'), join(directory, 'token')]
  await writeFile(token, auditor.token)
  const audit = (script: string, ...more: readonly string[]): Promise<Exit> =>
    runScript(script, ['--url', server?.url ?? '', '--token-file', token, ...more], dataDir)
  const added = await audit('witness', '--to', file)
  t.is(added.code, 0, added.output)
  t.true((await readFile(file, 'utf8')).endsWith(`${note}\n`))
  const holds = await audit('verify', '--key', key)
  t.is(holds.code, 0, holds.output)
  t.regex(holds.output, /signed heads: 1, the newest that holds over/)
  await server.stop('SIGTERM')
  stores = await openedStores(dataDir)
  const after = await all(stores)
  const tree = createTree(stores.documents)
  t.is((await tree.state())?.size, after.length)
  t.true(after.length > size)
  const leaves = after.map(definedLeaf)
  t.true((await tree.rootAt(size)).equals(root))
  for (const [index, leaf] of leaves.entries()) {
    const path = await tree.inclusion(index, leaves.length)
    t.true(rootByInclusion(leaf, { index, size: leaves.length }, path)?.equals(rootOf(leaves)))
  }
  await signHead(stores)
  await stores.close()

  server = await startServer({ dataDir })
  const further = await audit('witness', '--to', file)
  t.is(further.code, 0, further.output)
  t.regex(further.output, new RegExp(`^Witnessed ${after.length} events`))
})
