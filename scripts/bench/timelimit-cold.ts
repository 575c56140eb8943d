import type { Floor } from './server.ts'
import { heading, perSecond, row } from './table.ts'
import { connect, identity, type Connection } from './timelimit-client.ts'
import type { Device } from './timelimit-devices.ts'
import { registerFamily, type Household } from './timelimit-families.ts'
import { latency, pull, push, type Asked } from './timelimit-load.ts'
import { openMailbox, type Mailbox } from './timelimit-mail.ts'
import { usedTimePush } from './timelimit-pushes.ts'
import { startTimelimit } from './timelimit-server.ts'
import { showSums } from './timelimit-sums.ts'

const BATCH = 50
/** Enough for every counter that the large family has: the two differ in their past alone. */
const NEW_EVENTS = 1_200
const ROUNDS = 300

/** How long the first push of a family with a long past takes after a start, and what its pushes cost beside those of a new family. */
export const measureTimelimitCold = async (directory: string, events: number): Promise<void> => {
  heading(`TimeLimit, a family of ${events.toLocaleString('en')} events beside a new one`)
  const mailbox = await openMailbox()
  const start = (): Promise<Floor> => startTimelimit(directory, mailbox.url)
  let server = await start()
  try {
    const large = await familyWith(server, mailbox, { events, n: 0 })
    const small = await familyWith(server, mailbox, { events: NEW_EVENTS, n: 1 })

    await server.child.stop('SIGKILL')
    server = await timed('ready after a kill', start)
    await showFirst(server, 'the first push after a kill, large family', large)
    await showFirst(server, 'then the new family', small)
    await server.child.stop()
    server = await timed('ready after a stop', start)
    await showFirst(server, 'the first push after a stop, new family', small)
    await showFirst(server, 'then the large family', large)

    await compare(server, { large, small })
    await showSums(server.url, [large, small])
  } finally {
    await server.child.stop()
    mailbox.close()
  }
}

const familyWith = async (
  { url }: Floor,
  mailbox: Mailbox,
  { events, n }: { readonly events: number; readonly n: number },
): Promise<Household> => {
  const connection = await connect(url)
  const household = await registerFamily(connection, mailbox, { n, encode: identity })
  connection.close()
  const rate = await grow(url, household.devices, events)
  row(`${events.toLocaleString('en')} events, pushes of ${BATCH} from 4 devices`, perSecond(rate))
  return household
}

/** Used times alone, an event each, from all devices at once; answers how many a second. */
const grow = async (url: string, devices: readonly Device[], events: number): Promise<number> => {
  const begun = performance.now()
  let left = events
  const one = async (device: Device): Promise<void> => {
    const connection = await connect(url)
    while (left > 0) {
      const size = Math.min(BATCH, left)
      left -= size
      demand(await push(connection, device, usedTimePush(device, size)))
    }
    connection.close()
  }
  await Promise.all(devices.map(one))
  return events / ((performance.now() - begun) / 1000)
}

const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
  const begun = performance.now()
  const made = await work()
  row(name, `${((performance.now() - begun) / 1000).toFixed(2)} s`)
  return made
}

/** The first request of a family loads it; a fresh process has also not compiled yet what the first request of all needs. */
const showFirst = async ({ url }: Floor, name: string, { devices }: Household): Promise<void> => {
  const connection = await connect(url)
  for (const device of devices.slice(0, 1)) {
    const first = demand(await push(connection, device, usedTimePush(device, 1)))
    const pulled = demand(await pull(connection, device))
    const second = demand(await push(connection, device, usedTimePush(device, 1)))
    row(name, milliseconds(first), `first pull ${milliseconds(pulled)}, second push ${milliseconds(second)}`)
  }
  connection.close()
}

/** In turns, so that neither has the quieter minute. */
const compare = async (
  { url }: Floor,
  { large, small }: Readonly<Record<'large' | 'small', Household>>,
): Promise<void> => {
  const connection = await connect(url)
  for (const size of [1, BATCH]) {
    const [ofLarge, ofSmall] = [samples(), samples()]
    for (let round = 0; round < ROUNDS; round++) {
      await sample(connection, large, { size, round, into: ofLarge })
      await sample(connection, small, { size, round, into: ofSmall })
    }
    showBeside(`push of ${size}, large family, median`, ofLarge.push, ofSmall.push)
    showBeside('the pull after it', ofLarge.pull, ofSmall.pull)
  }
  connection.close()
}

type Samples = { readonly push: number[]; readonly pull: number[] }

const samples = (): Samples => ({ push: [], pull: [] })

const sample = async (
  connection: Connection,
  { devices }: Household,
  { size, round, into }: { readonly size: number; readonly round: number; readonly into: Samples },
): Promise<void> => {
  const device = devices[round % devices.length]
  if (device === undefined) return
  into.push.push(demand(await push(connection, device, usedTimePush(device, size))))
  into.pull.push(demand(await pull(connection, device)))
}

const showBeside = (name: string, large: readonly number[], small: readonly number[]): void => {
  const [ours, theirs] = [latency(large).p50, latency(small).p50]
  row(
    name,
    milliseconds(ours),
    `${milliseconds(theirs)} in the new family: ${(ours / theirs).toFixed(2)} of it`,
  )
}

const milliseconds = (ms: number): string => `${ms.toFixed(2)} ms`

const demand = ({ ms, good }: Asked): number => {
  if (!good) throw new Error('a push or pull went wrong')
  return ms
}
