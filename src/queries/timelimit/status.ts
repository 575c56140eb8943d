import * as t from 'io-ts'
import { strictObject } from '../../domain/timelimit/actions/codec.ts'

const categoryVersions = strictObject(
  { base: t.string, apps: t.string, rules: t.string, usedTime: t.string },
  { tasks: t.string },
)

/** What a device says it knows (timelimit 5.1). */
export const PullStatus = strictObject(
  {
    devices: t.string,
    users: t.string,
    apps: t.record(t.string, t.string),
    categories: t.record(t.string, categoryVersions),
  },
  {
    clientLevel: t.number,
    devicesDetail: t.record(t.string, strictObject({}, { appsB: t.string, appsD: t.string })),
    kri: t.number,
    kr: t.number,
    dh: t.string,
    u2f: t.string,
  },
)
export type PullStatus = t.TypeOf<typeof PullStatus>

/** Of a device that knows nothing. */
export const nothingKnown = (clientLevel: number): PullStatus => ({
  devices: '',
  users: '',
  apps: {},
  categories: {},
  clientLevel,
})

/** Parts of the answer by the device's level (timelimit 1.11). */
export const LEVEL = { slots: 2, tasks: 3, keys: 4, dh: 5, u2f: 6, pings: 7 } as const
