/** Shared stores behind proxies that can fail, and what their nodes say about it. */
import type { ExecutionContext } from 'ava'
import { sharedStores, type SharedStores } from './shared-stores.ts'
import { until } from './steady-load.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

export type ProxiedStores = SharedStores & {
  /** The same stores past the proxies. */
  readonly direct: SharedStores
  /** In front of EventStoreDB. */
  readonly history: TcpProxy
  /** In front of MongoDB: documents, vault and keyring. */
  readonly mongo: TcpProxy
}

export const proxiedStores = async (): Promise<ProxiedStores> => {
  const direct = await sharedStores()
  const [history, mongo] = [await proxyOf(direct.env.EVENTSTORE_URL), await proxyOf(direct.env.MONGODB_URL)]
  const mongoUrl = new URL(mongo.url)
  // Members of a replica set name their own addresses, past the proxy.
  mongoUrl.searchParams.set('directConnection', 'true')
  return {
    ...direct,
    direct,
    env: { EVENTSTORE_URL: history.url, MONGODB_URL: mongoUrl.href },
    history: history.proxy,
    mongo: mongo.proxy,
  }
}

/** For `test.after.always`. */
export const endProxies = async (): Promise<void> => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
}

const proxies: TcpProxy[] = []

const proxyOf = async (target: string): Promise<{ readonly url: string; readonly proxy: TcpProxy }> => {
  const url = new URL(target)
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  proxies.push(proxy)
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return { url: url.href, proxy }
}

const ANSWER_MS_MAX = 10_000
type Answering = { readonly url: string }

/** Status and body of `/ready`; status 0 if there is no answer. */
export const readinessOf = async ({
  url,
}: Answering): Promise<{ readonly status: number; readonly text: string }> => {
  try {
    const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    return { status: response.status, text: await response.text() }
  } catch {
    return { status: 0, text: '' }
  }
}

/** Milliseconds until `/ready` of every node has that status. */
export const allReady = (nodes: readonly Answering[], status: 200 | 503, ms: number): Promise<number> =>
  until(
    async () => (await Promise.all(nodes.map(readinessOf))).every((readiness) => readiness.status === status),
    `/ready ${status} on ${nodes.length} nodes`,
    ms,
  )

/** `/live` stays green whatever is away. */
export const assertAlive = async (t: ExecutionContext, nodes: readonly Answering[]): Promise<void> => {
  for (const { url } of nodes) t.is((await fetch(`${url}/live`)).status, 200)
}
