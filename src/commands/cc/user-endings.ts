import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { userStream } from '../../domain/cc/names.ts'
import { userDecider } from '../../domain/cc/user-decide.ts'
import type { Rejection } from '../../domain/rejection.ts'
import { leaveDialogs } from './dialog-endings.ts'
import { endSubscriptions } from './push.ts'
import type { UserEnding, UserEndingParts } from './user-ending.ts'

/** Subscriptions, groups that he is in: each part adds its own here. Messages and private dialogs stay (connectycube 4.2). */
export const ENDINGS_OF_USER: readonly UserEnding[] = [leaveDialogs, endSubscriptions]

/** Deletes the user: his names are free, and nobody finds him any more. Nothing is left to do of one who is deleted. */
export const endUser = async (
  parts: UserEndingParts,
  { app, user }: { readonly app: number; readonly user: number },
  cause: { readonly actor: string; readonly commandId?: string; readonly correlationId?: string },
): Promise<Either<Rejection, void>> => {
  const done = await parts.engine.execute({
    commandId: randomUUID(),
    ...cause,
    stream: userStream(app, user),
    decider: userDecider(app),
    command: { type: 'Delete', user: { app, user } },
    at: parts.now(),
    via: { protocol: 'connectycube' },
  })()
  if (E.isLeft(done)) return done
  for (const end of ENDINGS_OF_USER) await end(parts, app, user)
  return E.right(undefined)
}
