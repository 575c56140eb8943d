/**
 * Laws of who may what with records and dialogs, on the real server over HTTP, generated whole and compared with tables that were written from
 * the specification and not from the code: rules of records × actions × class or record × callers (connectycube 6.2), and actions × types ×
 * roles of dialogs (8.3). Refusals are to the letter.
 */
import test from 'ava'
import { isObject, type JsonObject } from '../../src/json.ts'
import { ADMIN, objectAt, type Reply } from '../support/connectycube.ts'
import { FORBIDDEN, idIn, rightsAt, told, type Headers, type Person } from '../support/connectycube-rights.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer
test.before(async () => {
  server = await startServer()
})
test.after.always(() => cleanUp(server))

const { send, person } = rightsAt(() => server.url)

const CALLERS = ['owner', 'listed', 'tagged', 'stranger', 'admin'] as const
type Caller = (typeof CALLERS)[number]

/** Connectycube 6.2: the owner passes every rule but `not_allowed`, which is a class's only; the administrator passes everything. */
const MAY: { readonly [rule: string]: readonly Caller[] } = {
  open: CALLERS,
  owner: ['owner', 'admin'],
  open_for_users_ids: ['owner', 'listed', 'admin'],
  open_for_groups: ['owner', 'tagged', 'admin'],
  not_allowed: ['admin'],
}
/** There is no record yet: whoever creates it owns it, and is in no list by that. */
const MAY_CREATE: { readonly [rule: string]: readonly Caller[] } = {
  ...MAY,
  owner: CALLERS,
  open_for_users_ids: ['listed', 'admin'],
  open_for_groups: ['tagged', 'admin'],
}

test.serial('records: every rule × action × class or record × caller', async (t) => {
  const [owner, listed, tagged, stranger] = await Promise.all([
    person(),
    person(),
    person({ tag_list: ['vip'] }),
    person({ tag_list: ['other'] }),
  ])
  const headers: { readonly [caller in Caller]: Headers } = {
    ...{ owner: owner.headers, listed: listed.headers, tagged: tagged.headers },
    ...{ stranger: stranger.headers, admin: ADMIN },
  }
  const ruleOf = (access: string): JsonObject => ({
    access,
    ...(access === 'open_for_users_ids' ? { ids: [listed.id] } : {}),
    ...(access === 'open_for_groups' ? { groups: ['vip'] } : {}),
  })
  const rulesOf = (access: string): JsonObject => ({
    ...{ read: ruleOf(access), update: ruleOf(access), delete: ruleOf(access) },
  })
  let cells = 0
  const cell = (reply: Reply, mayDo: boolean, place: string): void => {
    cells += 1
    if (mayDo) t.true(reply.status < 300, `${place}: ${reply.status} ${reply.text}`)
    else t.deepEqual(told(reply), FORBIDDEN, place)
  }
  const checkClass = async (access: string, isClass: boolean): Promise<void> => {
    const name = `c${isClass ? 'lass' : ''}_${access}`
    await send(ADMIN, 'POST', '/admin/data/classes', {
      ...{ class_name: name, fields: { n: 'Integer' } },
      ...(isClass
        ? {
            permissions: { create: ruleOf('open'), ...rulesOf(access) },
            use_class_permissions: ['read', 'update', 'delete'],
          }
        : {}),
    })
    // The rule that does not count is always another one.
    const other = access === 'open' ? 'owner' : 'open'
    const permissions = rulesOf(isClass ? other : access)
    for (const caller of CALLERS) {
      const id = idIn(await send(owner.headers, 'POST', `/data/${name}`, { n: 1, permissions }))
      const place = `${isClass ? 'class' : 'record'} ${access}, ${caller}`
      const mayDo = MAY[access]?.includes(caller) === true
      const path = `/data/${name}/${id}`
      cell(await send(headers[caller], 'GET', path), mayDo, `${place} reads`)
      cell(await send(headers[caller], 'PUT', path, { n: 2 }), mayDo, `${place} updates`)
      cell(await send(headers[caller], 'DELETE', path), mayDo, `${place} deletes`)
    }
  }
  const checkCreate = async (access: string): Promise<void> => {
    const name = `create_${access}`
    await send(ADMIN, 'POST', '/admin/data/classes', {
      ...{ class_name: name, fields: { n: 'Integer' }, permissions: { create: ruleOf(access) } },
    })
    for (const caller of CALLERS) {
      const made = await send(headers[caller], 'POST', `/data/${name}`, { n: 1 })
      cell(made, MAY_CREATE[access]?.includes(caller) === true, `${access}, ${caller} creates`)
    }
  }
  const rules = Object.keys(MAY)
  const ofRecords = rules.filter((access) => access !== 'not_allowed')
  await Promise.all([
    ...rules.map(checkCreate),
    ...rules.map((access) => checkClass(access, true)),
    ...ofRecords.map((access) => checkClass(access, false)),
  ])
  t.is(cells, 5 * 5 + 5 * 5 * 3 + 4 * 5 * 3)
  const refused = await send(owner.headers, 'POST', '/data/c_open', { permissions: rulesOf('not_allowed') })
  t.deepEqual(told(refused), [422, { errors: { permissions: ['is invalid'] } }])
})

