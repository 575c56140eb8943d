/** Everything that GET shows to a member, so that two moments can be compared. */
import { STORES } from '../../src/domain/stores/registry.ts'
import type { Client } from './client.ts'

/** Body and version of every list, page and entity, by its path. */
export const pictureOf = async (client: Client): Promise<ReadonlyMap<string, string>> => {
  const picture = new Map<string, string>()
  const look = async (path: string): Promise<string> => {
    const { status, text, headers } = await client.get(path)
    picture.set(path, `${status} ${(headers['x-ric-version'] as string | undefined) ?? '-'} ${text}`)
    return text
  }
  const lookAt = async (path: string): Promise<readonly string[]> => {
    const list = JSON.parse(await look(`/${path}?withChildGroups=true&nolimit=true`)) as readonly {
      _id: string
    }[]
    const queries = [
      '',
      '?meta=true',
      '?sortBy=-name&only=name',
      '?limit=2&offset=1',
      '?search=e&withChildGroups=true',
    ]
    await Promise.all([
      ...queries.map((query) => look(`/${path}${query}`)),
      ...list.map(({ _id }) => look(`/${path}/${_id}`)),
    ])
    return list.map(({ _id }) => _id)
  }
  const found = new Map<string, readonly string[]>()
  for (const { path } of Object.values(STORES)) found.set(path, await lookAt(path))
  for (const table of found.get('tables') ?? []) await lookAt(`tables/${table}/rows`)
  for (const build of found.get('reports/builds') ?? []) await look(`/reports/builds/${build}/export`)
  for (const path of ['/auth', '/events?nolimit=true', '/events/org']) await look(path)
  return picture
}

/** What differs, each shortened to where it begins to. */
export const differences = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].flatMap((path) => {
    const [was = 'absent', is = 'absent'] = [before.get(path), after.get(path)]
    if (was === is) return []
    let at = 0
    while (was[at] === is[at]) at += 1
    at = Math.max(0, at - 20)
    return [`${path}: ${was.slice(at, at + 200)} → ${is.slice(at, at + 200)}`]
  })
