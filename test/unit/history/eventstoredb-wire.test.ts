/** Proves what is taken for an event of ours and what each answer of the server to an append means. */
import { inspect } from 'node:util'
import test from 'ava'
import anyMessages from 'google-protobuf/google/protobuf/any_pb.js'
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js'
import shared from '@eventstore/db-client/generated/shared_pb.js'
import statuses from '@eventstore/db-client/generated/status_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { outcomeOf, storedOf } from '../../../src/history/eventstoredb/wire.ts'
import { openEventStoreHistory } from '../../../src/history/eventstoredb/history.ts'
import { newEvent } from '../../support/history.ts'

const recorded = (stream: string, data: string, meta: string) => {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from(stream))
  const id = new shared.UUID()
  id.setString('00000000-0000-4000-8000-000000000001')
  const event = new streams.ReadResp.ReadEvent.RecordedEvent()
  event.setStreamIdentifier(identifier)
  event.setId(id)
  event.setStreamRevision('3')
  event.setCommitPosition('9007199254740993')
  event.getMetadataMap().set('type', 'Tested')
  event.setData(Buffer.from(data))
  event.setCustomMetadata(Buffer.from(meta))
  return event
}

test('an event is ours by its meta, and keeps numbers beyond what a double holds', (t) => {
  const { meta } = newEvent()
  t.deepEqual(storedOf(recorded('ä-1', '{"n":1}', JSON.stringify(meta))), {
    id: '00000000-0000-4000-8000-000000000001',
    type: 'Tested',
    data: { n: 1 },
    meta,
    stream: 'ä-1',
    revision: 3n,
    position: 9_007_199_254_740_993n,
  })
})

test("other applications' events and the server's own are not ours", (t) => {
  const meta = JSON.stringify(newEvent().meta)
  const others: readonly (readonly [string, string, string])[] = [
    ['a-1', '{"n":1}', ''],
    ['a-1', '{"n":1}', 'null'],
    ['a-1', '{"n":1}', '[]'],
    ['a-1', '{"n":1}', '{"$correlationId":"x"}'],
    ['a-1', '{"n":1}', '{"at":"1","actor":"a","commandId":"c","correlationId":"r","schema":1}'],
    ['a-1', '{"n":1}', 'no JSON'],
    ['a-1', 'no JSON', meta],
    ['a-1', '1', meta],
    ['a-1', '', meta],
    ['$stats', '{"n":1}', meta],
    ['$$a-1', '{"n":1}', meta],
  ]
  for (const other of others) t.is(storedOf(recorded(...other)), undefined)
})

const refusal = (name: string, details: Uint8Array) => {
  const any = new anyMessages.Any()
  any.pack(details, name)
  const status = new statuses.Status()
  status.setMessage('said')
  status.setDetails(any)
  const answer = new streams.BatchAppendResp()
  answer.setError(status)
  return outcomeOf(answer, 7)
}

test('a refusal before the write is told from an outcome that is not known', (t) => {
  const at = new shared.WrongExpectedVersion()
  at.setCurrentStreamRevision('4')
  const missing = new shared.WrongExpectedVersion()
  missing.setCurrentNoStream(new emptyMessages.Empty())
  const wrong = 'event_store.client.WrongExpectedVersion'
  t.deepEqual(refusal(wrong, at.serializeBinary()), {
    _tag: 'Left',
    left: { _tag: 'WrongRevision', actual: 4n },
  })
  t.deepEqual(refusal(wrong, missing.serializeBinary()), {
    _tag: 'Left',
    left: { _tag: 'WrongRevision', actual: 'none' },
  })
  const empty = new Uint8Array()
  t.deepEqual(refusal('event_store.client.MaximumAppendSizeExceeded', empty), {
    _tag: 'Left',
    left: { _tag: 'TooLarge', bytes: 7 },
  })
  const tags = [
    'AccessDenied',
    'StreamDeleted',
    'Timeout',
    'Unknown',
    'InvalidTransaction',
    'BadRequest',
  ].map((kind) => {
    const answer = refusal(`event_store.client.${kind}`, empty)
    return answer._tag === 'Left' ? answer.left._tag : answer._tag
  })
  t.deepEqual(tags, ['Unavailable', 'Unavailable', 'Unknown', 'Unknown', 'Unknown', 'Unknown'])
  const notReady = refusal('google.protobuf.Empty', empty)
  t.is(notReady._tag === 'Left' ? notReady.left._tag : '', 'Unavailable')
})

test('a success without a position, or no answer at all, is not known', (t) => {
  const answer = new streams.BatchAppendResp()
  const unknown = outcomeOf(answer, 1)
  t.is(unknown._tag === 'Left' ? unknown.left._tag : '', 'Unknown')
  const success = new streams.BatchAppendResp.Success()
  success.setCurrentRevision('2')
  answer.setSuccess(success)
  t.is(outcomeOf(answer, 1)._tag, 'Left')
  const position = new shared.AllStreamPosition()
  position.setCommitPosition('18000000000000000000')
  success.setPosition(position)
  t.deepEqual(outcomeOf(answer, 1), {
    _tag: 'Right',
    right: { revision: 2n, position: 18_000_000_000_000_000_000n },
  })
})

test('a malformed URL is told at once, a server that is not there is not', async (t) => {
  t.throws(() => openEventStoreHistory({ url: 'http://127.0.0.1:2113' }))
  t.throws(() => openEventStoreHistory({ url: '' }))
  const history = openEventStoreHistory({ url: 'esdb://127.0.0.1:1?tls=false' })
  const answer = await history.append('a-1', 'none', [newEvent()])()
  t.is(answer._tag === 'Left' ? answer.left._tag : '', 'Unavailable')
  await history.close()
})

test('neither errors nor the console show the password of a URL', (t) => {
  const said: unknown[] = []
  const { warn } = console
  console.warn = (...words: unknown[]) => said.push(...words)
  t.teardown(() => (console.warn = warn))
  const urls = [
    'esdb://someone:secret',
    'esdb://someone:secret@',
    'esdb://someone:secret@host:port',
    'esdb://someone:se:secret@host?tls',
    'http://someone:secret@host',
    'secret',
  ]
  for (const url of urls) {
    const error = t.throws(() => openEventStoreHistory({ url }))
    t.notRegex(inspect(error, { showHidden: true }), /secret/, url)
  }
  void openEventStoreHistory({ url: 'esdb://someone:secret@host?tls=false&unheardOf=1' }).close()
  t.regex(said.join(), /unheardOf/)
  t.notRegex(said.join(), /secret/)
})
