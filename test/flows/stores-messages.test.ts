/** Proves `DELETE /messages/clear` (rightech 3.9) over real HTTP against the real server. */
import { performance } from 'node:perf_hooks'
import test from 'ava'
import { BASE, clientOf, FORBIDDEN, UNAUTHORIZED } from '../support/client.ts'
import { newMember, newToken, signInAdmin, type Member } from '../support/members.ts'
import { cleanUp, startServer, type RunningServer } from '../support/server.ts'

let server: RunningServer | undefined
let admin: Member
test.before(async () => {
  server = await startServer()
  admin = await signInAdmin(server.url)
})
test.after.always(() => cleanUp(server))

const send = async (member: Member, count: number): Promise<void> => {
  const left = Array.from({ length: count }, (_, index) => index).values()
  const worker = async (): Promise<void> => {
    for (const index of left) (await member.post('/messages', { 'message-body': `text ${index}` })).entity()
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}
const countOf = async (member: Member, query = ''): Promise<unknown> =>
  (await member.get(`/messages?meta=count${query}`)).object().count

test('clears what the caller sees and nothing else', async (t) => {
  const member = await newMember(admin)
  const below = await newMember(member)
  await send(member, 3)
  await send(below, 2)
  t.is(await countOf(member, '&withChildGroups=true'), 5)
  const cleared = await member.delete('/messages/clear')
  t.is(cleared.status, 200)
  t.is(cleared.text, '{"sucess":true,"success":true,"count":3}')
  t.is(await countOf(member), 0)
  t.is(await countOf(below), 2)
  t.is((await member.delete('/messages/clear')).text, '{"sucess":true,"success":true,"count":0}')
})

test('needs credentials and the right to call that path', async (t) => {
  const member = await newMember(admin)
  await send(member, 1)
  t.is((await clientOf(member.url).delete('/messages/clear')).text, UNAUTHORIZED)
  for (const scope of ['GET /messages/*', 'DELETE /messages', 'DELETE /labels/*']) {
    t.is((await (await newToken(member, [scope])).delete('/messages/clear')).text, FORBIDDEN, scope)
  }
  t.is(await countOf(member), 1)
  const allowed = await newToken(member, ['DELETE /messages/clear'])
  // Whatever body a DELETE has is not looked at.
  const cleared = await allowed.send('DELETE', `${BASE}/messages/clear`, { body: '{"a":' })
  t.is(cleared.text, '{"sucess":true,"success":true,"count":1}')
})

const MANY = process.env['SOAK'] ? 10_000 : 1_000

test(`${MANY} messages are cleared by three at once, each counted by one, while others are answered`, async (t) => {
  const member = await newMember(admin)
  await send(member, MANY)
  const clearing = new AbortController()
  const waits: number[] = []
  const asking = (async () => {
    while (!clearing.signal.aborted) {
      const begun = performance.now()
      t.is((await member.get('/labels')).status, 200)
      waits.push(performance.now() - begun)
    }
  })()
  const begun = performance.now()
  const cleared = await Promise.all([1, 2, 3].map(() => member.delete('/messages/clear')))
  const ms = performance.now() - begun
  clearing.abort()
  await asking
  t.is(
    cleared.reduce((sum, reply) => sum + Number(reply.object().count), 0),
    MANY,
  )
  t.is(await countOf(member), 0)
  t.log(
    `${MANY} cleared in ${Math.round(ms)} ms; the slowest answer meanwhile took ${Math.round(Math.max(...waits))} ms`,
  )
  // By the clock on the wall, which goes on while other processes have the machine: then all of it takes longer.
  t.true(Math.max(...waits) < Math.max(2_000, ms / 2))
})
