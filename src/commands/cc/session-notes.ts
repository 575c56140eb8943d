import * as E from 'fp-ts/lib/Either.js'
import { randomUUID } from 'node:crypto'
import { userActor, userStream } from '../../domain/cc/names.ts'
import { userDecider } from '../../domain/cc/user-decide.ts'
import { LAST_REQUESTS } from '../../queries/cc/users.ts'
import type { Vault } from '../../vault/port.ts'
import type { Engine } from '../engine.ts'
import type { SessionParts } from './sessions.ts'

/** Who signs in and out goes into the user's stream; of one who is gone by now there is nothing more to say. */
export const noteOf =
  ({ engine, now }: { readonly engine: Engine; readonly now: () => number }): SessionParts['note'] =>
  async (app, user, fact) => {
    const noted = await engine.execute({
      stream: userStream(app, user),
      decider: userDecider(app),
      command: { type: 'Note', fact },
      commandId: randomUUID(),
      actor: userActor(app, user),
      at: now(),
      via: { protocol: 'connectycube' },
    })()
    const isGone = E.isLeft(noted) && noted.left.kind === 'NotFound'
    return isGone && fact.type === 'UserSignedOut' ? E.right(undefined) : noted
  }

/** When a user was last heard of is no fact (decisions 10). */
export const seenBy =
  ({ vault }: { readonly vault: Pick<Vault, 'put'> }): SessionParts['seen'] =>
  (app, user, at) =>
    vault.put(LAST_REQUESTS, `${app}-${user}`, { at }, { subject: userStream(app, user) })
