/**
 * Proves that what a client sends is looked through before the generated messages read it: messages of a real client are taken as they are,
 * and whatever was cut, changed or made up is either refused or read in no time. The generated code alone reads some of it for minutes.
 */
import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import test from 'ava'
import fc from 'fast-check'
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js'
import {
  appendRequest,
  batchAppendRequest,
  readRequest,
  type Deserialize,
} from '../../../src/serving/eventstoredb/requests.ts'

const RUNS = process.env['SOAK'] === undefined ? 3_000 : 300_000

type Sent = { readonly serializeBinary: () => Uint8Array; readonly toObject: () => unknown }

const stream = (): InstanceType<typeof shared.StreamIdentifier> => {
  const identifier = new shared.StreamIdentifier()
  identifier.setStreamName(Buffer.from('mine-1'))
  return identifier
}

const uuid = (isStructured: boolean): InstanceType<typeof shared.UUID> => {
  const id = new shared.UUID()
  if (!isStructured) id.setString('f9df5a9d-420b-5e7d-84d1-32589cf0d826')
  else {
    const halves = new shared.UUID.Structured()
    halves.setMostSignificantBits('-428793450923845')
    halves.setLeastSignificantBits('9223372036854775807')
    id.setStructured(halves)
  }
  return id
}

const read = (): Sent => {
  const { Options } = streams.ReadReq
  const expression = new Options.FilterOptions.Expression()
  expression.setRegex('^ä+$')
  expression.setPrefixList(['a', 'b'])
  const filter = new Options.FilterOptions()
  filter.setEventType(expression)
  filter.setMax(32)
  filter.setCheckpointintervalmultiplier(4_000_000_000)
  const position = new Options.Position()
  position.setCommitPosition('18446744073709551615')
  position.setPreparePosition('7')
  const all = new Options.AllOptions()
  all.setPosition(position)
  const ids = new Options.UUIDOption()
  ids.setString(new shared.Empty())
  const control = new Options.ControlOption()
  control.setCompatibility(21)
  const options = new Options()
  options.setAll(all)
  options.setReadDirection(Options.ReadDirection.BACKWARDS)
  options.setResolveLinks(true)
  options.setCount('18446744073709551615')
  options.setFilter(filter)
  options.setUuidOption(ids)
  options.setControlOption(control)
  const request = new streams.ReadReq()
  request.setOptions(options)
  return request
}

const append = (): Sent => {
  const message = new streams.AppendReq.ProposedMessage()
  message.setId(uuid(true))
  message.getMetadataMap().set('type', 'noted').set('content-type', 'application/json')
  message.setData(Buffer.from('{"n":1}'))
  message.setCustomMetadata(Buffer.alloc(300, 0xff))
  const request = new streams.AppendReq()
  request.setProposedMessage(message)
  return request
}

const batch = (): Sent => {
  const options = new streams.BatchAppendReq.Options()
  options.setStreamIdentifier(stream())
  options.setStreamPosition('18446744073709551615')
  const deadline = new timestamps.Timestamp()
  deadline.fromDate(new Date(1_800_000_000_123))
  options.setDeadline(deadline)
  const message = new streams.BatchAppendReq.ProposedMessage()
  message.setId(uuid(false))
  message.getMetadataMap().set('type', 'ä').set('', '')
  message.setData(Buffer.alloc(200, 0x80))
  const request = new streams.BatchAppendReq()
  request.setCorrelationId(uuid(true))
  request.setOptions(options)
  request.setProposedMessagesList([message, message])
  request.setIsFinal(true)
  return request
}

const KINDS: readonly (readonly [name: string, sent: Sent, deserialize: Deserialize<Sent>])[] = [
  ['read', read(), readRequest],
  ['append', append(), appendRequest],
  ['batch append', batch(), batchAppendRequest],
]

for (const [name, sent, deserialize] of KINDS) {
  const bytes = Buffer.from(sent.serializeBinary())

  test(`${name}: what a client sends is read, with fields of newer clients too`, (t) => {
    t.deepEqual(deserialize(bytes).toObject(), sent.toObject())
    const newer = Buffer.from('a006ff01aa0603616263b506010203' + '04b9060102030405060708', 'hex')
    t.deepEqual(deserialize(Buffer.concat([bytes, newer])).toObject(), sent.toObject())
    t.notThrows(() => deserialize(Buffer.alloc(0)))
  })

  test(`${name}: what was cut, changed or made up is refused, or read in no time`, (t) => {
    const cut = fc.nat(bytes.length - 1).map((end) => bytes.subarray(0, end))
    const changed = fc
      .array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => changes.reduce((all, [at, byte]) => all.fill(byte, at, at + 1), Buffer.from(bytes)))
    const madeUp = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some))
    let refused = 0
    const began = process.cpuUsage()
    fc.assert(
      fc.property(fc.oneof(cut, changed, madeUp), (some) => {
        try {
          deserialize(some)
        } catch {
          refused += 1
        }
      }),
      { numRuns: RUNS },
    )
    const { user, system } = process.cpuUsage(began)
    t.true(refused > RUNS / 10)
    t.true(user + system < RUNS * 10_000)
  })
}

test('lengths beyond the end, fields of another kind and numbers without end are refused', (t) => {
  for (const text of ['0affffffff0f', '0a7f', '08ffffffff0f', '0a0608ffffffff0f', '0a', 'ff', '0b', '00'])
    t.throws(() => appendRequest(Buffer.from(text, 'hex')), { message: /damaged/ }, text)
  t.throws(() => appendRequest(Buffer.alloc(12, 0xff)), { message: /damaged/ })
  // An entry of a map with a third field.
  t.throws(() => appendRequest(Buffer.from('12041202' + '1a00', 'hex')), { message: /damaged/ })
})
