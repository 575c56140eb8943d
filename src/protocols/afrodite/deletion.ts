import { AFRODITE_DELETION_DELAY_MS } from '../../limits.ts'
import { present, run } from './account.ts'
import { connected, type Endpoint } from './endpoint.ts'
import { FAILED } from './errors.ts'
import { json } from './replies.ts'

const NAME = '/account_api/delete'

/** The end of an account, which can be taken back until its day comes (afrodite 4.5). */
export const DELETION_ENDPOINTS: readonly Endpoint[] = [
  connected({ methods: ['POST', 'PUT'], name: NAME }, (services, caller) =>
    run(services, caller, {
      type: 'RequestDeletion',
      deleteAt: services.now() + AFRODITE_DELETION_DELAY_MS,
    }),
  ),
  connected({ methods: ['GET'], name: NAME }, (services, caller) =>
    present(services, caller, ({ deletion }) =>
      deletion === null ? FAILED : json({ delete_date: new Date(deletion.deleteAt).toISOString() }),
    ),
  ),
  connected({ methods: ['DELETE'], name: NAME }, (services, caller) =>
    run(services, caller, { type: 'CancelDeletion' }),
  ),
]
