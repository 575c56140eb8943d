/** What is below the entities of stores: rows of tables, packets of objects and builds of reports, made, changed and deleted. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Member } from './members.ts'
import { create } from './members.ts'

/** Comes back when the builds are completed. */
export const makeBelow = async (member: Member): Promise<void> => {
  for (const isKept of [true, false]) {
    const at = `/tables/${(await create(member, 'tables')).entity._id}`
    const rows: string[] = []
    for (const name of ['a', 'b', null]) {
      rows.push((await member.post(`${at}/rows`, { data: { name } })).entity()._id)
    }
    await member.patch(`${at}/rows/${rows[0] ?? ''}`, { data: { name: 'Ünïcödé "' } })
    await member.delete(`${at}/rows/${rows[1] ?? ''}`)
    if (!isKept) await member.delete(at)
  }
  const objectIds = [(await create(member, 'objects')).entity._id]
  await member.post(`/objects/${objectIds[0] ?? ''}/packets`, { time: 1, temperature: 20 })
  const report = (await create(member, 'reports')).entity._id
  for (let made = 0; made < 11; made += 1) {
    ;(await member.post(`/reports/${report}/build`, { period: { from: 0, to: 1 }, objectIds })).entity()
  }
  for (let left = 4_000; left > 0; left -= 1) {
    if ((await member.get('/reports/builds?where.status=completed')).list().length === 10) return
    await pause(20)
  }
  throw new Error('the builds are not completed')
}
