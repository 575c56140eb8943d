/** Stores that an operator names and that this version does not have are refused before anything is opened or made. */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig } from '../../src/config.ts'
import { openReadOnlyHistory } from '../../src/operating/read-only.ts'
import { openStores } from '../../src/stores.ts'

const events = { onFatal: () => undefined, onRepair: () => undefined }

for (const [name, value] of Object.entries({
  EVENTSTORE_URL: 'esdb://127.0.0.1:2113?tls=false',
  MONGODB_URL: 'mongodb://127.0.0.1:27017',
  EVENTSTORE_LISTEN: '127.0.0.1:2113',
})) {
  test(`${name} is not passed over`, async (t) => {
    const directory = join(tmpdir(), `headwater-never-${process.pid}-${name}`)
    const config = readConfig({ DATA_DIR: directory, [name]: value })
    if (E.isLeft(config)) return t.fail(config.left.join('\n'))
    for (const opening of [openStores(config.right, events), openReadOnlyHistory(config.right)]) {
      const error = await t.throwsAsync<Error>(opening)
      t.regex(error.message, new RegExp(`${name}: this version has embedded stores only`))
    }
    t.false(existsSync(directory))
  })
}
