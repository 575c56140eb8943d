// The contract suite catches an adapter that does nothing: every case has to fail on one, so a case that cannot fail fails here.
import test, { type TestFn } from 'ava'
import type { Documents } from '../../src/documents/port.ts'
import { mountDocuments } from './documents.ts'

const nothing: Documents = {
  apply: () => Promise.resolve(),
  get: () => Promise.resolve(undefined),
  find: () => nowhere(),
  count: () => Promise.resolve(0),
  scan: () => nowhere(),
  ensureIndexes: () => Promise.resolve(),
  drop: () => Promise.resolve(),
  collections: () => Promise.resolve([]),
  checkpoint: () => Promise.resolve(undefined),
  checkpoints: () => Promise.resolve(new Map()),
  forgetCheckpoint: () => Promise.resolve(),
  flush: () => Promise.resolve(),
  rewrite: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

async function* nowhere(): AsyncGenerator<never> {
  yield* await Promise.resolve([])
}

mountDocuments(test.failing as TestFn, () => Promise.resolve(nothing))
