/**
 * Proves the writing of records (connectycube 6) with everything in memory: a deletion that is broken off anywhere leaves nothing hanging for
 * ever, a class that goes while records are created keeps none, bytes of files go with what pointed to them, and the documents that grew event by event are those of a rebuild.
 */
import * as E from 'fp-ts/lib/Either.js'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import test, { type ExecutionContext } from 'ava'
import { ccRecords } from '../../../projections/cc/records.ts'
import { createCascades } from '../../../src/commands/cc/cascades.ts'
import { createRecords, type Acting, type Target } from '../../../src/commands/cc/records.ts'
import { createEngine, type Engine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { Change } from '../../../src/domain/cc/record.ts'
import { RECORD_SEALED } from '../../../src/domain/cc/record-events.ts'
import { wordsSubject } from '../../../src/domain/cc/names.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { sealedHistory } from '../../../src/history/sealing.ts'
import { CC_CASCADE_ORPHAN_MS } from '../../../src/limits.ts'
import { objectIds } from '../../../src/object-id.ts'
import { startRunner } from '../../../src/projecting/runner.ts'
import { findClass } from '../../../src/queries/cc/classes.ts'
import { createReader } from '../../../src/queries/reader.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const APP = 1
const OWNER = { user: 7, isAdmin: false, groups: [] }

const rigFor = async (t: ExecutionContext) => {
  let now = 1_767_225_600_000
  const keyring = memoryKeyring()
  const history = sealedHistory(memoryHistory(), keyring, RECORD_SEALED)
  const documents = memoryDocuments()
  const vault = memoryVault({ now: () => now })
  const runner = await startRunner({
    ...{ history, documents, projections: [ccRecords] },
    onApplied: () => undefined,
    onStopped: (name, { error }) => t.fail(`${name}: ${error}`),
    onBroken: (error) => t.fail(String(error)),
  })
  t.teardown(() => runner.close())
  const engine = createEngine({
    ...{ history, keyring, refusal: runner.refusal, shown: runner.shown },
    snapshots: createSnapshots(documents, keyring),
  })
  await runner.reached(await history.head(), [''])
  const reader = createReader(documents, runner.serving)
  const ids = objectIds(randomBytes(5))
  const parts = { engine, reader, vault, now: () => now, newId: ids }
  const records = createRecords(parts)
  const classFor = async (name: string): Promise<Acting> => {
    await records.define(APP, name, { fields: { n: 'Integer', scan: 'File' }, permissions: {} })
    const of = await findClass(reader, APP, name)
    if (of === undefined) throw new Error(name)
    return { of, who: OWNER }
  }
  const left = async (): Promise<readonly string[]> => {
    const found: string[] = []
    for (const collection of ['cc_records', 'cc_cascades'])
      for await (const page of reader.find(collection, {})) found.push(...page.map(({ _id }) => _id))
    return found
  }
  return { parts, records, classFor, left, runner, history, vault, later: (ms: number) => (now += ms) }
}
type Rig = Awaited<ReturnType<typeof rigFor>>

const draft = (parent: string | null): Change => ({
  ...{ parent, permissions: {} },
  steps: [{ op: 'set', field: 'n', value: 1 }],
})
const one = async ({ records }: Rig, acting: Acting, parent: string | null = null): Promise<Target> => {
  const made = await records.create(acting, [draft(parent)])
  if (E.isLeft(made) || made.right[0] === undefined) throw new Error(JSON.stringify(made))
  return made.right[0]
}

/** A root with three children that have two each, over two classes. */
const family = async (rig: Rig): Promise<{ readonly acting: Acting; readonly root: Target }> => {
  const acting = await rig.classFor('tree')
  const leaves = await rig.classFor('leaf')
  const root = await one(rig, acting)
  for (let n = 0; n < 3; n += 1) {
    const child = await one(rig, leaves, root.id)
    for (let m = 0; m < 2; m += 1) await one(rig, acting, child.id)
  }
  return { acting, root }
}

/** Dies after so many commands. */
const dying = (engine: Engine, after: number): Engine => {
  let done = 0
  return {
    ...engine,
    execute: (request) =>
      (done += 1) > after
        ? () => Promise.resolve(E.left(rejection('Unavailable', 'dead')))
        : engine.execute(request),
  }
}

test('wherever a deletion breaks off, it is gone on from', async (t) => {
  for (const after of [1, 2, 5, 8, 10]) {
    const rig = await rigFor(t)
    const { acting, root } = await family(rig)
    const broken = await createRecords({ ...rig.parts, engine: dying(rig.parts.engine, after) }).remove(
      acting,
      [root],
    )
    t.is(broken.refused.get(root.id)?.reason, 'dead', `${after}`)
    const signal = new AbortController().signal
    const cascades = createCascades(rig.parts)
    const before = (await rig.left()).length
    await cascades.resume(signal)
    t.is((await rig.left()).length, before, 'somebody may be at it still')
    rig.later(CC_CASCADE_ORPHAN_MS)
    await cascades.resume(signal)
    t.deepEqual(await rig.left(), [], `${after}`)
  }
})

test('the same of a class', async (t) => {
  for (const after of [1, 3, 7]) {
    const rig = await rigFor(t)
    await family(rig)
    const broken = await createRecords({ ...rig.parts, engine: dying(rig.parts.engine, after) }).removeClass(
      APP,
      'leaf',
    )
    t.true(E.isLeft(broken))
    rig.later(CC_CASCADE_ORPHAN_MS)
    await createCascades(rig.parts).resume(new AbortController().signal)
    t.is((await rig.left()).length, 1, 'the root, which hung on nothing')
  }
})

test('a record that is created while its class goes is gone with it', async (t) => {
  const rig = await rigFor(t)
  const acting = await rig.classFor('tree')
  t.true(E.isRight(await rig.records.removeClass(APP, 'tree')))
  const made = await rig.records.create(acting, [draft(null)])
  t.is(E.isLeft(made) && made.left.reason, 'no_class')
  t.deepEqual(await rig.left(), [])
})

test('bytes go with what pointed to them, and only those', async (t) => {
  const rig = await rigFor(t)
  const acting = await rig.classFor('tree')
  const target = await one(rig, acting)
  const subject = wordsSubject(APP, OWNER.user)
  const blob = async (text: string) => {
    const { sha256 } = await rig.vault.putBlob(subject, Readable.from([Buffer.from(text)]), 100)
    return { name: text, size: text.length, content_type: 'text/plain', file_id: text, sha256 }
  }
  const there = async (sha256: string): Promise<boolean> =>
    (await rig.vault.readBlob(subject, sha256)) !== undefined
  const [first, second, foreign] = [await blob('first'), await blob('second'), await blob('foreign')]
  const change = { steps: [], permissions: {} }
  await rig.records.change(acting, target, { ...change, files: { scan: first } })
  await rig.records.change(acting, target, { ...change, files: { scan: second } })
  t.deepEqual([await there(first.sha256), await there(second.sha256)], [false, true])
  // A value that looks like a file is none.
  await rig.records.change(acting, target, { ...change, steps: [{ op: 'set', field: 'n', value: foreign }] })
  await rig.records.remove(acting, [target])
  t.deepEqual([await there(second.sha256), await there(foreign.sha256)], [false, true])
})

test('the documents are those of a rebuild', async (t) => {
  const rig = await rigFor(t)
  const { acting, root } = await family(rig)
  await rig.records.change(acting, root, { ...draft(null), permissions: { read: { access: 'owner' } } })
  await rig.records.removeClass(APP, 'leaf')
  await one(rig, await rig.classFor('leaf'), root.id)
  const result = await rig.runner.rebuild('cc-records', { check: true })
  t.like(result, { outcome: 'compared', compared: 14, differences: [] })
})
