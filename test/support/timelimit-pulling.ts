/** A family in documents and a vault in memory, for tests of pulls: facts happen to it, devices ask. */
import { Readable } from 'node:stream'
import { sha256Hex } from '../../src/crypto/hashes.ts'
import type { Fact } from '../../src/domain/decider.ts'
import { fact, type DataOf } from '../../src/domain/timelimit/events.ts'
import type { JsonObject } from '../../src/json.ts'
import { createPull, type PullParts } from '../../src/queries/timelimit/pull.ts'
import { nothingKnown } from '../../src/queries/timelimit/status.ts'
import { FAMILY_ID, STREAM, stored } from './timelimit-domain.ts'
import { FAMILY, GAMES, MUM, NOW, PHONE } from './timelimit-family.ts'
import { applied, NOTHING, statusOf } from './timelimit-picture.ts'
import { NO_KEYS, project, reading } from './timelimit-read.ts'

type Slot = { readonly start: number; readonly end: number; readonly used: number }
const slot = (start: number, end: number, used: number): Slot => ({ start, end, used })
export const MORE: readonly Fact[] = [
  fact('UsedTimeAdded', {
    categoryId: GAMES,
    day: 1,
    added: 5,
    counters: [slot(0, 1439, 5), slot(0, 60, 4)],
    sessions: [{ start: 0, end: 60, max: 10, pause: 20, duration: 5, lastUsage: 7 }],
    touched: [1, 2],
  }),
  fact('ChildTaskCreated', {
    categoryId: GAMES,
    taskId: 'task01',
    duration: 9,
    sealed: { title: 'Tidy up' },
  }),
  fact('ParentU2fKeyAdded', {
    userId: MUM,
    addedAt: 3,
    sealed: { keyId: 'abcd/+12', keyHandle: 'AAAA', publicKey: 'BBBB' },
  }),
  fact('TimeLimitRuleCreated', {
    ruleId: 'rule01',
    categoryId: GAMES,
    rule: {
      extraTime: true,
      dayMask: 3,
      maxTime: 1,
      start: 0,
      end: 1439,
      session: 0,
      pause: 0,
      perDay: false,
      e: 99,
    },
  }),
]
export const uploaded = (deviceId: string, kind: 'base' | 'diff', list: string): Fact =>
  fact('DeviceAppListUploaded', { deviceId, kind, sha256: sha256Hex(list), bytes: list.length })
export const requested = (serverSeq: number, sender: string, dsn: number, about: JsonObject = {}): Fact =>
  fact('KeyRequested', {
    serverSeq,
    sender,
    dsn,
    dataType: 1,
    tempKey: 'AAAA',
    signature: 'BBBB',
    replaces: [],
    ...about,
  })
export const replied = (reply: DataOf<'KeyRequestReplied'>): Fact => fact('KeyRequestReplied', reply)

export const setup = async (...after: readonly Fact[]) => {
  const read = await reading({ effects: [] })
  const facts = [...FAMILY, ...after]
  await project(read.documents, ...stored(facts))
  let count = facts.length
  const put = (list: string) => read.vault.putBlob(STREAM, Readable.from([Buffer.from(list)]), 1_000)
  for (const list of ['one', 'two']) await put(list)
  return {
    ...read,
    put,
    happens: async (...more: readonly Fact[]) => {
      await project(read.documents, ...stored(more, count))
      count += more.length
    },
    status: async (level = 8) => statusOf(applied(NOTHING, await read.full(level)), level),
    /** With parts of the pull replaced. */
    with: (parts: Partial<PullParts>, device = PHONE, known = nothingKnown(8)) =>
      createPull({
        vault: read.vault,
        dhKeys: NO_KEYS,
        reader: { get: read.documents.get },
        alwaysPro: false,
        ...parts,
      })({ family: FAMILY_ID, device }, known, NOW),
  }
}
export type Setup = Awaited<ReturnType<typeof setup>>

export const base = (categoryId: string): Fact => fact('CategoryFlagsChanged', { categoryId, flags: 1 })

export const RULE = {
  extraTime: false,
  dayMask: 1,
  maxTime: 0,
  start: 0,
  end: 1,
  session: 0,
  pause: 0,
  perDay: true,
}
