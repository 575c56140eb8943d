/**
 * Proves that the outbox sends each mail once whatever fails behind it, that mails which cannot go hold up no others, that a server out of reach is
 * left alone for a while, and that no goodbye's address stays in the files. With a vault in memory, and a history and documents of this test.
 */
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../../../src/commands/engine.ts'
import type { Document } from '../../../src/documents/port.ts'
import { rejection } from '../../../src/domain/rejection.ts'
import { NO_FAMILY } from '../../../src/domain/timelimit/state.ts'
import { GOODBYES, startSendingMails } from '../../../src/jobs/timelimit/mails.ts'
import { MailNotSent, type Mail } from '../../../src/mail/mailer.ts'
import { memoryVault } from '../../../src/vault/memory/vault.ts'

const START = 1_800_000_000_000

type Fake = {
  readonly queued?: number
  /** Of the first one, which has no parameters. */
  readonly kind?: string
  readonly send?: (mail: Mail) => void
  /** Whether the history takes what became of a mail. */
  readonly settles?: () => boolean
}

const start = (t: ExecutionContext, fake: Fake) => {
  const { queued = 0, kind = OTHER_KIND, send = () => undefined, settles = () => true } = fake
  const clock = { now: START }
  const vault = memoryVault({ now: () => clock.now })
  const rewrites: number[] = []
  const outbox = new Map(
    Array.from({ length: queued }, (_, index) => [`m${index}`, mail(index, index === 0 ? kind : OTHER_KIND)]),
  )
  const tried: string[] = []
  const failures: unknown[] = []
  const execute = (({ command }: { readonly command: { readonly mail: string } }) =>
    () => {
      if (!settles()) return Promise.resolve(E.left(rejection('Unavailable', 'history_unavailable')))
      outbox.delete(command.mail)
      return Promise.resolve(E.right(undefined))
    }) as unknown as Engine['execute']
  const load = (() =>
    Promise.resolve({
      state: { ...NO_FAMILY, status: 'deleted' },
      revision: 1n,
    })) as unknown as Engine['load']
  const job = startSendingMails({
    engine: { execute, load },
    reader: { find: (_collection, _filter, options) => pages([...outbox.values()].slice(0, options?.limit)) },
    vault: { ...vault, rewrite: () => Promise.resolve(void rewrites.push(clock.now)) },
    mailer: {
      send: (one) => {
        tried.push(one.to)
        return Promise.resolve().then(() => send(one))
      },
    },
    rates: { admit: () => Promise.resolve(true) },
    imprint: undefined,
    now: () => clock.now,
    onFailure: (error) => failures.push(error),
    everyMs: 5,
  })
  t.teardown(job.stop)
  return { clock, vault, outbox, tried, failures, rewrites }
}

const OTHER_KIND = 'password-reset'

const mail = (index: number, kind: string): Document => ({
  _id: `m${index}`,
  family: 'f',
  kind,
  at: START,
  to: `${index}@b`,
  locale: 'en',
  params: {},
})

async function* pages(documents: readonly Document[]): AsyncIterable<readonly Document[]> {
  yield await Promise.resolve(documents)
}

const until = async (passes: () => boolean): Promise<void> => {
  for (let left = 6_000; !passes() && left > 0; left -= 1) await pause(5)
}

test('what cannot be noted in the history is not sent again', async (t) => {
  let works = false
  const { outbox, tried, failures } = start(t, { queued: 1, settles: () => works })
  await until(() => failures.length > 2)
  t.true(failures.length > 2)
  t.deepEqual(tried, ['0@b'])
  works = true
  await until(() => outbox.size === 0)
  t.is(outbox.size, 0)
  t.deepEqual(tried, ['0@b'])
})

test('mails that servers do not want yet hold up no others', async (t) => {
  const unwanted = ({ to }: Mail): void => {
    if (Number.parseInt(to) < 120) throw new MailNotSent('EENVELOPE', 450)
  }
  const { clock, outbox, tried } = start(t, { queued: 121, send: unwanted })
  await until(() => !outbox.has('m120'))
  t.false(outbox.has('m120'))
  t.is(tried.length, 121, 'each once so far')
  clock.now += 11_000
  await until(() => tried.length === 241)
  t.is(outbox.size, 120)
  clock.now += 25 * 3_600_000
  await until(() => outbox.size === 0)
  t.is(outbox.size, 0, 'given up after a day')
})

test('a mail that cannot be written holds up no others', async (t) => {
  const { outbox, tried, failures } = start(t, { queued: 2, kind: 'device-linked' })
  await until(() => outbox.size === 0)
  t.is(outbox.size, 0)
  t.deepEqual(tried, ['1@b'])
  t.is(failures.length, 1)
})

test('a server that cannot be reached is left alone, ever longer, until it can', async (t) => {
  let isDown = true
  const { clock, outbox, tried, failures } = start(t, {
    queued: 20,
    send: () => {
      if (isDown) throw new MailNotSent('ECONNECTION')
    },
  })
  await until(() => tried.length > 2)
  await pause(50)
  t.is(tried.length, 3)
  clock.now += 11_000
  await until(() => tried.length > 3)
  await pause(50)
  t.is(tried.length, 4, 'one try after a rest')
  clock.now += 11_000
  await pause(50)
  t.is(tried.length, 4, 'the second rest is longer')
  t.is(failures.length, 4)
  isDown = false
  clock.now += 3_600_000
  await until(() => outbox.size === 0)
  t.is(outbox.size, 0)
})

test('the address of a goodbye leaves the files: by the erasure that is under way, or else at once', async (t) => {
  const { vault, tried, rewrites } = start(t, {})
  const goodbye = { kind: 'account-deleted', to: 'a@b', locale: 'en', family: 'f' }
  await vault.put('platform.erasures', 'timelimit.family-f', {})
  await vault.put(GOODBYES, 'one', goodbye)
  await until(() => tried.length === 1)
  await pause(50)
  t.deepEqual(rewrites, [])
  await vault.delete('platform.erasures', 'timelimit.family-f')
  await vault.put(GOODBYES, 'two', goodbye)
  await until(() => rewrites.length > 0)
  t.is(rewrites.length, 1)
  t.is(tried.length, 2)
  t.is(await vault.get(GOODBYES, 'two'), undefined)
})
