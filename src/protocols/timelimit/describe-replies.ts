import * as t from 'io-ts'

/** What an end point is for, and what it answers when all is well. */
export type About = {
  readonly summary: string
  readonly reply: t.Mixed | 'text'
  /** Of its own refusals. */
  readonly statuses?: readonly number[]
}

const ok = t.type({ ok: t.literal(true) })
const token = (name: string): t.Mixed => t.type({ [name]: t.string })

const ofCategory = t.type({ categoryId: t.string, version: t.string })
const entries = t.array(t.UnknownRecord)
const changed = t.type({ version: t.string, data: entries })
const appList = t.type({ version: t.string, data: t.string })
const tl = { start: t.number, end: t.number }

/** What has changed; parts that the device has already, or that its level does not know, are left out (timelimit 5). */
const Pulled = t.intersection([
  t.type({ fullVersion: t.number, apiLevel: t.number }),
  t.partial({
    message: t.string,
    devices: changed,
    users: changed,
    u2f: t.type({ v: t.string, d: entries }),
    rmCategories: t.array(t.string),
    categoryBase: t.array(ofCategory),
    categoryApp: t.array(t.intersection([ofCategory, t.type({ apps: t.array(t.string) })])),
    rules: t.array(t.intersection([ofCategory, t.type({ rules: entries })])),
    usedTimes: t.array(
      t.intersection([
        ofCategory,
        t.type({
          times: t.array(t.type({ day: t.number, time: t.number, ...tl })),
          sessionDurations: entries,
        }),
      ]),
    ),
    tasks: t.array(t.intersection([ofCategory, t.type({ tasks: entries })])),
    devices2: t.array(
      t.intersection([t.type({ deviceId: t.string }), t.partial({ appsBase: appList, appsDiff: appList })]),
    ),
    krq: entries,
    kr: entries,
    dh: t.type({ v: t.string, k: t.string }),
    pings: t.array(t.type({ deviceId: t.string, type: t.string, token: t.string })),
  }),
])
const Registered = t.type({ deviceAuthToken: t.string, ownDeviceId: t.string, data: Pulled })

/** By method and path. */
export const REPLIES: { readonly [route: string]: About } = {
  'GET /time': { summary: 'The clock of the server', reply: t.type({ ms: t.number }) },
  'POST /auth/send-mail-login-code-v2': {
    summary: 'Mails a code',
    reply: t.union([
      token('mailLoginToken'),
      t.type({ mailAddressNotWhitelisted: t.literal(true) }),
      t.type({ mailServerBlacklisted: t.literal(true) }),
    ]),
    statuses: [401],
  },
  'POST /auth/sign-in-by-mail-code': {
    summary: 'Proves an address with the code that was mailed there',
    reply: token('mailAuthToken'),
    statuses: [403, 410],
  },
  'POST /parent/get-status-by-mail-address': {
    summary: 'Whether a proven address has a family',
    reply: t.type({
      status: t.union([t.literal('with family'), t.literal('without family')]),
      mail: t.string,
      canCreateFamily: t.boolean,
      alwaysPro: t.boolean,
    }),
    statuses: [401],
  },
  'POST /parent/create-family': {
    summary: 'Makes a family, its first parent and that one’s device',
    reply: Registered,
    statuses: [401, 403, 409],
  },
  'POST /parent/sign-in-into-family': {
    summary: 'Adds a device of a parent',
    reply: Registered,
    statuses: [401, 409],
  },
  'POST /parent/recover-parent-password': {
    summary: 'Sets a new password of a parent',
    reply: ok,
    statuses: [401, 409],
  },
  'POST /parent/create-add-device-token': {
    summary: 'Makes the words by which a device is added',
    reply: t.type({ token: t.string, deviceId: t.string }),
    statuses: [401],
  },
  'POST /parent/link-mail-address': {
    summary: 'Gives a parent an address',
    reply: ok,
    statuses: [401, 409],
  },
  'POST /parent/remove-device': { summary: 'Removes a device', reply: ok, statuses: [401, 409] },
  'POST /parent/create-identity-token': {
    summary: 'Makes a token that tells the operator who the family is',
    reply: token('token'),
    statuses: [401, 404],
  },
  'POST /parent/delete-account': {
    summary: 'Deletes the family',
    reply: 'text',
    statuses: [401, 409],
  },
  'POST /child/add-device': { summary: 'Adds a device by its words', reply: Registered, statuses: [401] },
  'POST /child/update-primary-device': {
    summary: 'Makes the calling device the primary one of its user, or ends that',
    reply: t.type({
      status: t.union([
        t.literal('success'),
        t.literal('requires full version'),
        t.literal('assigned to other device'),
      ]),
    }),
    statuses: [401, 409],
  },
  'POST /child/logout-at-primary-device': {
    summary: 'Has the primary device sign its user out',
    reply: ok,
    statuses: [401, 409],
  },
  'POST /sync/push-actions': {
    summary: 'Takes the actions of a device',
    reply: t.type({ shouldDoFullSync: t.boolean }),
    statuses: [401],
  },
  'POST /sync/pull-status': {
    summary: 'What has changed since what the device says it knows',
    reply: Pulled,
    statuses: [401],
  },
  'POST /sync/report-removed': {
    summary: 'Tells that the app was removed from a device',
    reply: ok,
    statuses: [401],
  },
  'POST /sync/is-device-removed': {
    summary: 'Whether a token was that of a device that is removed',
    reply: t.type({ isDeviceRemoved: t.boolean }),
  },
  'POST /purchase/can-do-purchase': {
    summary: 'Whether the family can buy premium time',
    reply: t.intersection([
      t.type({
        canDoPurchase: t.union([
          t.literal('yes'),
          t.literal('no due to old purchase'),
          t.literal('no because not supported by the server'),
        ]),
      }),
      t.partial({ googlePlayPublicKey: t.string }),
    ]),
    statuses: [401],
  },
  'POST /purchase/finish-purchase-by-google-play': {
    summary: 'Adds what was bought',
    reply: ok,
    statuses: [401, 409],
  },
  'GET /admin/status': {
    summary: 'Connections and requests',
    reply: t.type({
      websocketClients: t.number,
      counters: t.record(t.string, t.number),
      maxValues: t.record(t.string, t.number),
    }),
  },
  'POST /admin/reset-counters': { summary: 'Counts from 0 again', reply: ok },
  'GET /admin/status-message': {
    summary: 'What everybody is told; empty: nothing',
    reply: t.type({ statusMessage: t.string }),
  },
  'POST /admin/status-message': { summary: 'Sets what everybody is told', reply: ok },
  'POST /admin/unlock-premium': {
    summary: 'Adds premium time to the family with an address',
    reply: ok,
    statuses: [409],
  },
  'POST /admin/unlock-premium-v2': {
    summary: 'Adds premium time to the family of an identity token',
    reply: t.union([
      t.type({ ok: t.literal(true), mail: t.string, wasAlreadyExecuted: t.boolean }),
      t.intersection([
        t.type({ ok: t.literal(false), error: t.string }),
        t.partial({
          detail: t.string,
          lastPurchase: t.type({
            service: t.string,
            transactionId: t.string,
            timestamp: t.number,
            timestring: t.string,
          }),
        }),
      ]),
    ]),
  },
}
