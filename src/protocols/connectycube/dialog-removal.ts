import * as E from 'fp-ts/lib/Either.js'
import { createDialogs } from '../../commands/cc/dialogs.ts'
import type { RejectionKind } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { empty, json } from './answers.ts'
import type { Call } from './endpoint.ts'
import { render } from './errors.ts'
import { list, truthy } from './params.ts'
import type { Services } from './services.ts'

/** One id: empty, or why not. Several, be it the same one twice: what became of each, as JSON (connectycube 6.6, 8.4). */
export const removeDialogs = async (services: Services, { caller, path, params }: Call): Promise<Answer> => {
  const { app, user } = caller
  const named = list(path['id'])
  const isOne = named.length === 1
  const force = truthy(params['force'])
  const dialogs = createDialogs(services)
  const results: { readonly id: string; readonly kind: RejectionKind | 'Done' }[] = []
  for (const id of new Set(named)) {
    const done = await dialogs.remove(app, id, user, force)
    if (E.isLeft(done) && (isOne || !(done.left.kind in BUCKETS))) return render(done.left)
    results.push({ id, kind: E.isLeft(done) ? done.left.kind : 'Done' })
  }
  if (isOne) return empty()
  const idsOf = (kind: RejectionKind | 'Done') => ({
    ids: results.flatMap((result) => (result.kind === kind ? [result.id] : [])),
  })
  return json(200, {
    SuccessfullyDeleted: idsOf('Done'),
    WrongPermissions: idsOf('Forbidden'),
    NotFound: idsOf('NotFound'),
  })
}

/** Anything else is no answer about one of them. */
const BUCKETS: { readonly [kind in RejectionKind]?: true } = { Forbidden: true, NotFound: true }
