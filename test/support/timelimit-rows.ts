/** Runs the rows of the tables of actions: what an action changes, which versions it raises, who is told, and which are refused. */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'
import { appLogic, type Act } from './timelimit-crypto.ts'
import { changedScopes, statusOf, versionsIn, type Picture } from './timelimit-picture.ts'
import { listen, type Listener } from './timelimit-sockets.ts'
import {
  createWorld,
  WHO,
  type Pushed,
  type Row,
  type Told,
  type Who,
  type World,
} from './timelimit-world.ts'
import { ok, startTimelimit, type Timelimit } from './timelimit.ts'

/** Declares a test a row, on one server for all; `types` are the actions that the rows have to cover. */
export const testRows = (rows: readonly Row[], types: readonly string[]): void => {
  let at: Timelimit | undefined
  test.before(async () => {
    at = await startTimelimit()
  })
  test.after.always(async () => {
    await at?.close()
  })
  test('every action has a row', (t) => {
    t.deepEqual([...new Set(rows.map(({ type }) => type))].sort(), types.toSorted())
  })
  for (const row of rows) {
    const title = row.name === undefined ? row.type : `${row.type}, ${row.name}`
    test.serial(title, async (t) => {
      if (at === undefined) throw new Error('no server')
      await runRow(t, await createWorld(at), row)
    })
  }
}

const runRow = async (t: ExecutionContext, w: World, row: Row): Promise<void> => {
  await row.prepare?.(w)
  for (const [who, act] of row.given?.(w) ?? []) t.false(await w[who].push(act), 'what is given')
  const listeners = await Promise.all(WHO.map((who) => listen(w.phone.at.url(), w[who].token)))
  t.teardown(() => {
    for (const { close } of listeners) close()
  })
  const lengths = await settled(w, listeners)
  for (const who of WHO) await w[who].pull()
  const from = row.from ?? 'phone'
  const before = await w.phone.full()
  await refuse(t, w, row, before)
  t.false(await w[from].push(await row.act(w)), 'accepted')
  const after = await w.phone.full()
  t.deepEqual(contents(after), patched(contents(before), row.patch?.(w, after) ?? {}), 'what changed')
  await checkScopes(t, w, row, [before, after])
  await checkTold(t, w, row, { listeners, lengths })
  await row.check?.(t, w)
}

const refuse = async (t: ExecutionContext, w: World, row: Row, before: Picture): Promise<void> => {
  for (const [why, of] of Object.entries(row.refused ?? {})) {
    const given = await of(w)
    const [who, act] = isPushed(given) ? given : [row.from ?? 'phone', given]
    t.true(await w[who].push(act), `refused: ${why}`)
  }
  t.deepEqual(await w.phone.full(), before, 'what is refused changes nothing')
}

const isPushed = (given: Act | Pushed): given is Pushed => Array.isArray(given)

/** Versions change where the table says so; a pull with the last versions brings exactly these. */
const checkScopes = async (
  t: ExecutionContext,
  w: World,
  row: Row,
  [before, after]: readonly [Picture, Picture],
): Promise<void> => {
  const gone = (scope: string): boolean => after.versions[scope] === undefined
  const changed = changedScopes(before, after).filter((scope) => !gone(scope))
  t.deepEqual(changed, (row.bumps?.(w) ?? []).toSorted(), 'the versions that changed')
  for (const who of WHO) {
    const answer = await w[who].pull()
    t.deepEqual(Object.keys(versionsIn(answer)).sort(), changed, `what ${who} is sent`)
    t.deepEqual(contents(w[who].picture()), contents(after), `what ${who} has then`)
    t.deepEqual(w[who].picture().versions, after.versions)
    const again = ok(await w[who].ask(statusOf(w[who].picture())))
    t.deepEqual(versionsIn(again), {}, 'nothing the second time')
    t.false('rmCategories' in again)
  }
}

const FORCE_SYNC = appLogic({ type: 'FORCE_SYNC' })
const BARRIERS: readonly Who[] = ['phone', 'tablet']
const SETTLE_MS = 15

/** How many each has heard when what was done before is through: an answer may overtake what the others are told. */
const settled = async (w: World, listeners: readonly Listener[]): Promise<readonly number[]> => {
  for (const who of BARRIERS) await w[who].push(FORCE_SYNC)
  const isThrough = (): boolean => listeners.every(({ heard }, index) => heard.length >= (index < 2 ? 1 : 2))
  await listeners[0]?.until(isThrough, 'should sync')
  await pause(SETTLE_MS)
  return listeners.map((listener) => listener.syncs().length)
}

/** After an action of each device that everybody hears, nothing can be still on its way. */
const checkTold = async (
  t: ExecutionContext,
  w: World,
  row: Row,
  { listeners, lengths }: { readonly listeners: readonly Listener[]; readonly lengths: readonly number[] },
): Promise<void> => {
  const from = row.from ?? 'phone'
  for (const who of BARRIERS) await w[who].push(FORCE_SYNC)
  const expected = WHO.map((who) => {
    const level = who === from ? 0 : levelAt(row.told, who)
    const heard = BARRIERS.filter((barrier) => barrier !== who).map(() => true)
    return level === 0 ? heard : [level === 2, ...heard]
  })
  const since = (index: number): readonly boolean[] => listeners[index]?.syncs().slice(lengths[index]) ?? []
  const isThere = (): boolean => expected.every(({ length }, index) => since(index).length >= length)
  await listeners[0]?.until(isThere, 'should sync').catch(() => undefined)
  await pause(SETTLE_MS)
  const heard = WHO.map((_, index) => since(index))
  t.deepEqual(named(heard), named(expected), 'who is told, and how urgently')
}

const named = (lists: readonly (readonly boolean[])[]): { readonly [who: string]: readonly boolean[] } =>
  Object.fromEntries(WHO.map((who, index) => [who, lists[index] ?? []]))

const levelAt = (told: 0 | 1 | 2 | Told, who: Who): number =>
  typeof told === 'number' ? told : (told[who] ?? 0)

/** The data without its versions. */
export const contents = ({ versions: _versions, ...data }: Picture): JsonObject => data

/** A merge patch (RFC 7396). */
export const patched = (value: Json | undefined, patch: Json): Json => {
  if (!isObject(patch)) return patch
  const base: JsonObject = isObject(value) ? value : {}
  const kept = Object.entries(base).filter(([name]) => !(name in patch))
  const changed = Object.entries(patch).filter(([, part]) => part !== null)
  const merged: readonly (readonly [string, Json])[] = [
    ...kept,
    ...changed.map(([name, part]) => [name, patched(base[name], part)] as const),
  ]
  return Object.fromEntries(merged)
}
