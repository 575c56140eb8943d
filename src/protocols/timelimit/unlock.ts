import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { loadFamily } from '../../commands/timelimit/family-commands.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import { afterPurchase, mayBuy } from '../../domain/timelimit/premium.ts'
import { at, type FamilyState } from '../../domain/timelimit/state.ts'
import type { Answer } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import { UnlockPremiumV2 } from './codecs.ts'
import { post, type Endpoint } from './endpoint.ts'
import { rejected } from './errors.ts'
import { readIdentityToken } from './identity.ts'
import { addPurchase } from './purchase.ts'
import { json } from './replies.ts'
import type { Services } from './services.ts'

/** Purchases that the operator adds. */
export const DIRECT = 'directpurchase'
export const OPERATOR = 'operator:admin'

/** Premium for the family of an identity token (timelimit 2.18): refusals are answers. */
export const unlockByToken: Endpoint = post(
  '/admin/unlock-premium-v2',
  UnlockPremiumV2,
  async (services, body) => {
    const { settings, engine, now } = services
    if (settings.signSecret === undefined) return refused('illegal state')
    const tolerance = body.dryRun ? 0 : TOLERANCE_SECONDS
    const read = await readIdentityToken(settings.signSecret, body.purchaseToken, now(), tolerance)
    if (E.isLeft(read)) return refused('token invalid', { detail: read.left })
    const { familyId, userId, mail } = read.right
    const state = await loadFamily(engine, familyId)
    const user = at(state.users, userId)
    if (user?.type !== 'parent' || user.mail !== mail) return refused('family not found')
    return unlock(services, { family: familyId, mail, state }, body)
  },
)

type Customer = { readonly family: string; readonly mail: string; readonly state: FamilyState }

const unlock = async (
  services: Services,
  { family, mail, state }: Customer,
  { purchaseId, type, dryRun }: t.TypeOf<typeof UnlockPremiumV2>,
): Promise<Answer> => {
  const time = services.now()
  const name = `${DIRECT} ${purchaseId}`
  if (at(state.purchases, name) !== undefined) return done(mail, true)
  const holder = await services.holderOf({ kind: 'timelimit.purchase', value: name })
  if (holder !== undefined && holder !== familyStream(family)) return refused('purchase id already used')
  if (!mayBuy(state, time) || afterPurchase(state.premium, type, time) === undefined)
    return refused('can not renew now', lastPurchaseOf(state))
  if (dryRun) return done(mail, false)
  const made = { family, actor: OPERATOR, service: DIRECT, transactionId: purchaseId, purchase: type }
  const added = await addPurchase(services, made)
  if (E.isLeft(added)) return rejected(added.left)
  if (added.right.isNew) return done(mail, false)
  // Somebody was faster.
  const after = await loadFamily(services.engine, family)
  return at(after.purchases, name) === undefined ? refused('purchase id already used') : done(mail, true)
}

const TOLERANCE_SECONDS = 28 * 24 * 60 * 60

const done = (mail: string, wasAlreadyExecuted: boolean): Answer =>
  json({ ok: true, mail, wasAlreadyExecuted })

const refused = (error: string, more: JsonObject = {}): Answer => json({ ok: false, error, ...more })

const lastPurchaseOf = ({ purchases }: FamilyState): JsonObject => {
  const [last] = Object.entries(purchases).sort(([, a], [, b]) => b.at - a.at)
  if (last === undefined) return {}
  const [name, { at: timestamp }] = last
  const blank = name.indexOf(' ')
  return {
    lastPurchase: {
      service: name.slice(0, blank),
      transactionId: name.slice(blank + 1),
      timestamp,
      timestring: new Date(timestamp).toISOString(),
    },
  }
}
