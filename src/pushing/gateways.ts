import { createApnsGateway, type ApnsKey } from './apns.ts'
import { createFcmGateway, type FcmAccount } from './fcm.ts'
import type { Gateways } from './gateway.ts'
import { createWebGateway, type WebPushKeys } from './web.ts'
import type { Reach } from '../http/guarded.ts'

/** What is set up of the ways to devices. */
export type PushSettings = {
  readonly web: WebPushKeys | undefined
  /** Where browsers' endpoints may be. */
  readonly reach: Reach
  readonly fcm: FcmAccount | undefined
  /** Instead of Google's and Apple's. */
  readonly fcmUrl: string | undefined
  readonly apns: ApnsKey | undefined
  readonly apnsUrl: string | undefined
}

/** The gateways of the channels that are set up. */
export const openGateways = (
  { web, reach, fcm, fcmUrl, apns, apnsUrl }: PushSettings,
  now: () => number,
): Gateways => {
  const apple = apns === undefined ? undefined : createApnsGateway({ key: apns, url: apnsUrl, now })
  return {
    ...(web === undefined ? {} : { web: createWebGateway({ keys: web, reach, now }) }),
    ...(fcm === undefined ? {} : { gcm: createFcmGateway({ account: fcm, url: fcmUrl, now }) }),
    ...(apple === undefined ? {} : { apns: apple, apns_voip: apple }),
  }
}
