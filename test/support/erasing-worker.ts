/** A process that makes people and erases every other one, as fast as it can, and says what was answered; at its start it finishes what was left. */
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import { live, openErasing } from './erasing.ts'

const [directory = '', round = ''] = process.argv.slice(2)
const say = (line: string): void => void writeSync(1, `${line}\n`)

const stores = await openErasing(directory)
void stores.erasure.resume().then(() => say('resumed'))
for (let n = 0; ; n++) {
  const [kept, erased] = [`test.person-kept.${round}.${n}`, `test.person-erased.${round}.${n}`]
  await live(stores, kept)
  say(`live ${kept}`)
  await live(stores, erased)
  await stores.erasure.request(erased, {
    reason: 'test',
    actor: 'test:user:1',
    at: Date.now(),
    commandId: randomUUID(),
  })
  say(`erased ${erased}`)
  await stores.documents.rewrite()
}
