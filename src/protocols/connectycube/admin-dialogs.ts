import * as E from 'fp-ts/lib/Either.js'
import type { SortKey } from '../../documents/port.ts'
import type { Answer } from '../../http/protocol.ts'
import { json } from './answers.ts'
import { exceptionsOf } from '../../queries/cc/dialog-views.ts'
import { pageOfAll } from '../../queries/cc/dialogs.ts'
import { counted, dialogFilter, PAGE, SORTED_BY } from './dialog-list.ts'
import { updateDialog } from './dialog-update.ts'
import { dialogViews } from './dialog-view.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { countOnly, sortOf } from './filters.ts'
import { paging } from './params.ts'
import type { Services } from './services.ts'

/** So that a page can begin behind the last id of the one before. */
const BY_ID: readonly SortKey[] = [['_id', 1]]

const listAll = async (services: Services, { caller, params }: Call): Promise<Answer> => {
  const { reader } = services
  const { app } = caller
  const filter = await dialogFilter(services, app, params)
  if (E.isLeft(filter)) return filter.left
  const { skip, limit } = paging(params, PAGE)
  const page = { sort: sortOf(params, SORTED_BY, BY_ID), skip, limit }
  const { total, dialogs } = await pageOfAll(reader, app, filter.right, page)
  if (countOnly(params)) return counted(total)
  const views = await dialogViews(services, caller, dialogs)
  const exceptions = await exceptionsOf(
    reader,
    dialogs.map(({ _id }) => _id),
  )
  const items = views.map((view, index) => {
    const { hidden, silent } = exceptions.get(dialogs[index]?._id ?? '') ?? { hidden: [], silent: [] }
    return { ...view, is_e2ee: false, is_muted: false, deleted_ids: hidden, silent_ids: silent }
  })
  return json(200, { total_entries: total, skip, limit, items })
}

/** Connectycube 12.1. */
export const ADMIN_DIALOG_ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: '/admin/chat/list', level: 'admin', serve: listAll },
  { method: 'PUT', path: '/admin/chat/:id', level: 'admin', serve: updateDialog },
]
