/**
 * A process of its own that appends to an embedded history in a loop until somebody or something ends it. Prints one line an
 * acknowledged append, `stream firstAppendNumber`, and on a refused write what the appends after it were answered, then exits with 75.
 */
import { writeSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'

const [path = '', run = '', writers = '8'] = process.argv.slice(2)

const print = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const history = openEmbeddedHistory({
  path,
  onFatal: (error) => {
    void afterwards(error)
  },
})

const eventsOf = (append: number) =>
  Array.from({ length: 1 + (append % 5) }, (_, index) => ({
    id: randomUUID(),
    type: 'Written',
    data: { append, index, of: 1 + (append % 5), filler: 'x'.repeat((append * 37) % 3000) },
    meta: { at: Date.now(), actor: 'test:writer:1', commandId: 'c', correlationId: 'c', schema: 1 },
  }))

const afterwards = async (error: Error): Promise<void> => {
  const answer = await history.append('after', 'any', eventsOf(0))()
  print({
    fatal: error.message,
    cause: String(error.cause),
    after: answer._tag === 'Left' ? answer.left : 'Right',
  })
  process.exit(75)
}

const write = async (stream: string): Promise<void> => {
  for (let append = 0, expected: bigint | 'none' = 'none'; ; append++) {
    const answer = await history.append(stream, expected, eventsOf(append))()
    if (answer._tag === 'Left') return print({ stream, append, failed: answer.left })
    expected = answer.right.revision
    print({ stream, append, revision: Number(expected) })
  }
}

for (let writer = 0; writer < Number(writers); writer++) void write(`kill.run-${run}-${writer}`)
