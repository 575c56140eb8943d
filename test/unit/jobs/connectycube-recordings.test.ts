/**
 * Proves that a webhook hears of a recording until it takes it, and not for ever (connectycube 10.1), with a real engine on everything in memory
 * and a webhook on this machine.
 */
import test, { type ExecutionContext } from 'ava'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { runRecording } from '../../../src/commands/cc/recordings.ts'
import { createEngine } from '../../../src/commands/engine.ts'
import { createSnapshots } from '../../../src/commands/snapshots.ts'
import { memoryDocuments } from '../../../src/documents/memory/memory.ts'
import { meetingDecider } from '../../../src/domain/cc/meeting.ts'
import { meetingStream } from '../../../src/domain/cc/names.ts'
import { memoryHistory } from '../../../src/history/memory/memory.ts'
import { startAnnouncingRecordings } from '../../../src/jobs/connectycube/recordings.ts'
import { plainText, type JsonObject } from '../../../src/json.ts'
import { CC_WEBHOOK_GIVE_UP_MS } from '../../../src/limits.ts'
import { memoryKeyring } from '../../../src/vault/memory/keyring.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const place = { app: 1, meeting: 'm', host: 7 }
const plan = {
  ...{ start: 0, end: 0, record: true, public: false, scheduled: false, notify: false },
  notifyBefore: null,
}
const words = { name: 'Sync', attendees: [], timezone: null }
const recorded = { participants: [7, 8], seconds: 60, bytes: 5, file: null }
const START = 1_800_000_000_000

/** A meeting with one recording, as events and as documents; the job on a clock of its own. */
const rig = async (t: ExecutionContext, url: string | null) => {
  const clock = { now: START }
  const now = (): number => clock.now
  const [history, documents, keyring] = [memoryHistory(), memoryDocuments(), memoryKeyring()]
  const engine = createEngine({
    ...{ history, keyring, refusal: () => undefined, shown: () => Promise.resolve(true) },
    snapshots: createSnapshots(memoryDocuments(), keyring, 0),
  })
  const invitations = { host: undefined, attendees: [] }
  await engine.execute({
    ...{
      stream: meetingStream(1, 'm'),
      decider: meetingDecider(1, 7),
      commandId: 'a'.repeat(36),
      actor: 'x',
    },
    command: { type: 'Schedule', place, chatDialog: null, plan, words, invitations },
    at: START,
  })()
  await runRecording(
    { engine, now },
    {
      ...{ type: 'AddRecording', place, recording: 'r', recorded, link: 'https://x/1', isAnnounced: true },
      mail: undefined,
    },
  )
  const times = { createdAt: START, updatedAt: START }
  const put = (collection: string, id: string, value: JsonObject) => ({ collection, id, at: 1n, put: value })
  await documents.apply(
    [
      put('cc_applications', '1', { app: 1, settings: { recording_webhook_url: url } }),
      put('cc_meetings', 'm', {
        app: 1,
        host: 7,
        chatDialog: null,
        members: [],
        ...plan,
        ...words,
        ...times,
      }),
      put('cc_recordings', 'r', { ...place, ...recorded, link: 'https://x/1', webhook: 'waiting', ...times }),
    ],
    [],
  )
  const failures: string[] = []
  const job = startAnnouncingRecordings({
    ...{ engine, reader: documents, vault: memoryVault({ now }), now, everyMs: 1 },
    onFailure: (error) => failures.push(String(error)),
  })
  t.teardown(() => job.stop())
  const said = async (): Promise<readonly string[]> => {
    const events: string[] = []
    for await (const page of history.readAll({ after: 0n }))
      events.push(
        ...page
          .filter(({ type }) => type.startsWith('RecordingWebhook'))
          .map(({ type, data }) => `${type} ${plainText(data['reason'])}`),
      )
    return events
  }
  const settled = async (): Promise<readonly string[]> => {
    for (;;) {
      const events = await said()
      if (events.length > 0) return events
      await pause(1)
    }
  }
  return { clock, failures, said, settled }
}

const webhook = async (t: ExecutionContext, answers: (response: ServerResponse, nth: number) => void) => {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString())
      answers(response, bodies.length)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}/hook?key=secret`, bodies }
}

test('a webhook that fails is called again later, and then no more', async (t) => {
  const { url, bodies } = await webhook(t, (response, nth) =>
    nth === 1
      ? response.writeHead(500).end()
      : nth === 2
        ? response.writeHead(307, { Location: 'http://127.0.0.1:1/' }).end()
        : response.end('taken'),
  )
  const { clock, failures, said, settled } = await rig(t, url)
  while (failures.length < 1) await pause(1)
  await pause(20)
  t.is(bodies.length, 1, 'it waits before the second call')
  clock.now += 10_000
  while (failures.length < 2) await pause(1)
  t.deepEqual(await said(), [])
  clock.now += 20_000
  t.deepEqual(await settled(), ['RecordingWebhookDelivered null'])
  t.is(new Set(bodies).size, 1)
  const body = JSON.parse(bodies[0] ?? '') as JsonObject
  t.like(body, { meeting: { _id: 'm', name: 'Sync', host_id: 7 }, hostUser: null })
  t.deepEqual(body['callRecords'], [
    {
      ...{ _id: 'r', room_id: 'm', participants_ids: [7, 8], participants_count: 2, duration: 60, size: 5 },
      ...{
        download_url: 'https://x/1',
        created_at: '2027-01-15T08:00:00Z',
        updated_at: '2027-01-15T08:00:00Z',
      },
    },
  ])
  t.false(
    failures.some((failure) => failure.includes('secret')),
    'the URL may hold a key',
  )
})

test('one that never takes it is given up after a day', async (t) => {
  const { url } = await webhook(t, (response) => response.writeHead(404).end())
  const { clock, failures, settled } = await rig(t, url)
  while (failures.length < 1) await pause(1)
  clock.now += CC_WEBHOOK_GIVE_UP_MS + 1
  t.deepEqual(await settled(), ['RecordingWebhookGivenUp late'])
})

test('one that is switched off meanwhile is not called', async (t) => {
  t.deepEqual(await (await rig(t, null)).settled(), ['RecordingWebhookGivenUp off'])
})