const ROLES = ['outsider', 'member', 'admin', 'owner'] as const
type Role = (typeof ROLES)[number]
const TYPES = { broadcast: 1, group: 2, private: 3, public: 4, meeting: 5 } as const

/**
 * Connectycube 8.3, by type 1 to 5: who may, as m(ember), a(dmin), o(wner). Everybody is in a broadcast, a private dialog has no admins, and
 * its occupants are fixed: `-` is 422 for whoever is in it.
 */
const RIGHTS: { readonly [action: string]: readonly [string, string, string, string, string] } = {
  read: ['mao', 'mao', 'mo', 'mao', 'mao'],
  write: ['ao', 'mao', 'mo', 'mao', 'mao'],
  change: ['ao', 'mao', '', 'ao', 'mao'],
  pin: ['ao', 'ao', 'mo', 'ao', 'ao'],
  addUsers: ['', 'mao', '-', '', 'mao'],
  removeUsers: ['', 'ao', '-', '', 'ao'],
  appointAdmins: ['o', 'o', '', 'o', 'o'],
  deleteForAll: ['o', 'o', 'o', 'o', 'o'],
}

type Cell = { readonly id: string; readonly message: string; readonly more: number; readonly extra: number }

const ASKED: { readonly [action: string]: (cell: Cell) => readonly [string, string, JsonObject?] } = {
  read: ({ id }) => ['GET', `/chat/Message.json?chat_dialog_id=${id}`],
  write: ({ id }) => ['POST', '/chat/Message.json', { chat_dialog_id: id, message: 'x' }],
  change: ({ id }) => ['PUT', `/chat/Dialog/${id}.json`, { description: 'another' }],
  pin: ({ id, message }) => ['PUT', `/chat/Dialog/${id}`, { push_all: { pinned_messages_ids: [message] } }],
  addUsers: ({ id, more }) => ['PUT', `/chat/Dialog/${id}`, { push_all: { occupants_ids: [more] } }],
  removeUsers: ({ id, extra }) => ['PUT', `/chat/Dialog/${id}`, { pull_all: { occupants_ids: [extra] } }],
  appointAdmins: ({ id, extra }) => [
    'PUT',
    `/chat/Dialog/${id}/admins`,
    { push_all: { admins_ids: [extra] } },
  ],
  deleteForAll: ({ id }) => ['DELETE', `/chat/Dialog/${id}?force=1`],
}

type Cast = { readonly [role in Role]: Person } & { readonly extra: Person; readonly more: Person }

const newCast = async (): Promise<Cast> => {
  const [outsider, member, admin, owner] = await Promise.all([person(), person(), person(), person()])
  return { outsider, member, admin, owner, extra: await person(), more: await person() }
}

