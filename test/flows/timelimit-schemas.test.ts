/**
 * Proves that what our tests send is what the official JSON schemas allow, and that every answer of the server fits them: so the tests speak the client's
 * language and the server answers in it.
 */
import test from 'ava'
import { isObject, type JsonObject } from '../../src/json.ts'
import { CATEGORIES } from '../support/timelimit-rows-categories.ts'
import { CHILD, LEGACY } from '../support/timelimit-rows-child.ts'
import { CHILDREN } from '../support/timelimit-rows-children.ts'
import { DEVICES } from '../support/timelimit-rows-devices.ts'
import { CATEGORY_LIMITS } from '../support/timelimit-rows-limits.ts'
import { MAILBOXES } from '../support/timelimit-rows-mailboxes.ts'
import { RULES, TASKS } from '../support/timelimit-rows-rules.ts'
import { SAID, STATUS } from '../support/timelimit-rows-status.ts'
import { USED } from '../support/timelimit-rows-used.ts'
import { USERS } from '../support/timelimit-rows-users.ts'
import { ACTIONS, REQUESTS, schema, schemaTest } from '../support/timelimit-schemas.ts'
import { createWorld } from '../support/timelimit-world.ts'
import { startTimelimit, type Timelimit } from '../support/timelimit.ts'

let at: Timelimit | undefined
test.after.always(() => at?.close())

const ROWS = [
  ...[...USED, ...MAILBOXES, ...STATUS, ...SAID, ...LEGACY, ...CHILD, ...USERS, ...CHILDREN],
  ...[...DEVICES, ...CATEGORIES, ...CATEGORY_LIMITS, ...RULES, ...TASKS],
]

schemaTest('every request, every action and every answer', async (t) => {
  const server = (at = await startTimelimit())
  const seen = new Map<string, number>()
  const faults = new Set<string>()
  const check = (name: string, value: JsonObject): void => {
    seen.set(name, (seen.get(name) ?? 0) + 1)
    const fault = schema(name)(value)
    if (fault !== '') faults.add(`${name}: ${fault} ${JSON.stringify(value).slice(0, 300)}`)
  }
  server.seen.push((path, body, reply) => {
    const name = REQUESTS[path]
    if (name !== undefined) check(name, body)
    if (reply.status !== 200 || !String(reply.headers['content-type']).startsWith('application/json')) return
    const answer = reply.object()
    if (path === '/sync/pull-status') check('ServerDataStatus', answer)
    if (isObject(answer.data)) check('ServerDataStatus', answer.data)
  })
  const w = await createWorld(server)
  const sent = new Set<string>()
  for (const row of ROWS) {
    await row.prepare?.(w)
    for (const [who, given] of row.given?.(w) ?? []) await w[who].push(given)
    const from = w[row.from ?? 'phone']
    const act = await row.act(w)
    const { type } = act.prove(from.id, from.number(), act.encoded)
    check(ACTIONS[type] ?? type, JSON.parse(act.encoded) as JsonObject)
    sent.add(row.type)
    await from.push(act)
    await w.tablet.pull()
    await w.phone.full()
  }
  t.deepEqual([...faults], [])
  t.is(sent.size, 68)
  t.true((seen.get('ServerDataStatus') ?? 0) > 2 * ROWS.length)
})
