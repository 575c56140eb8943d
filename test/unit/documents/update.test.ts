/** Proves that a set of many values takes many more in time that grows with their number, and still holds each value once. */
import test from 'ava'
import { applyUpdate } from '../../../src/documents/update.ts'
import type { Json } from '../../../src/json.ts'
import { processorMs } from '../../support/waiting.ts'

const MANY = 30_000
const names = (from: number): readonly string[] => Array.from({ length: MANY }, (_, n) => `app${from + n}`)

test('$addToSet to a long list', async (t) => {
  const document = { list: names(0) }
  let list: Json | undefined
  const ms = await processorMs(() => {
    list = applyUpdate(document, { $addToSet: { list: { $each: names(MANY / 2) } } }).list
  })
  t.deepEqual(list, [...names(0), ...names(MANY).slice(0, MANY / 2)])
  t.true(ms < 1_500, `${ms} ms`)
})

test('$addToSet tells values of every kind apart', (t) => {
  const document: { readonly list: readonly Json[] } = { list: [1, '1', null, { a: [1] }, [2], 1] }
  const each = [1, '1', true, true, null, { a: [1] }, { a: [2] }, { a: [2] }, [2], [], 'x', 'x']
  const { list } = applyUpdate(document, { $addToSet: { list: { $each: each } } })
  t.deepEqual(list, [...document.list, true, { a: [2] }, [], 'x'])
})
