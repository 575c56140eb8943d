/** What a test asks of a server after it did its worst to it: somebody else connects, changes something, and is told. */
import type { ExecutionContext } from 'ava'
import { apiStatus, login, newAccount, setVisibility, type Pair } from './afrodite.ts'
import { visibilityChanged } from './afrodite-events.ts'
import { connect, leave, upgrade } from './afrodite-sockets.ts'
import type { RunningServer } from './server.ts'

/** How long another client waits for the whole of it. */
export const assertAnswersOthers = async (t: ExecutionContext, server: RunningServer): Promise<number> => {
  const since = performance.now()
  const { pair } = await newAccount(server)
  const connected = await connect(t, server.url, pair)
  await setVisibility(server, connected.pair.access, true)
  t.deepEqual(await connected.until(1), [visibilityChanged('PendingPublic')])
  await leave(connected)
  return performance.now() - since
}

/** Both tokens are dead, and the account can log in again. */
export const assertRevoked = async (
  t: ExecutionContext,
  server: RunningServer,
  { aid, pair }: { readonly aid: string; readonly pair: Pair },
): Promise<void> => {
  t.is(await upgrade(server.url, pair.access), 401, 'at the upgrade')
  t.is(await apiStatus(server, pair.access), 401, 'at the API')
  await assertKept(t, server, await login(server, aid))
}

/** The pair works: a full handshake with it. */
export const assertKept = async (t: ExecutionContext, server: RunningServer, pair: Pair): Promise<void> => {
  const again = await connect(t, server.url, pair)
  t.is(await apiStatus(server, again.pair.access), 200)
  await leave(again)
}
