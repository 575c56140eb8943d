/** Rows of the table of ends (afrodite 3.6), each a test of its own: how the server closes, what it records, and what it has sent. */
import test from 'ava'
import {
  AID,
  CLIENT,
  eventually,
  makeWorld,
  REFRESH,
  silence,
  type Client,
  type World,
  type WorldParts,
} from './afrodite-live-rig.ts'

export type Row = {
  readonly name: string
  readonly parts?: WorldParts
  readonly say: (client: Client, world: World) => void | Promise<void>
  readonly closed: string
  readonly asked: readonly string[]
  /** Frames that came before the close frame; by default none. */
  readonly frames?: number | 'any'
}

export const EXCHANGE = `exchange ${AID} connection 1`
export const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
/** Steps 1 and 2. */
export const greet = (client: Client): void => {
  client.send(2, CLIENT)
  client.send(2, REFRESH)
}

/** One after the other: some have short times. */
export const testRows = (rows: readonly Row[]): void => {
  for (const { name, parts, say, closed, asked, frames = 0 } of rows)
    test.serial(name, async (t) => {
      const world = await makeWorld(t, parts)
      const client = await world.dial()
      await say(client, world)
      t.is(await client.closed(), closed)
      await eventually(() => world.asked.length >= asked.length)
      await silence()
      t.deepEqual(world.asked, asked)
      if (frames !== 'any') t.is(client.frames.filter(({ opcode }) => opcode !== 8).length, frames)
      t.is(world.listeners(), 0)
    })
}
