/** A server with a history worth reading, an auditor of the role that the first start made, and what he reads over HTTP. */
import { eventOfJson } from '../../src/history/event-json.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json } from '../../src/json.ts'
import { asText, type Client, type Reply } from './client.ts'
import { create, newMember, signInAdmin, type Member } from './members.ts'
import { startServer, type RunningServer } from './server.ts'

export type Audited = AuditorReading & {
  readonly server: RunningServer
  readonly admin: Member
  readonly auditor: Member
}

export const startAudited = async (labels: number): Promise<Audited> => {
  const server = await startServer()
  const admin = await signInAdmin(server.url)
  const role = (await admin.get('/roles')).list().find(({ name }) => name === 'auditor')
  const auditor = await newMember({ ...admin, role: role?._id ?? '' }, { group: admin.group })
  const member = await newMember(admin)
  for (let n = 0; n < labels; n += 1) await create(member, 'labels', { color: `#${n}` })
  await member.patch(`/users/${member.user}`, { phone: PHONE })
  return { server, admin, auditor, ...readingOf(auditor) }
}

/** Sealed in the history. */
export const PHONE = '+49 1234567'
export const LINES = { Accept: 'application/x-ndjson' }

export type AuditorReading = {
  readonly read: (
    path: string,
    client?: Client,
    headers?: { readonly [name: string]: string },
  ) => Promise<Reply>
  readonly page: (query: string) => Promise<{
    readonly events: readonly StoredEvent[]
    readonly next: string | undefined
  }>
  /** Goes on with `next` until there is none. */
  readonly paged: (query: string, cursor: 'after' | 'before') => Promise<readonly StoredEvent[]>
  readonly lines: (query: string) => Promise<readonly StoredEvent[]>
  readonly head: () => Promise<bigint>
}

const readingOf = (auditor: Member): AuditorReading => {
  const read: AuditorReading['read'] = (path, client = auditor, headers = {}) =>
    client.send('GET', `/history/${path}`, { headers })
  const page: AuditorReading['page'] = async (query) => {
    const { events, next } = (await read(`events?${query}`)).object()
    return { events: eventsIn(events), next: next === null ? undefined : asText(next) }
  }
  return {
    read,
    page,
    paged: async (query, cursor) => {
      const all: StoredEvent[] = []
      for (let place = ''; ;) {
        const { events, next } = await page(query + place)
        all.push(...events)
        if (next === undefined) return all
        place = `&${cursor}=${next}`
      }
    },
    lines: async (query) => linesIn((await read(`events?${query}`, auditor, LINES)).text),
    head: async () => (await page('direction=backwards&limit=1')).events[0]?.position ?? 0n,
  }
}

/** What is no object is left out: scripts say other things too. */
export const linesIn = (text: string): readonly StoredEvent[] =>
  eventsIn(
    text
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Json => JSON.parse(line) as Json),
  )

export const places = (events: readonly StoredEvent[]): readonly bigint[] =>
  events.map(({ position }) => position)

const eventsIn = (values: Json | undefined): readonly StoredEvent[] =>
  (Array.isArray(values) ? (values as readonly Json[]) : []).map((value) => {
    const event = eventOfJson(value)
    if (event === undefined) throw new Error(JSON.stringify(value))
    return event
  })
