import { row } from './table.ts'
import { connect, type Connection } from './timelimit-client.ts'
import { nothingSeen, type Device } from './timelimit-devices.ts'
import type { Household } from './timelimit-families.ts'
import { pullOf, type Pulled, type UsedTimes } from './timelimit-pulls.ts'
import { counterName, sessionName } from './timelimit-pushes.ts'

/** Every counter and session of every family against what was acknowledged. Throws when one differs: a server that counts wrongly has no speed. */
export const showSums = async (url: string, families: readonly Household[]): Promise<void> => {
  const connection = await connect(url)
  const wrong: string[] = []
  for (const { devices } of families)
    for (const device of devices.slice(0, 1)) wrong.push(...(await differences(connection, device)))
  connection.close()
  const counters = families.reduce((sum, { family }) => sum + family.used.size, 0)
  row(
    'sums of used time',
    wrong.length === 0 ? 'exact' : `${wrong.length} WRONG`,
    wrong[0] ?? `${counters} counters`,
  )
  if (wrong.length > 0) throw new Error('used time was counted wrongly')
}

const differences = async (connection: Connection, device: Device): Promise<readonly string[]> => {
  const { status, body } = await connection.ask(pullOf(device, nothingSeen()))
  if (status !== 200) return [`a pull answered ${status}`]
  const counted = sumsIn((JSON.parse(body) as Pulled).usedTimes ?? [])
  const { used } = device.family
  return [...new Set([...used.keys(), ...counted.keys()])].flatMap((name) => {
    const [has, should] = [counted.get(name) ?? 0, used.get(name) ?? 0]
    return has === should ? [] : [`${name}: ${has} ms, acknowledged ${should} ms`]
  })
}

const sumsIn = (usedTimes: readonly UsedTimes[]): ReadonlyMap<string, number> =>
  new Map(
    usedTimes.flatMap(({ categoryId, times, sessionDurations }) => [
      ...times.map(({ day, start, end, time }) => [counterName(categoryId, day, start, end), time] as const),
      ...sessionDurations.map(({ d }) => [sessionName(categoryId), d] as const),
    ]),
  )
