/** Proves what is taken for an LMDB file that was only being made when the process or the machine went down: it is begun anew, and nothing else is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { documentsPath, historyPath } from '../../../src/embedded/directory.ts'
import { openLmdb } from '../../../src/embedded/lmdb.ts'
import { refuseMissing } from '../../../src/embedded/missing.ts'

let directory: string
test.beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-lmdb-'))
})
test.afterEach.always(() => rm(directory, { recursive: true, force: true }))

for (const bytes of [0, 8_192]) {
  test.serial(`${bytes} zeros are begun anew`, async (t) => {
    const path = historyPath(directory)
    await writeFile(path, Buffer.alloc(bytes))
    t.throws(() => openLmdb(path, 'readOnly'), { message: /its file is empty/ })
    const begun = openLmdb(path, 'durable')
    await begun.put(Buffer.from('a'), Buffer.from('b'))
    await begun.close()
    const again = openLmdb(path, 'durable')
    t.deepEqual(again.get(Buffer.from('a')), Buffer.from('b'))
    await again.close()
  })

  test.serial(`${bytes} zeros are no history to documents`, async (t) => {
    await writeFile(historyPath(directory), Buffer.alloc(bytes))
    await writeFile(documentsPath(directory), 'something')
    const embedded = { history: true, documents: true }
    t.throws(() => refuseMissing(directory, embedded), { message: /put the history back/ })
  })
}

for (const [what, content] of [
  ['as many zeros as nobody begins with', Buffer.alloc(1_000_000)],
  ['zeros with something behind them', Buffer.concat([Buffer.alloc(8_192), Buffer.from('x')])],
] as const) {
  test.serial(`${what}: it is damaged`, async (t) => {
    const path = historyPath(directory)
    await writeFile(path, content)
    t.throws(() => openLmdb(path, 'durable'), { message: /it is not an LMDB file/ })
  })
}
