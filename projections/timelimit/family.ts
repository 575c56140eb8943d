import { dataOf, familyEvent } from '../../src/domain/timelimit/events.ts'
import { FAMILY_PREFIX, familyOf, familyStream, versionOf } from '../../src/domain/timelimit/names.ts'
import type { Scope } from '../../src/domain/timelimit/scopes.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json } from '../../src/json.ts'
import type { ProjectedWrite } from '../../src/projecting/projection.ts'

export const FAMILIES = 'timelimit_families'

/**
 * The family's own document after an event that changed any of its documents: up to which revision they are, its premium, and the version
 * of every scope (timelimit 9.4). A category is there as long as it has versions here. `premium.due`: when the premium runs out, while there is
 * one. `ended`: it waits for its erasure.
 */
export const familyWrite = (event: StoredEvent): ProjectedWrite | undefined => {
  if (!event.stream.startsWith(FAMILY_PREFIX)) return undefined
  const id = familyOf(event.stream)
  if (event.type === 'FamilyCreated') return { collection: FAMILIES, id, put: newFamily(event) }
  const changes: Record<string, Json> = { revision: Number(event.revision) }
  const version = versionOf(event.revision)
  for (const scope of familyEvent(event.type)?.scopes(event.data) ?? []) changes[pathOf(scope)] = version
  const { set, unset } = special(event)
  return {
    collection: FAMILIES,
    id,
    update: {
      $set: { ...changes, ...set },
      ...(unset.length === 0 ? {} : { $unset: Object.fromEntries(unset.map((path) => [path, '' as const])) }),
    },
  }
}

const newFamily = (event: StoredEvent) => {
  const { until } = dataOf('FamilyCreated', event)
  const version = versionOf(event.revision)
  return {
    revision: Number(event.revision),
    premium: { until, isFull: true, due: until },
    versions: { users: version, devices: version, u2f: version },
    categories: {},
    apps: {},
    _s: [familyStream(familyOf(event.stream))],
  }
}

const pathOf = (scope: Scope): string => {
  if (typeof scope === 'string') return `versions.${scope}`
  return 'category' in scope
    ? `categories.${scope.category}.${scope.part}`
    : `apps.${scope.device}.${scope.part}`
}

type Special = { readonly set: { readonly [path: string]: Json }; readonly unset: readonly string[] }
const NOTHING: Special = { set: {}, unset: [] }

const special = (event: StoredEvent): Special => {
  switch (event.type) {
    case 'PremiumExtended': {
      const { until, isFull } = dataOf('PremiumExtended', event)
      return { set: { premium: isFull ? { until, isFull, due: until } : { until, isFull } }, unset: [] }
    }
    case 'PremiumExpired':
      return { set: { 'premium.isFull': false }, unset: ['premium.due'] }
    case 'FamilyDeleted':
      return { set: { ended: true }, unset: ['premium.due', 'premium.until'] }
    case 'CategoryDeleted':
      return { set: {}, unset: [`categories.${dataOf('CategoryDeleted', event).categoryId}`] }
    case 'DeviceRemoved':
      return { set: {}, unset: [`apps.${dataOf('DeviceRemoved', event).deviceId}`] }
    default:
      return NOTHING
  }
}
