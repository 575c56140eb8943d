/** Ports of this machine for servers that tests stop and start again. */
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A port that is free, and stays so while its server is away: from below those that the system gives to connections that go out, of which one could
 * otherwise have it when the server comes back.
 */
export const lastingPort = async (): Promise<number> => {
  for (;;) {
    const port = LOWEST + randomInt(COUNT)
    if (await isFree(port)) return port
  }
}

const LOWEST = 20_000
const COUNT = 12_000

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
