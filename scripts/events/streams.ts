import { ACCOUNT_EVENTS, DEMO_EVENTS, SESSION_EVENTS } from '../../src/domain/afrodite/events.ts'
import { accountDecider } from '../../src/domain/afrodite/account-decide.ts'
import { demoDecider } from '../../src/domain/afrodite/demo.ts'
import { accountStream, sessionStream } from '../../src/domain/afrodite/names.ts'
import { sessionDecider } from '../../src/domain/afrodite/session-decide.ts'
import { erasureDecider, erasureStream } from '../../src/domain/platform/erasure.ts'
import { CLAIM_EVENTS, ERASURE_EVENTS } from '../../src/domain/platform/events.ts'
import { headsDecider, HEADS_STREAM } from '../../src/domain/platform/heads.ts'
import { buildsDecider } from '../../src/domain/stores/builds.ts'
import { storesDecider } from '../../src/domain/stores/decide.ts'
import { foundingDecider, FOUNDING_STREAM } from '../../src/domain/stores/founding.ts'
import { entityStream } from '../../src/domain/stores/names.ts'
import { PACKET_EXPIRY_STREAM, packetExpiryDecider } from '../../src/domain/stores/packet-expiry.ts'
import { packetsDecider, packetStream } from '../../src/domain/stores/packets.ts'
import { rowsDecider } from '../../src/domain/stores/rows.ts'
import { familyDecider } from '../../src/domain/timelimit/decide.ts'
import { FAMILY_EVENT_TABLE } from '../../src/domain/timelimit/events.ts'
import { familyStream, mailsStream, STATUS_STREAM } from '../../src/domain/timelimit/names.ts'
import { systemDecider } from '../../src/domain/timelimit/system.ts'
import { kind, of, type StreamKind } from './folding.ts'
import { CC_STREAM_KINDS } from './streams-cc.ts'

const ENTITY = ['EntityCreated', 'EntityChanged', 'EntityDeleted'] as const

/** Every kind of stream that events are appended to. */
export const STREAM_KINDS: readonly StreamKind[] = [
  kind(erasureStream('<subject>'), of(ERASURE_EVENTS), ['erasureDecider', erasureDecider]),
  { name: 'claim-<kind>-<keyed hash of the value>', types: of(CLAIM_EVENTS) },
  kind(FOUNDING_STREAM, ['StoresFounded'], ['foundingDecider', foundingDecider]),
  kind(HEADS_STREAM, ['HeadSigned'], ['headsDecider', headsDecider]),
  kind(entityStream('<store>', '<id>'), ENTITY, ['storesDecider', storesDecider('labels')]),
  kind(entityStream('tables/rows', '<id>'), ENTITY, ['rowsDecider', rowsDecider]),
  kind(entityStream('reports/builds', '<id>'), ENTITY, ['buildsDecider', buildsDecider]),
  kind(
    entityStream('users', '<id>'),
    ['PasswordSet', 'SessionOpened', 'SessionClosed'],
    ['storesDecider', storesDecider('users')],
  ),
  kind(entityStream('tasks', '<id>'), ['TaskExpired'], ['storesDecider', storesDecider('tasks')]),
  kind(
    entityStream('objects', '<id>'),
    [
      ...['CommandRequested', 'CommandCompleted', 'CommandFailed'],
      ...['AutomatonStarted', 'AutomatonStopped', 'HandlerStarted', 'HandlerStopped'],
      ...['GeofenceStarted', 'GeofenceStopped'],
    ],
    ['storesDecider', storesDecider('objects')],
  ),
  kind(packetStream('<object>'), ['PacketReceived'], ['packetsDecider', packetsDecider]),
  kind(PACKET_EXPIRY_STREAM, ['PacketsExpired'], ['packetExpiryDecider', packetExpiryDecider]),
  kind(familyStream('<family>'), of(FAMILY_EVENT_TABLE), ['familyDecider', familyDecider]),
  kind(STATUS_STREAM, ['StatusMessageChanged'], ['systemDecider', systemDecider]),
  { name: mailsStream('<family>'), types: ['MailSettled'] },
  kind(accountStream('<account>'), of(ACCOUNT_EVENTS), ['accountDecider', accountDecider]),
  kind(sessionStream('<account>'), of(SESSION_EVENTS), ['sessionDecider', sessionDecider]),
  kind('afrodite.demo-<entry>', of(DEMO_EVENTS), ['demoDecider', demoDecider]),
  ...CC_STREAM_KINDS,
]
