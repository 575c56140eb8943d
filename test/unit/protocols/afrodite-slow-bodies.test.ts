/** Proves that a request is judged by the session as it is when its body is there (afrodite 5): a body may take half a minute. */
import { once } from 'node:events'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import test from 'ava'
import { publicPath } from '../../../src/protocols/afrodite/paths.ts'
import { right, startRig, type Rig } from './afrodite-rig.ts'

const BODY = '{"value":true}'

test('a session that ends while the body is on its way takes the request along', async (t) => {
  const rig = await startRig(t)
  const { aid, token } = await rig.client()
  const slow = await begin(rig, token)
  right(await rig.services.sessions.logout(aid))
  t.is(await finish(slow), 401)
  t.is((await rig.services.accounts.load(aid)).standing.visibility, 'PendingPrivate')
})

test('a body that comes late is read as any other', async (t) => {
  const rig = await startRig(t)
  const { aid, token } = await rig.client()
  t.is(await finish(await begin(rig, token)), 200)
  t.is((await rig.services.accounts.load(aid)).standing.visibility, 'PendingPublic')
})

/** Resolves when the server waits for the rest of the body: it asks for that behind the access check only. */
const begin = async ({ port }: Rig, token: string): Promise<ClientRequest> => {
  const sent = request({
    ...{ port, host: '127.0.0.1', method: 'PUT', agent: false },
    path: publicPath('/account_api/settings/profile_visibility'),
    headers: {
      'x-access-token': token,
      'content-type': 'application/json',
      'content-length': BODY.length,
      expect: '100-continue',
    },
  })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.write(BODY.slice(0, 5))
  return sent
}

const finish = async (sent: ClientRequest): Promise<number> => {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject)
  })
  sent.end(BODY.slice(5))
  const response = await answered
  response.resume()
  return response.statusCode ?? 0
}
