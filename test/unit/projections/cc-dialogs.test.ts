/**
 * Proves what documents a dialog's events leave where laws do not look: whom it lists, its last message, what a deletion takes along, and that
 * an erasure leaves what a rebuild after it makes.
 */
import test from 'ava'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import type { DialogType } from '../../../src/domain/cc/dialog-events.ts'
import { messageEvents } from '../../../src/domain/cc/message-events.ts'
import { messageStream, viewId, wordsSubject } from '../../../src/domain/cc/names.ts'
import type { StoredEvent } from '../../../src/history/port.ts'
import {
  APP,
  AT,
  creating,
  createWorld,
  DIALOG,
  messageId,
  sending,
  writesOf,
  type World,
} from '../../support/cc-dialogs.ts'

const dialogIn = async ({ documents }: Pick<World, 'documents'>) =>
  (await documents.get('cc_dialogs', DIALOG))?.value
const viewIn = async ({ documents }: World, user: number) =>
  (await documents.get('cc_dialog_views', viewId(DIALOG, user)))?.value

const deleted = (world: World, seq: number, previous?: number | null): Promise<void> => {
  const place = { app: APP, dialog: DIALOG, message: messageId(seq), sender: 1, by: 1, seq }
  const left =
    typeof previous === 'number'
      ? { message: messageId(previous), seq: previous, dateSent: 5, sender: 2 }
      : null
  const more = previous === undefined ? {} : { previous: left }
  return world.happen(messageStream(APP, place.message), [
    messageEvents.fact('MessageDeletedForAll', { ...place, ...more }),
  ])
}

test('whom a dialog lists depends on its type', async (t) => {
  const listed = async (type: DialogType) => {
    const world = createWorld()
    await world.run(creating(type, type === 1 ? [] : [1, 2], { owner: 1 }))
    const dialog = await dialogIn(world)
    return [
      dialog?.['occupants'],
      dialog?.['occupantsCount'],
      (await viewIn(world, 2))?.['counts'] === DIALOG,
    ]
  }
  t.deepEqual(await listed(1), [[0], 0, false])
  t.deepEqual(await listed(4), [[], 2, false])
  for (const type of [2, 3, 5] as const) t.deepEqual(await listed(type), [[1, 2], 2, true])
})

test('the last message goes back when it is deleted, and stays if another came', async (t) => {
  const world = createWorld()
  await world.run(creating(2, [1, 2]))
  for (const seq of [1, 2, 3]) await world.run(sending(1, seq))
  t.like(await dialogIn(world), { lastId: messageId(3), lastSeq: 3, lastDate: AT / 1000 + 3, lastSender: 1 })
  await deleted(world, 3, 2)
  t.like(await dialogIn(world), {
    lastId: messageId(2),
    lastSeq: 2,
    lastDate: 5,
    lastSender: 2,
    goneCount: 1,
  })
  await world.run(sending(2, 4))
  await deleted(world, 2, 1)
  await deleted(world, 1)
  t.like(await dialogIn(world), { lastId: messageId(4), goneCount: 3 })
  await deleted(world, 4, null)
  t.like(await dialogIn(world), { lastId: null, lastSeq: null, lastDate: null, lastSender: null, seq: 4 })
})

test('a message that went with the history counts no more', async (t) => {
  const world = createWorld()
  await world.run(creating(2, [1, 2]))
  await world.run(sending(1, 1))
  await world.run({ type: 'DeleteHistory', by: 1 })
  await deleted(world, 1)
  t.like(await dialogIn(world), { lastId: null, floor: 1, goneCount: 0 })
})

test('a deletion for all takes every view along, and no late mark brings one back', async (t) => {
  const world = createWorld()
  await world.run(creating(2, [1, 2, 3]))
  await world.run(sending(1, 1))
  const late = world.deciding(2, { type: 'ReadAll' })
  await world.run({ type: 'Delete', by: 1 })
  await late()
  t.is(await dialogIn(world), undefined)
  for (const user of [1, 2, 3]) t.is(await viewIn(world, user), undefined)
})

test('an erasure of the owner’s words leaves what a rebuild makes: the dialog without its texts', async (t) => {
  const world = createWorld()
  const details = { name: 'Harbour', description: 'd', photo: 'p', extensions: { topic: 'x' } }
  await world.run(creating(2, [1, 2], { details }))
  await world.run({ type: 'Update', by: 2, details: { name: 'Port' } })
  t.like(await dialogIn(world), { ...details, name: 'Port', _s: [wordsSubject(APP, 1)] })
  const subject = wordsSubject(APP, 1)
  await world.happen(`platform.erasure-${subject}`, [{ type: 'SubjectErased', data: { subject } }])
  const erased = { name: null, description: null, photo: null, extensions: null, occupants: [1, 2] }
  t.like(await dialogIn(world), erased)
  const rebuilt = memoryDocuments()
  for (const event of world.events) await rebuilt.apply(writesOf(withoutWords(event)), [])
  t.deepEqual(await dialogIn({ documents: rebuilt }), await dialogIn(world))
})

const withoutWords = (event: StoredEvent): StoredEvent =>
  'sealed' in event.data ? { ...event, data: { ...event.data, sealed: null } } : event
