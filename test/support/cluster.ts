/** Several nodes over shared stores, each role as a process of its own. */
import { failed, listening, ready, run, type Exit, type Running } from './processes.ts'
import { environment, freshDirectory, startServer, type RunningServer } from './server.ts'
import { endSharedStores, type SharedStores } from './shared-stores.ts'

/** A node that projects and serves nobody. */
export type Projector = {
  readonly url: string
  readonly dataDir: string
  readonly pid: number
  readonly output: () => string
  readonly exited: Promise<Exit>
  readonly stop: () => Promise<Exit>
  readonly kill: () => Promise<Exit>
  /** One that does not end it. */
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void
}

type Env = { readonly [name: string]: string }
const running: Running[] = []

export const startProjector = async (
  { env }: SharedStores,
  more: Env = {},
  unready?: true,
): Promise<Projector> => {
  const dataDir = await freshDirectory()
  const node = run('main', [], { ...environment(dataDir), ...env, ROLES: 'projector', ...more })
  running.push(node)
  const url = (await listening(node, 1))?.get('shared') ?? failed(await node.exited)
  if (unready === undefined && !(await ready(url, node))) failed(await node.exited)
  const { pid, output, exited, end } = node
  return {
    url,
    dataDir: more['DATA_DIR'] ?? dataDir,
    pid,
    output,
    exited,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    signal: (signal) => void process.kill(pid, signal),
  }
}

export const startApi = ({ env }: SharedStores, more: Env = {}, unready?: true): Promise<RunningServer> =>
  startServer({
    env: { ...env, ROLES: 'api', ...more },
    ...(unready === undefined ? {} : { unready }),
  })

/** For `test.after.always`, before `cleanUp` and `endMongo`. */
export const endCluster = async (): Promise<void> => {
  await Promise.all(running.splice(0).map(({ end }) => end('SIGKILL')))
  await endSharedStores()
}
