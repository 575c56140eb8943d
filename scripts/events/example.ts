import { createHash } from 'node:crypto'
import { isList, isObject, type Json, type JsonObject } from '../../src/json.ts'

/** A value that a schema takes, always the same, and as much like a real one as the name of its field tells. */
export const exampleOf = (schema: JsonObject, name = ''): Json => {
  const [first] = choicesOf(schema)
  if (first !== undefined) return first
  const { anyOf, type } = schema
  if (isList(anyOf)) return exampleOf(objectOf(anyOf[0]), name)
  const kind = isList(type) ? type[0] : type
  if (kind === undefined) return OBJECTS[name] ?? TEXTS[name] ?? textOf(name)
  const make = typeof kind === 'string' ? MAKERS[kind] : undefined
  if (make === undefined) throw new TypeError(`no example can be made of ${JSON.stringify(schema)}`)
  return make(schema, name)
}

const choicesOf = ({ const: value, enum: values }: JsonObject): readonly Json[] => {
  if (value !== undefined) return [value]
  return isList(values) ? values : []
}

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

/** What the history shows of a sealed value. */
export const sealedExample = (place: string): JsonObject => ({
  $sealed: `${createHash('sha256').update(place).digest('base64url').slice(0, 24)}…`,
})

const object = (schema: JsonObject, name: string): JsonObject => {
  const { properties, additionalProperties: values } = schema
  if (isObject(properties))
    return Object.fromEntries(
      Object.entries(properties).map(([key, one]) => [key, exampleOf(objectOf(one), key)]),
    )
  if (isObject(values)) return { [keyOf(name)]: exampleOf(values, name) }
  return OBJECTS[name] ?? {}
}

const keyOf = (name: string): string => (name === 'params' ? 'deviceName' : 'k3Xy9Q')

const MAKERS: { readonly [type: string]: (schema: JsonObject, name: string) => Json } = {
  object,
  array: ({ items, minItems }, name) =>
    Array.from({ length: typeof minItems === 'number' ? minItems : 1 }, () =>
      exampleOf(objectOf(items), name.replace(/s$/, '')),
    ),
  string: (_, name) => TEXTS[name] ?? textOf(name),
  number: (_, name) => NUMBERS[name] ?? 1,
  integer: ({ minimum, maximum }, name) =>
    Math.min(Math.max(NUMBERS[name] ?? 1, boundOf(minimum, -Infinity)), boundOf(maximum, Infinity)),
  boolean: () => true,
  null: () => null,
}

const boundOf = (bound: Json | undefined, none: number): number => (typeof bound === 'number' ? bound : none)

/** Six letters or digits, as devices make them; others stand in the table. */
const textOf = (name: string): string => {
  if (/hash$/i.test(name)) return createHash('sha256').update(name).digest('hex')
  return createHash('sha256').update(name).digest('base64').replaceAll(/\W/g, '').slice(0, 6)
}

const ENTITY = '6a12f3b4c5d6e7f8091a2b3c'
const MS = 1_767_225_600_000
const ACCOUNT = '5e0c6a52-6f5b-4a8e-9d1c-7b1f2a3c4d5e'

const TEXTS: { readonly [name: string]: string } = {
  ...{ store: 'users', id: ENTITY, user: '6a12f3b4c5d6e7f8091a2b01', object: '6a12f3b4c5d6e7f8091a2b02' },
  ...{ target: '6a12f3b4c5d6e7f8091a2b03', group: '6a12f3b4c5d6e7f8091a2b04', before: ENTITY },
  ...{ admin: '6a12f3b4c5d6e7f8091a2b05', auditor: '6a12f3b4c5d6e7f8091a2b06' },
  ...{ name: 'Ada', title: 'Homework', model: 'Pixel 8', mail: 'ada@example.org', to: 'ada@example.org' },
  ...{ email: 'ada@example.org', locale: 'en', timeZone: 'Europe/Berlin', command: 'led-on' },
  ...{ subject: `stores.user-${ENTITY}`, holder: `stores.users-${ENTITY}`, message: 'Maintenance at noon' },
  ...{ reason: 'the account was deleted', error: 'error_object_offline', unset: 'phone' },
  ...{ session: 'V1StGXR8_Z5', aid: ACCOUNT, ip: '192.0.2.7', node: 'c0a8-1', birthdate: '1990-05-17' },
  ...{
    loginId: ACCOUNT,
    connectionId: '0b8f5f0e-9d3a-4c62-8a51-3f6d1c2b7e90',
    googleSub: '110169484474386276334',
  },
  ...{ service: 'googleplay', type: 'month', transactionId: 'GPA.3345-1111-2222-33333' },
  ...{ action: 'UPDATE_CATEGORY_TITLE', refused: 'AUTH', kind: 'device-linked', deviceName: 'Pixel 8' },
  ...{ blockedTimes: '0,419,1320,1439', mode: 'enabled', pType: 'android', familyId: 'q8ZtR2mW5x' },
  ...{ secondSalt: '$2a$12$8NJH9ND1kIcXJq3cS1ZR5e', origin: 'headwater.local/3f1c9a7be2d04856' },
  ...{
    key: 'headwater.local/3f1c9a7be2d04856+5d0c1f2a+AV0…',
    root: 'bJ4Z7c1kq0o2cS6bq2m0cJ1Qy1g0b8xkq2mJv5eWcRE=',
  },
  note: 'headwater.local/3f1c9a7be2d04856\n256\nbJ4Z7c1kq0o2cS6bq2m0cJ1Qy1g0b8xkq2mJv5eWcRE=\n\n— headwater.local/3f1c9a7be2d04856 XQwfKg…\n',
  passwords: createHash('sha256').update('passwords').digest('hex'),
  sha256: createHash('sha256').update('apps').digest('hex'),
  keyring: createHash('sha256').update('keyring').digest('hex').slice(0, 32),
}

const NUMBERS: { readonly [name: string]: number } = {
  ...{ app: 1, user: 101, owner: 101, sender: 101, by: 101 },
  ...{ at: MS, expiresAt: MS + 86_400_000, until: MS + 14 * 86_400_000, deleteAt: MS + 90 * 86_400_000 },
  ...{ addedAt: MS, grantedAt: MS, lastGrant: MS, lastUsage: MS, e: MS, touched: MS, debts: 0, size: 256 },
  ...{
    duration: 1_800_000,
    extraTime: 600_000,
    added: 60_000,
    used: 60_000,
    maxTime: 3_600_000,
    timeout: 300_000,
  },
  ...{ delay: 5_000, preBlock: 60_000, day: 20_454, extraTimeDay: -1, start: 0, end: 1_439, dayMask: 31 },
  ...{
    bytes: 4_096,
    port: 52_814,
    entry: 1,
    minute: 5,
    charging: 20,
    mobile: 30,
    extraTimeSubtracted: 60_000,
  },
}

/** What has no shape of its own here. */
const OBJECTS: { readonly [name: string]: JsonObject } = {
  doc: { _id: ENTITY, role: '6a12f3b4c5d6e7f8091a2b07', locale: 'en', time: MS },
  last: { _id: ENTITY, role: '6a12f3b4c5d6e7f8091a2b07', locale: 'en', time: MS },
  set: { locale: 'de' },
  sealed: { email: 'ada@example.org' },
  params: { level: 3 },
  packet: { _id: ENTITY, _ts: MS * 1_000, time: MS, online: true, temperature: 21.5 },
}
