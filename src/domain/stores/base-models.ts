import type { Json, JsonObject } from '../../json.ts'

/** What a model is made from (rightech 3.6). Shared by all, changed by nobody. */
export type BaseModel = {
  readonly _id: string
  readonly id: string
  /** As `id`: what POST of a model takes as `base`. */
  readonly base: string
  readonly name: string
  readonly data: JsonObject
  readonly props: JsonObject
}

const root = (name: string, children: readonly JsonObject[]): JsonObject => ({
  id: 'root',
  name,
  type: 'subsystem',
  active: true,
  _isRoot: true,
  children,
})

const node = (type: string, id: string, more: { readonly [key: string]: Json }): JsonObject => ({
  id,
  name: id,
  type,
  active: true,
  ...more,
})

const relay = (id: string, payload: string): JsonObject =>
  node('action', id, {
    service: 'ric-gate',
    command: 'publish',
    params: { topic: 'base/relay/led1', payload },
  })

const SHOWN = { hidden: false }

const props = (protocol: string, label: string, more: { readonly [key: string]: Json } = {}): JsonObject => ({
  protocol,
  prefix: '',
  idPattern: `${protocol}-$tagname-$nanoid`,
  namePattern: `${protocol}-$tagname-$nanoid`,
  idInput: { label },
  typeInput: SHOWN,
  statusInput: SHOWN,
  descriptionInput: SHOWN,
  ...more,
})

const AUTH = {
  title: 'Authentication',
  fields: { username: { title: 'Username' }, password: { title: 'Password', secret: true } },
}

const PARAMS = node('subsystem', 'params', {
  children: [node('argument', 'temperature', { dataType: 'number' })],
})

const MQTT_TREE = [
  node('subsystem', 'mqtt-last', {
    children: [
      node('argument', 'topic', { dataType: 'string' }),
      node('argument', 'payload', { dataType: 'string' }),
    ],
  }),
  PARAMS,
  node('subsystem', 'cmds', { children: [relay('led-on', '1'), relay('led-off', '0')] }),
]

const base = (
  _id: string,
  id: string,
  name: string,
  parts: Pick<BaseModel, 'data' | 'props'>,
): BaseModel => ({
  _id,
  id,
  base: id,
  name,
  ...parts,
})

export const BASE_MODELS: readonly BaseModel[] = [
  base('000000000000000000000001', 'mqtt', 'MQTT', {
    data: root('MQTT', MQTT_TREE),
    props: props('mqtt', 'ClientId', { auth: AUTH }),
  }),
  base('000000000000000000000002', 'http', 'HTTP', {
    data: root('HTTP', [PARAMS]),
    props: props('http', 'Id', { auth: AUTH }),
  }),
  base('000000000000000000000003', 'custom', 'Custom', {
    data: root('Custom', []),
    props: props('custom', 'Id'),
  }),
]

export const baseModel = (id: Json | undefined): BaseModel | undefined =>
  BASE_MODELS.find((each) => each.id === id)
