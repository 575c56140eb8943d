import type { CategoryVersions, Device, Versions } from './timelimit-devices.ts'

/** Asks for what changed since the versions that the device saw last. */
export const pullOf = ({ token, encode }: Device, seen: Versions): Buffer => {
  const status = { ...seen, apps: {}, clientLevel: 8 }
  return encode('/sync/pull-status', JSON.stringify({ deviceAuthToken: token, status }))
}

export const noticePull = (seen: Versions, body: string): void => {
  const { devices, users, dh, u2f, ...pulled } = JSON.parse(body) as Pulled
  if (devices !== undefined) seen.devices = devices.version
  if (users !== undefined) seen.users = users.version
  if (dh !== undefined) seen.dh = dh.v
  if (u2f !== undefined) seen.u2f = u2f.v
  for (const [list, name] of PARTS)
    for (const { categoryId, version } of pulled[list] ?? [])
      (seen.categories[categoryId] ??= unseen())[name] = version
}

type Part = { readonly categoryId: string; readonly version: string }

export type UsedTimes = Part & {
  readonly times: readonly Record<'day' | 'time' | 'start' | 'end', number>[]
  readonly sessionDurations: readonly { readonly d: number }[]
}

export type Pulled = {
  readonly devices?: { readonly version: string }
  readonly users?: { readonly version: string }
  readonly dh?: { readonly v: string }
  readonly u2f?: { readonly v: string }
  readonly categoryBase?: readonly Part[]
  readonly categoryApp?: readonly Part[]
  readonly rules?: readonly Part[]
  readonly usedTimes?: readonly UsedTimes[]
  readonly tasks?: readonly Part[]
}

/** What a version is called in an answer, and in a request. */
const PARTS = [
  ['categoryBase', 'base'],
  ['categoryApp', 'apps'],
  ['rules', 'rules'],
  ['usedTimes', 'usedTime'],
  ['tasks', 'tasks'],
] as const

const unseen = (): CategoryVersions => ({ base: '', apps: '', rules: '', usedTime: '', tasks: '' })
