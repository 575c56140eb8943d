/**
 * Proves of every path of rightech 3 how it refuses: another verb, no credentials, too narrow a token, what is not there, what is another
 * group's, and a body that is none; and that HEAD answers as GET does. The checks come in the order of 1.5.
 */
import test from 'ava'
import {
  asText,
  BAD_REQUEST,
  BASE,
  clientOf,
  errorText,
  FORBIDDEN,
  NO_ROUTE,
  UNAUTHORIZED,
  type Client,
} from '../support/client.ts'
import { create, newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'
import { newPump, NOBODY, readObject, until } from '../support/stores-clients.ts'

type Ids = {
  readonly object: string
  readonly model: string
  readonly table: string
  readonly row: string
  readonly report: string
  readonly build: string
  readonly automatons: string
  readonly handlers: string
  readonly geofences: string
}

type Place = {
  readonly path: (ids: Ids) => string
  readonly verbs: readonly Verb[]
  /** Ids that may be missing, outermost first, and the tag of each. */
  readonly missing?: readonly (readonly [keyof Ids, string])[]
}
type Verb = (typeof VERBS)[number]
const VERBS = ['GET', 'POST', 'PATCH', 'DELETE'] as const

const objects = ['object', 'error_objects'] as const
const rows = [
  ['table', 'error_tables'],
  ['row', 'error_tables_rows'],
] as const
const builds = [['build', 'error_reports_builds']] as const
const LINKS = ['automatons', 'handlers', 'geofences'] as const

const PLACES: readonly Place[] = [
  ...['model', 'state', 'config', 'events', 'tasks', ...LINKS].map((name): Place => ({
    path: ({ object }) => `/objects/${object}/${name}`,
    verbs: ['GET'],
    missing: [objects],
  })),
  { path: ({ object }) => `/objects/${object}/packets`, verbs: ['GET', 'POST'], missing: [objects] },
  { path: ({ object }) => `/objects/${object}/commands/led-on`, verbs: ['POST'], missing: [objects] },
  ...LINKS.flatMap((store) =>
    ['start', 'stop'].map((call): Place => ({
      path: (ids) => `/objects/${ids.object}/${store}/${ids[store]}/${call}`,
      verbs: ['POST'],
      missing: [objects, [store, `error_${store}`]],
    })),
  ),
  { path: () => '/models/base', verbs: ['GET'] },
  { path: ({ model }) => `/models/${model}/nodes`, verbs: ['POST'], missing: [['model', 'error_models']] },
  {
    path: ({ model }) => `/models/${model}/nodes/led-on`,
    verbs: ['PATCH', 'DELETE'],
    missing: [['model', 'error_models']],
  },
  {
    path: ({ table }) => `/tables/${table}/rows`,
    verbs: ['GET', 'POST'],
    missing: [['table', 'error_tables']],
  },
  {
    path: ({ table, row }) => `/tables/${table}/rows/${row}`,
    verbs: ['GET', 'PATCH', 'DELETE'],
    missing: rows,
  },
  {
    path: ({ report }) => `/reports/${report}/build`,
    verbs: ['POST'],
    missing: [['report', 'error_reports']],
  },
  { path: () => '/reports/builds', verbs: ['GET'] },
  { path: ({ build }) => `/reports/builds/${build}`, verbs: ['GET'], missing: builds },
  { path: ({ build }) => `/reports/builds/${build}/cancel`, verbs: ['POST'], missing: builds },
  { path: ({ build }) => `/reports/builds/${build}/export`, verbs: ['GET'], missing: builds },
  { path: () => '/messages/clear', verbs: ['DELETE'] },
  { path: () => '/events', verbs: ['GET'] },
  { path: () => '/events/org', verbs: ['GET'] },
]
const NAMES: Ids = {
  ...{ object: ':object', model: ':model', table: ':table', row: ':row', report: ':report', build: ':build' },
  ...{ automatons: ':a', handlers: ':h', geofences: ':g' },
}

let server: RunningServer | undefined
let member: Member
let stranger: Member
let narrow: Client
let ids: Ids
test.before(async () => {
  server = await startServer()
  const admin = await signInAdmin(server.url)
  const pump = await newPump(admin)
  member = pump.member
  stranger = await newMember(admin)
  narrow = await newToken(member, ['GET /labels', 'POST /objects/*/nothing'])
  const idOf = async (store: string, more = {}): Promise<string> =>
    (await create(member, store, more)).entity._id
  const [model, object, table, report] = [
    pump.model._id,
    pump.object._id,
    await idOf('tables'),
    await idOf('reports'),
  ]
  const row = readObject(await member.post(`/tables/${table}/rows`, { data: {} }))
  const body = { period: { from: 0, to: 1 }, objectIds: [object] }
  const build = readObject(await member.post(`/reports/${report}/build`, body))
  const links = {
    automatons: await idOf('automatons', { model }),
    handlers: await idOf('handlers'),
    geofences: await idOf('geofences'),
  }
  ids = { object, model, table, report, row: asText(row._id), build: asText(build._id), ...links }
})
test.after.always(() => cleanUp(server))

const notFound = (tag: string): string => errorText(404, 'Not Found', ['error_not_found', tag])

for (const { path, verbs, missing = [] } of PLACES) {
  const name = path(NAMES)

  test(`${name}: another verb is no route`, async (t) => {
    const at = BASE + path(ids)
    // `/messages/clear` and `/models/base` stand where an id may stand: of those only the status is said.
    const isFixed = ['/messages/clear', '/models/base', '/reports/builds', '/events/org'].includes(name)
    for (const verb of ['PUT', 'OPTIONS', ...VERBS.filter((other) => !verbs.includes(other))]) {
      const reply = await member.send(verb, at, verb === 'GET' ? {} : { body: '{}' })
      t.is(reply.status, 404, verb)
      if (!isFixed) t.is(reply.text, NO_ROUTE, verb)
    }
    for (const verb of verbs) {
      const deeper = await member.send(verb, `${at}/and/so/on/and/on`)
      t.is(deeper.text, NO_ROUTE, verb)
    }
  })

  test(`${name}: nothing without credentials, and nothing beyond a token`, async (t) => {
    const gone = path({ ...ids, ...Object.fromEntries(missing.map(([id]) => [id, NOBODY])) })
    const options = { body: '{"a":' }
    for (const verb of verbs) {
      for (const at of [BASE + path(ids), BASE + gone]) {
        const unknown = await clientOf(member.url).send(verb, at, verb === 'GET' ? {} : options)
        t.is(unknown.status, 401, `${verb} ${at}`)
        t.is(unknown.text, UNAUTHORIZED)
        const forbidden = await narrow.send(verb, at, verb === 'GET' ? {} : options)
        t.is(forbidden.status, 403, `${verb} ${at}`)
        t.is(forbidden.text, FORBIDDEN)
      }
    }
  })

  for (const [id, tag] of missing) {
    test(`${name}: ${id} is missing before anything is said of the body`, async (t) => {
      for (const value of [NOBODY, 'xyz', '%00', '__proto__']) {
        for (const verb of verbs) {
          const at = BASE + path({ ...ids, [id]: value })
          const reply = await member.send(verb, at, verb === 'GET' ? {} : { body: '{"a":' })
          t.is(reply.text, notFound(tag), `${verb} ${at}`)
          t.is(reply.status, 404)
        }
      }
    })
  }

  const [[, outermost] = []] = missing
  if (outermost !== undefined) {
    test(`${name}: what is another group’s is not there`, async (t) => {
      for (const verb of verbs) {
        const reply = await stranger.send(verb, BASE + path(ids), verb === 'GET' ? {} : { body: '{}' })
        t.is(reply.text, notFound(outermost), verb)
        t.is(reply.status, 404)
      }
    })
  }

  if (verbs.includes('POST') || verbs.includes('PATCH')) {
    test(`${name}: a body that is no object`, async (t) => {
      for (const verb of verbs.filter((one) => one === 'POST' || one === 'PATCH')) {
        for (const body of ['{"a":', '[1]', '"x"', '7', 'null', '\u0000']) {
          const reply = await member.send(verb, BASE + path(ids), { body })
          t.is(reply.text, BAD_REQUEST, `${verb} ${body}`)
          t.is(reply.status, 400)
        }
      }
    })
  }

  if (verbs.includes('GET')) {
    test(`${name}: HEAD answers as GET, without the body`, async (t) => {
      for (const [client, status] of [
        [member, 200],
        [narrow, 403],
      ] as const) {
        const { get, head } = await undisturbed(client, BASE + path(ids))
        const expected = name.endsWith('/export') && status === 200 ? get.status : status
        t.is(get.status, expected, get.text)
        t.is(head.status, expected)
        t.is(head.text, '')
        t.is(head.headers['content-type'], get.headers['content-type'])
        t.is(head.headers['content-length'], get.headers['content-length'])
      }
    })
  }
}

/** The answers to both while nothing else changed what they tell of. */
const undisturbed = (client: Client, at: string) =>
  until(
    async () => {
      const get = await client.send('GET', at)
      const head = await client.send('HEAD', at)
      return { get, head, after: await client.send('GET', at) }
    },
    ({ get, after }) => get.text === after.text,
  )

test('4.4: a scope reaches one path below an object and no other', async (t) => {
  const token = await newToken(member, ['POST /objects/*/commands/led-on', 'GET /objects/*/packets'])
  t.is((await token.post(`/objects/${ids.object}/commands/led-on`)).status, 200)
  t.is((await token.get(`/objects/${ids.object}/packets`)).status, 200)
  for (const reply of [
    await token.post(`/objects/${ids.object}/commands/led-off`),
    await token.post(`/objects/${ids.object}/packets`, {}),
    await token.get(`/objects/${ids.object}`),
    await token.get('/objects'),
    await token.get('/events'),
  ])
    t.is(reply.text, FORBIDDEN)
})

test('5: what is inherited from above is not commanded from below', async (t) => {
  const child = await newMember(member)
  t.is((await child.post(`/objects/${ids.object}/packets`, {})).text, notFound('error_objects'))
  t.is((await child.get(`/objects/${ids.object}/events`)).text, notFound('error_objects'))
  const below = await newPump(member, { member: child })
  t.is((await member.post(`${below.at}/packets`, {})).status, 200)
  // A scenario of a group that the caller does not see is not there, on an object that is.
  const started = await child.post(`${below.at}/automatons/${ids.automatons}/start`)
  t.is(started.text, notFound('error_automatons'))
})
