import type { ExecutionContext } from 'ava'
import { create, type Member } from './members.ts'

/** Proves that the server took no harm: it is alive and ready, and a create works. */
export const healthy = async (t: ExecutionContext, member: Member): Promise<void> => {
  t.is((await member.send('GET', '/live')).status, 200)
  t.is((await member.send('GET', '/ready')).status, 200)
  const { entity } = await create(member, 'labels')
  t.deepEqual((await member.get(`/labels/${entity._id}`)).entity(), entity)
}
