/** Proves that an answer which waits for the end of its turn is as good as sent, through a real socket. */
import test from 'ava'
import { send } from '../../../src/http/answers.ts'
import { ask, echoProtocol, startHttp } from '../../support/http.ts'

test('an answer that was given stays, although the handler fails behind it', async (t) => {
  const protocol = echoProtocol('rightech', {
    handle: (ctx) => {
      ctx.respond = false
      send(ctx.res, { status: 200, headers: {}, body: 'done' })
      throw new Error('too late')
    },
  })
  const { port } = await startHttp(t, { protocols: [protocol] })
  const { status, body } = await ask(port, '/api/v1')
  t.is(status, 200)
  t.is(body, 'done')
})
