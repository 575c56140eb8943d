/**
 * Run under the shim: asks the part that it is told before the process knows that a write was refused, and after, and prints the answers.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openEmbeddedHistory } from '../../../src/history/embedded/history.ts'
import type { Delivery, NewEvent } from '../../../src/history/port.ts'
import { openEmbeddedKeyring } from '../../../src/vault/embedded/keyring.ts'

type Ask = () => Promise<unknown>
type Part = {
  readonly write: Ask
  readonly asks: { readonly [what: string]: Ask }
  readonly close: () => Promise<void>
}

const [part = '', directory = '', plan = ''] = process.argv.slice(2)
const path = (variable: string): string => process.env[variable] ?? ''
// lmdb-js rejects a promise of its own too, which nobody can wait for.
process.on('unhandledRejection', () => undefined)

const event = (): NewEvent => ({
  id: crypto.randomUUID(),
  type: 'Noted',
  data: {},
  meta: { at: 1, actor: 'a:b:c', commandId: 'c', correlationId: 'c', schema: 1 },
})
const count = async (pages: AsyncIterable<{ readonly length: number }>): Promise<number> => {
  let all = 0
  for await (const { length } of pages) all += length
  return all
}

const firstOf = async (deliveries: AsyncIterable<Delivery>): Promise<number> => {
  for await (const { events } of deliveries) return events.length
  return 0
}

const history = async (): Promise<Part> => {
  const opened = openEmbeddedHistory({ path: join(directory, 'history.mdb') })
  for (const stream of ['a', 'b']) await opened.append(stream, 'none', [event()])()
  return {
    write: opened.append('c', 'none', [event()]),
    asks: {
      read: () => count(opened.read('a')),
      'read backwards': () => count(opened.read('a', { from: 'end', direction: 'backwards' })),
      'read all': () => count(opened.readAll({ after: 0n })),
      subscribe: () => firstOf(opened.subscribe({ after: 0n, signal: new AbortController().signal })),
      append: opened.append('d', 'none', [event()]),
      'append elsewhere': opened.append('never', 0n, [event()]),
    },
    close: opened.close,
  }
}

const keyring = async (): Promise<Part> => {
  const opened = await openEmbeddedKeyring({ path: join(directory, 'keyring.mdb') })
  await opened.obtain('a')
  return {
    write: () => opened.obtain('b'),
    asks: {
      find: async () => opened.find('c'),
      obtain: () => opened.obtain('d'),
      'find of the installation': () => opened.findInstallation('e'),
      held: () => count(opened.held()),
    },
    close: opened.close,
  }
}

const told = (when: string, what: string, answer: string): void =>
  appendFileSync(1, `${JSON.stringify({ when, what, answer })}\n`)

const outcome = (answer: unknown): string => {
  const left = (answer as { readonly left?: { readonly _tag: string } } | undefined)?.left
  return left === undefined ? `answered ${String(answer)}` : left._tag
}

const askAll = (when: string, { asks }: Part): Promise<unknown> =>
  Promise.all(
    Object.entries(asks).map(([what, ask]) =>
      ask().then(
        (answer) => told(when, what, outcome(answer)),
        (error: unknown) => told(when, what, error instanceof Error ? error.name : String(error)),
      ),
    ),
  )

const isRefused = (): boolean => readFileSync(path('FLUSH_LOG'), 'utf8').includes('refused ')
const cell = new Int32Array(new SharedArrayBuffer(4))
/** Holds the event loop, so that nobody is told; longer than LMDB takes to give up after what the log shows. */
const holdUntilRefused = (): boolean => {
  for (let waits = 0; waits < 20 && !isRefused(); waits++) Atomics.wait(cell, 0, 0, 10)
  if (isRefused()) Atomics.wait(cell, 0, 0, 50)
  return isRefused()
}

const opened = await (part === 'history' ? history() : keyring())
await nextTurn()
writeFileSync(path('FLUSH_PLAN'), plan)
const writing = opened.write().catch(() => undefined)
while (!holdUntilRefused()) await nextTurn()
const before = askAll('before', opened)
await writing
await before
for (let times = 0; times < 20; times++) await askAll('after', opened).then(() => nextTurn())
await opened.close()