/** With everybody but the outsider, as far as its type has them. */
const newDialog = async ({ owner, member, admin, extra }: Cast, type: number): Promise<string> => {
  const others = (type === TYPES.private ? [member] : [member, admin, extra]).map(({ id }) => id)
  const named = type === TYPES.private ? {} : { name: 'd', admins_ids: [admin.id] }
  const listed = type === TYPES.broadcast ? {} : { occupants_ids: others }
  return idIn(await send(owner.headers, 'POST', '/chat/Dialog', { type, ...named, ...listed }))
}

/** Empty: he may not. */
const say = async ({ headers }: Person, dialog: string): Promise<string> =>
  idIn(await send(headers, 'POST', '/chat/Message', { chat_dialog_id: dialog, message: 'x' }))

const rolesOf = (type: number): readonly Role[] =>
  ROLES.filter(
    (role) =>
      !(role === 'outsider' && type === TYPES.broadcast) && !(role === 'admin' && type === TYPES.private),
  )

const inTable = (table: readonly string[] | undefined, type: number, role: Role): string => {
  const cell = role === 'outsider' ? '' : (table?.[type - 1] ?? '')
  if (cell === '-') return 'fixed'
  return cell.includes(role.charAt(0)) ? 'may' : 'may not'
}

test.serial('dialogs: every action × type × role', async (t) => {
  const cast = await newCast()
  let cells = 0
  const check = async (action: string, type: number, role: Role): Promise<void> => {
    const id = await newDialog(cast, type)
    const extra = (type === TYPES.private ? cast.owner : cast.extra).id
    const cell: Cell = { id, message: await say(cast.owner, id), more: cast.more.id, extra }
    t.not(cell.message, '')
    const [method, path, json] = ASKED[action]?.(cell) ?? ['', '']
    const reply = await send(cast[role].headers, method, path, json)
    const place = `${action}, type ${type}, ${role}`
    const expected = inTable(RIGHTS[action], type, role)
    if (expected === 'may not') t.deepEqual(told(reply), FORBIDDEN, place)
    else t.is(reply.status < 300 ? 'may' : reply.status === 422 ? 'fixed' : reply.text, expected, place)
    cells += 1
  }
  for (const type of Object.values(TYPES)) {
    const all = rolesOf(type).flatMap((role) =>
      Object.keys(RIGHTS).map((action) => () => check(action, type, role)),
    )
    // Of a pair there is one dialog at a time.
    if (type === TYPES.private) for (const one of all) await one()
    else await Promise.all(all.map((one) => one()))
  }
  t.is(cells, Object.keys(RIGHTS).length * (3 + 4 + 3 + 4 + 4))
})

/** Connectycube 8.3, of a message: who may delete it for all when it is his own, and when it is another's. */
const DELETES = {
  own: ['ao', 'mao', 'mo', 'mao', 'mao'],
  any: ['ao', 'ao', '', 'ao', 'ao'],
} as const

test.serial('messages: deleting one’s own and any other, by type and role', async (t) => {
  const cast = await newCast()
  const check = async (dialog: string, type: number, role: Role, whose: 'own' | 'any'): Promise<void> => {
    const other = role !== 'owner' ? 'owner' : type === TYPES.private ? 'member' : 'admin'
    const message = await say(cast[whose === 'own' ? role : other], dialog)
    const expected = inTable(DELETES[whose], type, role)
    const place = `type ${type}, ${role}, ${whose}`
    // Who may not write has nothing of his own.
    if (message === '') return void t.is(expected, 'may not', place)
    const reply = await send(cast[role].headers, 'DELETE', `/chat/Message/${message}?force=1`)
    const gone = isObject(reply.body) ? objectAt(reply.body, 'SuccessfullyDeleted')['ids'] : null
    t.deepEqual([reply.status, gone], [200, expected === 'may' ? [message] : []], place)
  }
  for (const type of Object.values(TYPES)) {
    const dialog = await newDialog(cast, type)
    for (const role of rolesOf(type)) {
      await check(dialog, type, role, 'own')
      await check(dialog, type, role, 'any')
    }
  }
})
