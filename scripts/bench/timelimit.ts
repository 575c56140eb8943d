import type { Floor } from './server.ts'
import { heading, perSecond, row } from './table.ts'
import { connect, gzipped, identity } from './timelimit-client.ts'
import type { Device } from './timelimit-devices.ts'
import { pretendFamily, registerFamily, type Household } from './timelimit-families.ts'
import { drive, pull, type Driven, type Latency } from './timelimit-load.ts'
import { openMailbox } from './timelimit-mail.ts'
import { prepare } from './timelimit-pushes.ts'
import { failedAppends, startTimelimit } from './timelimit-server.ts'
import { showSums } from './timelimit-sums.ts'

const FAMILIES = 10
const CLIENTS = [1, 16] as const
/** Pushes that are made in advance, for each second of the load and at most; whatever more is asked for is made on the way. */
const PREPARED = { perSecond: 4_000, most: 40_000 } as const
const WARM_SECONDS = 1

/** Forty devices of ten families push and pull, beside a bare route that keeps each push durably and answers given bytes. */
export const measureTimelimit = async (
  directory: string,
  floor: Floor,
  { seconds, gzip }: { readonly seconds: number; readonly gzip: boolean },
): Promise<void> => {
  heading(
    `TimeLimit, ${FAMILIES * 4} devices in ${FAMILIES} families, each push followed by a pull; pushes of 1, 10, 50 actions as 6:3:1; bodies ${gzip ? 'in gzip' : 'as they are'}`,
  )
  const mailbox = await openMailbox()
  const server = await startTimelimit(directory, mailbox.url)
  try {
    const encode = gzip ? gzipped : identity
    const setup = await connect(server.url)
    const families: Household[] = []
    for (let n = 0; n < FAMILIES; n++) families.push(await registerFamily(setup, mailbox, { n, encode }))
    const devices = interleaved(families)
    for (const device of devices) await pull(setup, device)
    setup.close()
    await drive(server, devices, { clients: 16, seconds: WARM_SECONDS })

    // The floor reads no gzip.
    const pretended = interleaved(Array.from({ length: FAMILIES }, (_, n) => pretendFamily(n, identity)))
    await fetch(`${floor.url}/bytes`, { method: 'POST', body: FLOOR_ANSWER })
    for (const clients of CLIENTS) {
      const of = { clients, seconds }
      ready(pretended, seconds)
      const bare = await drive(floor, pretended, of)
      show(`floor: Koa, parse, durable put, ${clientsOf(clients)}`, bare)
      ready(devices, seconds)
      const before = await failedAppends(server.url)
      const ours = await drive(server, devices, of)
      const retries = ((await failedAppends(server.url)) - before) / ours.pushes
      show(`pushes and as many pulls, ${clientsOf(clients)}`, ours, [
        `${(ours.pushesPerSecond / bare.pushesPerSecond).toFixed(2)} of the floor`,
        `${retries.toFixed(3)} failed appends a push`,
      ])
    }
    await showSums(server.url, families)
  } finally {
    await server.child.stop()
    mailbox.close()
  }
}

/** What a push and a pull are answered by the floor. */
const FLOOR_ANSWER = JSON.stringify({
  shouldDoFullSync: false,
  fullVersion: 1_796_555_219_078,
  apiLevel: 9,
  usedTimes: ['c00000', 'c00001'].map((categoryId) => ({
    categoryId,
    times: [0, 480, 960].map((start) => ({ day: 20_000, time: 1_000, start, end: start + 479 })),
    sessionDurations: [{ md: 1_800_000, spd: 600_000, sm: 0, em: 1439, l: 1_796_555_219_078, d: 1_000 }],
    version: '0001',
  })),
  pings: [],
})

/** Devices of a family are far from each other, so that with many clients several are at work at once. */
const interleaved = (families: readonly Household[]): readonly Device[] =>
  [0, 1, 2, 3].flatMap((at) => families.flatMap(({ devices }) => devices[at] ?? []))

const ready = (devices: readonly Device[], seconds: number): void => {
  const pushes = Math.min(PREPARED.perSecond * seconds, PREPARED.most)
  devices.forEach((device) => prepare(device, Math.ceil(pushes / devices.length)))
}

const clientsOf = (clients: number): string => (clients === 1 ? '1 client' : `${clients} clients`)

const show = (name: string, driven: Driven, more: readonly string[] = []): void =>
  row(
    name,
    perSecond(driven.pushesPerSecond),
    [
      ...more,
      `${Math.round(driven.actionsPerSecond).toLocaleString('en')} actions/s`,
      `push ${latencyText(driven.pushMs)}`,
      `pull ${latencyText(driven.pullMs)}`,
      `server ${Math.round(driven.serverCpu * 100)} %, generator ${Math.round(driven.generatorCpu * 100)} % of a core`,
      ...(driven.failed === 0 ? [] : [`${driven.failed} FAILED`]),
    ].join(', '),
  )

const latencyText = ({ p50, p99 }: Latency): string => `p50 ${p50.toFixed(1)} ms p99 ${p99.toFixed(1)} ms`
