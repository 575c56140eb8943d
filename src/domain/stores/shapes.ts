import type { FieldTable } from './store-def.ts'

/** The form of a device's own identifier (rightech 1.6, objects). */
export const DEVICE_ID = /^[A-Za-z0-9._:+@-]{1,128}$/
export const LOGIN = /^[A-Za-z0-9._@+-]{4,40}$/
export const EMAIL = /^[^@\s]+@[^@\s]+$/
export const PASSWORD = /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{8,}$/su

const STRING = { type: 'string' } as const
const NUMBER = { type: 'number' } as const
const OPEN = { type: 'any' } as const

/** rightech 1.6, geofences. */
export const FLOOR: FieldTable = {
  kind: { ...STRING, required: true, oneOf: ['floor', 'template'] },
  floorId: { ...OPEN, required: true },
  sceneId: { ...STRING, required: true },
  name: STRING,
  heightFrom: NUMBER,
  heightTo: NUMBER,
  beacons: {
    type: 'list',
    item: {
      type: 'object',
      fields: {
        name: { ...STRING, required: true },
        x: { ...NUMBER, required: true },
        y: { ...NUMBER, required: true },
        z: NUMBER,
        id: OPEN,
        type: STRING,
      },
    },
  },
}

/** rightech 1.6, tables. */
export const COLUMN: FieldTable = {
  id: { ...STRING, required: true, pattern: /^[A-Za-z0-9_-]{1,64}$/ },
  name: { ...STRING, required: true },
  dataType: { ...STRING, required: true, oneOf: ['string', 'number', 'boolean', 'date'] },
  deletable: { type: 'boolean' },
}

/** rightech 1.6, tasks/kinds. */
export const KIND: FieldTable = {
  svg: STRING,
  reportConfig: {
    type: 'object',
    fields: {
      filesRequired: { type: 'boolean' },
      fields: {
        type: 'list',
        item: {
          type: 'object',
          fields: {
            type: { ...STRING, required: true },
            name: { ...STRING, required: true },
            description: STRING,
            required: { type: 'boolean' },
          },
        },
      },
    },
  },
  statusConfig: {
    type: 'object',
    fields: {
      checkStatus: OPEN,
      actions: { type: 'object', values: { type: 'list', item: STRING } },
    },
  },
}
