import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { dialogDecider } from '../../domain/cc/dialog-decide.ts'
import { DIALOG_TYPES } from '../../domain/cc/dialog-events.ts'
import { dialogStream, userActor } from '../../domain/cc/names.ts'
import { VIEWS } from '../../queries/cc/dialog-views.ts'
import type { Reader } from '../../queries/reader.ts'
import type { Engine } from '../engine.ts'

type Parts = {
  readonly engine: Engine
  readonly reader: Pick<Reader, 'find'>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
}

/** Who is deleted leaves groups and public dialogs; private dialogs and all messages stay for the others (connectycube 4.2). */
export const leaveDialogs = async (
  { engine, reader, now }: Parts,
  app: number,
  user: number,
): Promise<void> => {
  const { group, public: open, meeting } = DIALOG_TYPES
  const filter = { app, user, type: { $in: [group, open, meeting] }, isMember: true }
  for await (const page of reader.find(VIEWS, filter, { fields: ['dialog'] }))
    for (const { dialog } of page) {
      if (typeof dialog !== 'string') continue
      const left = await engine.execute({
        stream: dialogStream(app, dialog),
        decider: dialogDecider,
        command: { type: 'Leave', by: user },
        commandId: randomUUID(),
        actor: userActor(app, user),
        at: now(),
        via: { protocol: 'connectycube' },
      })()
      // He has left meanwhile, or there is nothing to leave any more.
      if (E.isLeft(left) && left.left.kind === 'Unavailable') throw new Error(left.left.reason)
    }
}
