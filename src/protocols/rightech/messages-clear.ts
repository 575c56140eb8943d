import * as E from 'fp-ts/lib/Either.js'
import type { Rejection } from '../../domain/rejection.ts'
import { visibilityFilter } from '../../domain/stores/visibility.ts'
import { atOnce } from '../../jobs/at-once.ts'
import { CLEARED_AT_ONCE } from '../../limits.ts'
import type { StoreRoute } from './directory.ts'
import { rejected } from './errors.ts'
import { done, reply, replyJson } from './replies.ts'
import type { Resource, ResourceCall } from './resources.ts'
import { remove } from './writes.ts'

/** `DELETE /messages/clear`: removes what `GET /messages` shows the caller at this moment, each message by a command of its own. */
const clear = async (call: ResourceCall): Promise<void> => {
  let refused: Rejection | undefined
  let count = 0
  const route = call.routeOf('messages')
  const removeOne = async (id: string): Promise<void> => {
    const removed = await remove({ ...call, route }, id)
    if (E.isRight(removed)) count += 1
    // Somebody else has deleted it.
    else if (removed.left.kind !== 'NotFound') refused = removed.left
  }
  const goesOn = (): boolean => refused === undefined
  for await (const ids of shownTo(call, route)) {
    await atOnce(ids, removeOne, { atMost: CLEARED_AT_ONCE, goesOn })
    if (refused !== undefined) return reply(call.ctx, rejected(refused))
  }
  replyJson(call.ctx, done({ count }))
}

export const MESSAGE_RESOURCES: readonly Resource[] = [
  { method: 'DELETE', path: 'messages/clear', serve: clear },
]

const PAGE = 1_000

/** Ids of what a list shows the caller, a page at a time and each page when it is asked for. */
async function* shownTo(
  { services, principal }: ResourceCall,
  { collection, def }: StoreRoute,
): AsyncGenerator<readonly string[]> {
  const { reader } = services
  // Others go on sending: what comes later is left, so that this ends.
  const shown = { $and: [visibilityFilter(principal.caller, def, false), { time: { $lte: services.now() } }] }
  let last = ''
  for (;;) {
    const ids: string[] = []
    const filter = { $and: [shown, { _id: { $gt: last } }] }
    for await (const page of reader.find(collection, filter, { fields: ['_id'], limit: PAGE })) {
      ids.push(...page.map(({ _id }) => _id))
    }
    last = ids.at(-1) ?? last
    if (ids.length === 0) return
    yield ids
  }
}
