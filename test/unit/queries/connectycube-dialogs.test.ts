/**
 * Measures the list of a user with 1,000 dialogs on embedded documents (connectycube 8.4): groups and private dialogs with a last message, his
 * own and others', among dialogs of others, one of them public with many subscribers.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { ccDialogs } from '../../../projections/cc/dialogs.ts'
import { ccMessages } from '../../../projections/cc/messages.ts'
import { ccUsers } from '../../../projections/cc/users.ts'
import { openEmbeddedDocuments } from '../../../src/documents/embedded/documents.ts'
import type { Documents, Write } from '../../../src/documents/port.ts'
import { dialogEvents, type DialogType } from '../../../src/domain/cc/dialog-events.ts'
import { dialogStream, viewId } from '../../../src/domain/cc/names.ts'
import type { Fact } from '../../../src/domain/decider.ts'
import { createBuild, projectInto } from '../../../src/projecting/build.ts'
import { NEWEST_FIRST, pageOfMine } from '../../../src/queries/cc/dialogs.ts'
import { shownDialogs } from '../../../src/queries/cc/shown-dialogs.ts'
import { APP, AT, messageId, storedEvent } from '../../support/cc-dialogs.ts'
import { processorMs } from '../../support/waiting.ts'

const ME = 1
const MINE = 1_000
const SUBSCRIBERS = process.env['SOAK'] === undefined ? 1_000 : 100_000
const hex = (n: number): string => n.toString(16).padStart(24, '0')

let directory: string
let documents: Documents
let count = 0

const BUILDS = [ccDialogs, ccMessages].map((projection) => createBuild(projection, 0))

const happen = async (events: readonly (readonly [string, Fact])[]): Promise<void> => {
  const writes: Write[] = []
  for (const [stream, fact] of events) {
    const event = storedEvent(stream, count++, fact)
    for (const build of BUILDS) projectInto(writes, build, event)
  }
  const named = writes.map((write) => ({ ...write, collection: write.collection.replace(/@.*$/, '') }))
  await documents.apply(named, [])
}

const dialogEventsOf = (n: number, type: DialogType, occupants: readonly number[], sender: number) => {
  const dialog = hex(n)
  const place = { app: APP, dialog }
  const created = { ...place, type, owner: occupants[0] ?? 0, occupants, admins: [], allowPreview: false }
  const sent = {
    ...{ ...place, message: messageId(n + 1), dialogType: type, seq: 1, own: 1, sender, recipient: 0 },
    ...{ dateSent: AT / 1000 + n, origin: 'rest' as const, sendToChat: false, silent: false },
  }
  return [
    dialogEvents.fact('DialogCreated', { ...created, sealed: { name: `dialog ${n}` } }),
    dialogEvents.fact('MessageSent', { ...sent, sealed: { text: `text ${n}` } }),
  ].map((fact) => [dialogStream(APP, dialog), fact] as const)
}

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-'))
  documents = await openEmbeddedDocuments({ path: join(directory, 'documents.mdb') })
  for (const { collections } of [ccDialogs, ccMessages, ccUsers])
    for (const [name, { indexes }] of Object.entries(collections))
      await documents.ensureIndexes(name, indexes)
  for (let n = 0; n < MINE; n += 100)
    await happen(
      Array.from({ length: 100 }, (_, index) => n + index).flatMap((each) =>
        each % 2 === 0
          ? dialogEventsOf(each, 3, [ME, each + 2], each % 4 === 0 ? ME : each + 2)
          : dialogEventsOf(
              each,
              2,
              [ME, each, each + 1, each + 2, each + 3].map((user) => Math.max(user, 1)),
              ME,
            ),
      ),
    )
  for (let n = 0; n < 500; n++) await happen(dialogEventsOf(10_000 + n, 2, [7_000 + n, 8_000], 8_000))
  await happen(dialogEventsOf(20_000, 4, [ME, 2], 2))
  for (let n = 0; n < SUBSCRIBERS; n += 1_000) {
    const users = Array.from({ length: 1_000 }, (_, index) => 100_000 + n + index)
    const place = { app: APP, dialog: hex(20_000), dialogType: 4 as const, by: 0, floor: 0 }
    await happen([
      [
        dialogStream(APP, place.dialog),
        dialogEvents.fact('DialogOccupantsAdded', { ...place, users, returning: [] }),
      ],
    ])
  }
})
test.after.always(async () => {
  await documents.close()
  await rm(directory, { recursive: true, force: true })
})

const listed = async (limit: number) => {
  const page = { sort: NEWEST_FIRST, skip: 0, limit }
  const { total, dialogs } = await pageOfMine(documents, { app: APP, user: ME, filter: {} }, page)
  return { total, items: await shownDialogs(documents, APP, ME, dialogs) }
}

/** Of many rounds, and of more as long as none was quick: others use the machine too. */
const timesOf = async (work: () => Promise<unknown>): Promise<number[]> => {
  const times: number[] = []
  while (times.length < 30 || (times.length < 300 && Math.min(...times) > 30))
    times.push(await processorMs(work))
  return times
}

test('the list of a user with 1,000 dialogs takes at most 30 ms', async (t) => {
  const first = await listed(100)
  t.is(first.total, MINE + 1)
  t.is(first.items.length, 100)
  t.is(first.items[0]?.dialog.type, 4, 'the public one is newest')
  t.is(first.items[1]?.last?.text, `text ${MINE - 1}`)
  t.is(first.items[1]?.status, 'sent')
  t.is(first.items[2]?.unread, 1)
  const sorted = (await timesOf(() => listed(100))).sort((a, b) => a - b)
  // The fastest is what it takes: in the others somebody else had the processor.
  const fastest = sorted[0] ?? Infinity
  t.log(`fastest ${fastest.toFixed(1)} ms, median ${(sorted[15] ?? 0).toFixed(1)} ms`)
  t.true(fastest <= 30, `${fastest} ms`)
})

test('a public dialog has no lists that grow with its subscribers', async (t) => {
  const dialog = (await documents.get('cc_dialogs', hex(20_000)))?.value
  t.is(dialog?.['occupantsCount'], SUBSCRIBERS + 2)
  t.true(JSON.stringify(dialog).length < 1_000)
  t.is((await documents.get('cc_dialog_views', viewId(hex(20_000), 100_999)))?.value['isMember'], true)
})
