import type { Answer, Context, Protocol, Renderer } from '../../../http/protocol.ts'
import { decodeSegment } from '../../../http/target.ts'
import { createTree } from '../../../proofs/reading.ts'
import { createHistoryReading } from '../../../queries/history/reading.ts'
import type { Stores } from '../../../stores.ts'
import { NO_ROUTE } from '../errors.ts'
import { reply } from '../replies.ts'
import type { Services } from '../services.ts'
import { unavailable } from '../unavailable.ts'
import { historyAccess } from './access.ts'
import { historyFailure } from './answers.ts'
import { describeHistory } from './describe.ts'
import { getEvent, getEvents } from './events.ts'
import { getConsistency, getHeads, getInclusion, getKey, getLatestHead, getTree } from './proofs.ts'

export type HistoryParts = Pick<Services, 'principals' | 'engine'> & Pick<Stores, 'stored' | 'documents'>

/**
 * `/history` and below (one-port 3): the auditors' reading, by users of the stores. It belongs to the platform, and stands here because who
 * somebody is, what he may, and how he is told are the stores' own.
 */
export const historyRoutes = (parts: HistoryParts): Renderer & Pick<Protocol, 'handle' | 'describe'> => {
  const access = historyAccess({ ...parts, noRoute: NO_ROUTE })
  const routeTo = router(parts)
  const answer = async (ctx: Context): Promise<void> => {
    const route = routeTo(ctx.state.request.path)
    const refusal = await access.refusal(ctx.req.headers, route !== undefined)
    const answered = refusal ?? (await route?.(ctx))
    if (answered !== undefined) reply(ctx, answered)
    else ctx.respond = false
  }
  return {
    handle: (ctx) => answer(ctx).catch(unavailable),
    renderError: historyFailure,
    describe: describeHistory,
  }
}

/** Without an answer it has answered itself. */
type Route = (ctx: Context) => Promise<Answer | undefined>

const router = ({ stored, documents }: HistoryParts): ((path: string) => Route | undefined) => {
  const history = createHistoryReading(stored, documents)
  const tree = createTree(documents)
  const routes = new Map<string, Route>([
    ['/history/events', (ctx) => getEvents(ctx, history)],
    ['/history/heads', (ctx) => getHeads(history, queryOf(ctx))],
    ['/history/heads/latest', () => getLatestHead(history)],
    ['/history/key', () => getKey(history)],
    ['/history/tree', () => getTree(tree)],
    ['/history/proofs/inclusion', (ctx) => getInclusion(tree, queryOf(ctx))],
    ['/history/proofs/consistency', (ctx) => getConsistency(tree, queryOf(ctx))],
  ])
  return (path) => {
    const found = routes.get(path)
    if (found !== undefined || !path.startsWith(EVENT)) return found
    const name = decodeSegment(path.slice(EVENT.length))
    return name === undefined || name.includes('/') ? undefined : () => getEvent(history, name)
  }
}

const EVENT = '/history/events/'

const queryOf = ({ state }: Context): string => state.request.query
