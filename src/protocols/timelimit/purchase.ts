import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { commandFamily, loadFamily } from '../../commands/timelimit/family-commands.ts'
import { verifyReceipt } from '../../crypto/receipt.ts'
import { PURCHASED_BEFORE } from '../../domain/timelimit/decide.ts'
import { mayBuy, type PurchaseType } from '../../domain/timelimit/premium.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { whoHas } from './callers.ts'
import { CanDoPurchase, FinishPurchase, Receipt } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { CONFLICT, rejected, UNAUTHORIZED } from './errors.ts'
import { DONE, json } from './replies.ts'
import type { Services } from './services.ts'

/** Premium time from Google Play (timelimit 2.17). */
export const PURCHASE_ENDPOINTS: readonly Endpoint[] = [
  post(
    '/purchase/can-do-purchase',
    CanDoPurchase,
    async (services, { deviceAuthToken }) => {
      const { engine, settings, now } = services
      const who = await whoHas(services, deviceAuthToken)
      if (who === undefined) return UNAUTHORIZED
      const canBuy = mayBuy(await loadFamily(engine, who.family), now())
      return json({
        canDoPurchase: canBuy ? 'yes' : 'no due to old purchase',
        googlePlayPublicKey: settings.googlePlayPublicKey ?? '',
      })
    },
    { always: ({ settings }) => (settings.googlePlayPublicKey === undefined ? NO_SHOP : undefined) },
  ),

  post('/purchase/finish-purchase-by-google-play', FinishPurchase, async (services, body) => {
    const who = await whoHas(services, body.deviceAuthToken)
    if (who === undefined) return UNAUTHORIZED
    const bought = boughtBy(body, services.settings.googlePlayPublicKey)
    if (bought === undefined) return CONFLICT
    const added = await addPurchase(services, {
      family: who.family,
      actor: `device:${who.device}`,
      service: 'googleplay',
      ...bought,
    })
    return E.isLeft(added) ? rejected(added.left) : DONE
  }),
]

export type Purchase = {
  readonly family: string
  readonly actor: string
  readonly service: string
  readonly transactionId: string
  readonly purchase: PurchaseType
}

/** One that was made before, by whatever family, is done. */
export const addPurchase = async (
  { engine, now }: Services,
  { family, actor, ...bought }: Purchase,
): Promise<Either<Rejection, { readonly isNew: boolean }>> => {
  const at = now()
  const done = await commandFamily(engine, {
    family,
    command: { type: 'AddPurchase', ...bought, now: at },
    actor,
    at,
    via: { auth: bought.service },
  })
  if (E.isLeft(done) && done.left.reason !== PURCHASED_BEFORE) return done
  return E.right({ isNew: E.isRight(done) && done.right.facts.length > 0 })
}

const NO_SHOP = json({ canDoPurchase: 'no because not supported by the server' })

const PRODUCTS = { premium_year_2018: 'year', premium_month_2018: 'month' } as const

const boughtBy = (
  { receipt, signature }: { readonly receipt: string; readonly signature: string },
  publicKey: string | undefined,
): Pick<Purchase, 'transactionId' | 'purchase'> | undefined => {
  if (publicKey === undefined || !verifyReceipt({ receipt, signature, publicKey })) return undefined
  const value = parse(receipt)
  if (!Receipt.is(value)) return undefined
  return { transactionId: value.orderId, purchase: PRODUCTS[value.productId] }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
