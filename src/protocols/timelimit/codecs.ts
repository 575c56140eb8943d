import * as t from 'io-ts'
import { int, label, oneOf, strictObject, text } from '../../domain/timelimit/actions/codec.ts'
import type { Password } from '../../domain/timelimit/commands.ts'
import { isBcryptHash, isBcryptSalt } from '../../crypto/bcrypt-forms.ts'
import { PullStatus } from '../../queries/timelimit/status.ts'

/** Bodies of requests (timelimit 2, 3.1, 5.1, 6): no member more or less, no coercion. */

const device = strictObject({ model: text })
/** Its values are looked at by `isPassword`. */
const password = strictObject({ hash: text, secondHash: text, secondSalt: text })
const proof = { deviceAuthToken: text, parentUserId: text, parentPasswordSecondHash: text }

export const SendMailCode = strictObject({ mail: text, locale: text }, { deviceAuthToken: text })
export const RedeemMailCode = strictObject({ mailLoginToken: text, receivedCode: text })
export const MailToken = strictObject({ mailAuthToken: text })
export const CreateFamily = strictObject(
  {
    mailAuthToken: text,
    parentPassword: password,
    parentDevice: device,
    deviceName: text,
    timeZone: text,
    parentName: text,
  },
  { clientLevel: t.number },
)
export const SignIn = strictObject(
  { mailAuthToken: text, parentDevice: device, deviceName: text },
  { clientLevel: t.number },
)
export const RecoverPassword = strictObject({ mailAuthToken: text, password })
export const CreateAddDeviceToken = strictObject({
  deviceAuthToken: text,
  parentId: text,
  parentPasswordSecondHash: text,
})
export const LinkMail = strictObject({ mailAuthToken: text, ...proof })
export const RemoveDevice = strictObject({ ...proof, deviceId: text })
export const CreateIdentityToken = strictObject({ ...proof, purpose: t.literal('purchase') })
export const DeleteAccount = strictObject({ deviceAuthToken: text, mailAuthTokens: t.readonlyArray(text) })
export const AddDevice = strictObject(
  { registerToken: text, childDevice: device, deviceName: text },
  { clientLevel: t.number },
)
export const UpdatePrimaryDevice = strictObject({
  action: oneOf('set this device', 'unset this device'),
  currentUserId: text,
  authToken: text,
})
export const DeviceToken = strictObject({ deviceAuthToken: text })
export const PushActions = strictObject({
  deviceAuthToken: text,
  actions: t.readonlyArray(
    strictObject({
      encodedAction: text,
      sequenceNumber: int(Number.MIN_SAFE_INTEGER),
      integrity: text,
      type: oneOf('appLogic', 'parent', 'child'),
      userId: text,
    }),
  ),
})
export const PullStatusRequest = strictObject({ deviceAuthToken: text, status: PullStatus })
export const CanDoPurchase = strictObject({ deviceAuthToken: text }, { type: oneOf('googleplay', 'any') })
export const FinishPurchase = strictObject({ deviceAuthToken: text, receipt: text, signature: text })
export const StatusMessage = strictObject({ message: text })
export const UnlockPremium = strictObject({ mail: text, duration: oneOf('month', 'year') })
export const UnlockPremiumV2 = strictObject({
  purchaseToken: text,
  purchaseId: text,
  dryRun: t.boolean,
  type: oneOf('month', 'year', 'unpaid14'),
})

/** What an identity token says (timelimit 2.15). */
export const IdentityClaims = strictObject({
  purpose: t.literal('purchase'),
  familyId: text,
  userId: text,
  mail: text,
  exp: t.number,
})
/** What of a receipt of Google Play counts. */
export const Receipt = t.type({
  productId: oneOf('premium_year_2018', 'premium_month_2018'),
  orderId: t.string,
})

export const isPassword = ({ hash, secondHash, secondSalt }: Password): boolean =>
  isBcryptHash(hash) && isBcryptHash(secondHash) && isBcryptSalt(secondSalt)

export const areLabels = (...values: readonly string[]): boolean => values.every(label.is)
