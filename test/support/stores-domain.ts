import * as E from 'fp-ts/lib/Either.js'
import type { Fact } from '../../src/domain/decider.ts'
import type { Rejection } from '../../src/domain/rejection.ts'
import type { Caller, CreateEntity, PatchEntity, StoresCommand } from '../../src/domain/stores/commands.ts'
import { storesDecider, type EntityState } from '../../src/domain/stores/decide.ts'
import { entityStream } from '../../src/domain/stores/names.ts'
import { STORES, type Field, type StoreDef } from '../../src/domain/stores/registry.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { Json, JsonObject } from '../../src/json.ts'

/** `hex('a1')` is an id that ends like that. */
export const hex = (end: string | number): string => String(end).padStart(24, '0')

export const ME = hex('a1')
export const ROOT = hex('b0')
export const MINE = hex('b1')
export const ROLE = hex('c1')
export const ID = hex('d1')
export const AT = 1_795_345_200_000

export const caller = (more: Partial<Caller> = {}): Caller => ({
  user: ME,
  group: MINE,
  branch: [ROOT, MINE],
  role: ROLE,
  credentials: ['*'],
  ...more,
})

/** Bodies with the required fields and nothing else, where any text will not do or a test asks for these. */
const SMALLEST: { readonly [store: string]: JsonObject } = {
  models: { name: 'Pump', base: 'mqtt' },
  objects: { name: 'Pump 1', model: hex('e1'), id: 'pump-1' },
  automatons: { name: 'Cool down', model: hex('e1') },
  handlers: { name: 'Handler', userCode: 'return 1' },
  labels: { name: 'Label' },
  geofences: { name: 'Fence' },
  scenes: { name: 'Scene', type: '2d', file: hex('e2') },
  dashboards: { name: 'Dashboard' },
  files: { name: 'File' },
  groups: { name: 'North plant' },
  roles: { name: 'Role' },
  users: { name: 'Ann', role: ROLE, email: 'Ann@example.org', login: 'Ann.Smith', password: 'Secret123' },
  invites: { email: 'bob@example.org', role: ROLE },
  tokens: {},
  messages: { 'message-body': 'Hello' },
  tasks: { name: 'Task' },
  'tasks/kinds': {},
  tables: { name: 'Table' },
  reports: { name: 'Report' },
}

const valueOf = (name: string, { type, oneOf }: Field): Json => {
  if (type === 'ref') return hex('e9')
  if (type === 'number') return 1
  if (type === 'boolean') return true
  if (type === 'object') return {}
  if (type === 'list') return []
  return oneOf?.[0] ?? `any ${name}`
}

const smallestOf = ({ fields }: StoreDef): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      field.required === true ? [[name, valueOf(name, field)]] : [],
    ),
  )

/** A body for each store with the required fields and nothing else; for a new store it is made from its fields. */
export const MINIMAL: { readonly [store: string]: JsonObject } = {
  ...Object.fromEntries(Object.values(STORES).map((def) => [def.path, smallestOf(def)])),
  ...SMALLEST,
}

export const createCommand = (
  store: string,
  body: JsonObject = MINIMAL[store] ?? {},
  more: Partial<CreateEntity> = {},
): CreateEntity => ({
  type: 'CreateEntity',
  store,
  id: ID,
  body,
  at: AT,
  caller: caller(),
  group: { _id: MINE, branch: [ROOT, MINE] },
  references: {},
  defaults: store === 'automatons' ? { processId: 'a1b2c3d4' } : { code: 'AbC-_1234' },
  roleCredentials: [],
  ...(store === 'users' ? { passwordHash: '$hash$1' } : {}),
  ...(store === 'tokens' ? { tokenHash: 'f'.repeat(64) } : {}),
  ...more,
})

export const patchCommand = (
  store: string,
  body: JsonObject,
  more: Partial<PatchEntity> = {},
): PatchEntity => ({
  type: 'PatchEntity',
  store,
  id: ID,
  body,
  at: AT + 1000,
  caller: caller(),
  references: {},
  roleCredentials: [],
  ...more,
})

/** A state that follows decisions, as a stream would. */
export const following = (store: string) => {
  const decider = storesDecider(store)
  let state: EntityState = decider.initial
  const facts: Fact[] = []
  return {
    state: () => state,
    entity: (): JsonObject => state.entity ?? {},
    facts: (): readonly Fact[] => facts,
    /** The facts decided, or the rejection. */
    run: (command: StoresCommand): readonly Fact[] | Rejection => {
      const decided = decider.decide(command, state)
      if (E.isLeft(decided)) return decided.left
      facts.push(...decided.right)
      state = decided.right.reduce(decider.evolve, state)
      return decided.right
    },
  }
}

/** A store's entity made from a body (the minimal one by default); throws if it is refused. */
export const created = (store: string, body?: JsonObject, more?: Partial<CreateEntity>) => {
  const entity = following(store)
  const answer = entity.run(createCommand(store, body ?? MINIMAL[store] ?? {}, more))
  if ('kind' in answer) throw new Error(JSON.stringify(answer))
  return entity
}

export const isRejection = (answer: readonly Fact[] | Rejection): answer is Rejection => 'kind' in answer

/** Fields of a rejection; `undefined` if it is none. */
export const fieldsOf = (answer: readonly Fact[] | Rejection) =>
  isRejection(answer) ? answer.fields : undefined
export const kindOf = (answer: readonly Fact[] | Rejection) => (isRejection(answer) ? answer.kind : undefined)

/** Facts of one entity as the history would give them back, after a trip through JSON. */
export const stored = (
  store: string,
  id: string,
  facts: readonly Fact[],
  first = 1,
): readonly StoredEvent[] =>
  facts.map(({ type, data, scope }, index) => ({
    id: `00000000-0000-4000-8000-${String(first + index).padStart(12, '0')}`,
    type,
    data: JSON.parse(JSON.stringify(data)) as JsonObject,
    meta: {
      at: AT,
      actor: `stores:user:${ME}`,
      commandId: 'c',
      correlationId: 'c',
      schema: 1,
      ...(scope ? { scope } : {}),
    },
    stream: entityStream(store, id),
    revision: BigInt(index),
    position: BigInt(first + index),
  }))
