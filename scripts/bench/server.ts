import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startChild, type Child } from './children.ts'

export type Server = { readonly child: Child; readonly url: string; readonly token: string }
export type Floor = Omit<Server, 'token'>

const PASSWORD = 'Bench0123'
/** All bundles lie side by side. */
const bundle = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Answers when the server is ready. */
export const startServer = async (directory: string): Promise<Server> => {
  // On embedded stores, whatever the environment names for the comparison with them.
  const embedded = { DATA_DIR: directory, EVENTSTORE_URL: '', MONGODB_URL: '' }
  const settings = { PORT: '0', ADMIN_PASSWORD: PASSWORD, PROTOCOLS: 'rightech', ...embedded }
  const child = startChild(bundle('./main.js'), settings)
  const url = await child.line((line) => /"url":"([^"]+)"/.exec(line)?.[1])
  while ((await fetch(`${url}/ready`)).status !== 200) await pause(10)
  const body = JSON.stringify({ login: 'admin', password: PASSWORD })
  const answer = await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body })
  const { token } = (await answer.json()) as { readonly token: string }
  return { child, url, token }
}

export const startFloor = async (): Promise<Floor> => {
  const child = startChild(bundle('./floors.js'))
  return { child, url: await child.line((line) => (line.startsWith('http') ? line : undefined)) }
}
