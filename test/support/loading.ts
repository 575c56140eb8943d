/** Clients that create labels one after the other, and whether what was acknowledged is there. */
import { Agent } from 'node:http'
import type { ExecutionContext } from 'ava'
import { asText, BASE, type Client, type Entity, type Reply } from './client.ts'
import { unique } from './members.ts'

export type Load = {
  readonly acknowledged: ReadonlyMap<string, Entity>
  /** Answers that were not 200. */
  readonly refused: readonly Reply[]
  /** Requests that ended without an answer. */
  readonly cut: () => number
  /** Resolves when every client has ended: told to, or the connection was refused or cut. */
  readonly ended: Promise<unknown>
  readonly stop: () => Promise<unknown>
}

export const startLoad = (client: Client, clients: number, padding = ''): Load => {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const acknowledged = new Map<string, Entity>()
  const refused: Reply[] = []
  let cut = 0
  let stopping = false
  const create = async (): Promise<void> => {
    const name = unique('label')
    const reply = await client.send('POST', `${BASE}/labels`, {
      body: JSON.stringify({ name, padding }),
      agent,
    })
    if (reply.status === 200) acknowledged.set(name, reply.entity())
    else refused.push(reply)
  }
  const run = async (): Promise<void> => {
    while (!stopping) {
      const goesOn = await create().then(
        () => true,
        () => false,
      )
      if (goesOn) continue
      cut += 1
      return
    }
  }
  const ended = Promise.all(Array.from({ length: clients }, run)).finally(() => agent.destroy())
  return {
    acknowledged,
    refused,
    cut: () => cut,
    ended,
    stop: () => {
      stopping = true
      return ended
    },
  }
}

/** Every acknowledged label is in the list as it was answered, and each name once. */
export const assertAcknowledged = async (
  t: ExecutionContext,
  client: Client,
  { acknowledged }: Pick<Load, 'acknowledged'>,
): Promise<void> => {
  const list = (await client.get('/labels?nolimit=true')).list()
  const listed = new Map(list.map((entity) => [asText(entity.name), entity]))
  t.is(listed.size, list.length, 'each once')
  const lost = [...acknowledged].filter(
    ([name, entity]) => JSON.stringify(listed.get(name)) !== JSON.stringify(entity),
  )
  t.deepEqual(lost, [], 'nothing acknowledged is lost')
}
