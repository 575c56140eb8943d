/**
 * Families and their devices, as the Android client behaves (timelimit 1.12): bodies are gzip-compressed and chunked, actions are numbered from 0 and
 * pushed by 25 before one pull.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { isObject, type JsonObject } from '../../src/json.ts'
import { asText, clientOf, type Reply } from './client.ts'
import { unique } from './members.ts'
import { cleanUp, startServer, type RunningServer, type ServerOptions } from './server.ts'
import { startSmtp } from './smtp-server.ts'
import { passwordOf, type Act, type DhKey, type Password } from './timelimit-crypto.ts'
import { applied, NOTHING, statusOf, type Picture } from './timelimit-picture.ts'

type Smtp = Awaited<ReturnType<typeof startSmtp>>

export type Timelimit = {
  readonly server: () => RunningServer
  readonly url: () => string
  readonly mails: Smtp['mails']
  /** Mails to this address so far, waiting until there are so many. */
  readonly mailsTo: (address: string, count?: number) => Promise<readonly Mail[]>
  /** Every request and answer, for those who check them. */
  readonly seen: ((path: string, body: JsonObject, reply: Reply) => void)[]
  readonly post: (path: string, body: JsonObject) => Promise<Reply>
  /** A new server in the place of one that was killed. */
  readonly replace: (server: RunningServer) => void
  readonly close: () => Promise<void>
}
export type Mail = Smtp['mails'][number]

/** A server that can send mail. */
export const startTimelimit = async (options: ServerOptions = {}): Promise<Timelimit> => {
  const smtp = await startSmtp()
  let server = await startServer({ ...options, env: { MAIL_URL: smtp.url, ...options.env } })
  const seen: Timelimit['seen'] = []
  return {
    server: () => server,
    url: () => server.url,
    mails: smtp.mails,
    mailsTo: async (address, count = 1) => {
      const found = (): readonly Mail[] => smtp.mails.filter(({ to }) => to.includes(address))
      for (let left = 6_000; found().length < count && left > 0; left -= 1) await pause(5)
      return found()
    },
    seen,
    post: async (path, body) => {
      const reply = await postTo(server.url, path, body)
      for (const look of seen) look(path, body, reply)
      return reply
    },
    replace: (next) => {
      server = next
    },
    close: async () => {
      await cleanUp(server)
      await smtp.close()
    },
  }
}

const HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  'Content-Encoding': 'gzip',
  'Transfer-Encoding': 'chunked',
}

export const postTo = (url: string, path: string, body: JsonObject): Promise<Reply> =>
  clientOf(url).send('POST', path, { body: gzipSync(JSON.stringify(body)), headers: HEADERS })

/** The answer's object; throws if it is not 200. */
export const ok = (reply: Reply): JsonObject => {
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text}`)
  return reply.object()
}

/** The line that stands alone: all others end with a mark. */
export const codeIn = ({ text }: Mail): string => {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  const [code, ...others] = lines.filter((line) => line !== '' && !/[.!?:,]$/.test(line))
  if (code === undefined || others.length > 0) throw new Error(`which is the code?\n${text}`)
  return code
}

/** A mail auth token for the address, by a mailed code. */
export const mailToken = async (at: Timelimit, mail: string): Promise<string> => {
  const before = at.mails.filter(({ to }) => to.includes(mail)).length
  const sent = ok(await at.post('/auth/send-mail-login-code-v2', { mail, locale: 'en' }))
  const mails = await at.mailsTo(mail, before + 1)
  const last = mails.at(-1)
  if (last === undefined) throw new Error(`no mail to ${mail}`)
  const body = { mailLoginToken: asText(sent.mailLoginToken), receivedCode: codeIn(last) }
  return asText(ok(await at.post('/auth/sign-in-by-mail-code', body)).mailAuthToken)
}

export const newMail = (): string => `${unique('anna')}@example.com`

export type Device = {
  readonly at: Timelimit
  readonly id: string
  readonly token: string
  /** What its registration said. */
  readonly first: JsonObject
  /** The number of its next action. */
  readonly number: () => number
  /** Encodes actions with the numbers that follow. */
  readonly encode: (...acts: readonly Act[]) => readonly JsonObject[]
  /** Pushes these; `shouldDoFullSync`. */
  readonly push: (...acts: readonly Act[]) => Promise<boolean>
  readonly pushRaw: (actions: readonly JsonObject[]) => Promise<Reply>
  /** Pulls with what it knows, and takes it. */
  readonly pull: () => Promise<JsonObject>
  /** A pull of everything; the device stays as it is. */
  readonly full: () => Promise<Picture>
  /** One pull with any status. */
  readonly ask: (status: JsonObject) => Promise<Reply>
  readonly picture: () => Picture
  /** The server's current key for this device. */
  readonly dh: () => Promise<DhKey>
}

/** A device of a registration's answer (2.5). */
export const deviceOf = (at: Timelimit, answer: JsonObject): Device => {
  const { deviceAuthToken, ownDeviceId, data } = answer
  if (!isObject(data)) throw new Error(JSON.stringify(answer))
  const [id, token] = [asText(ownDeviceId), asText(deviceAuthToken)]
  let picture = applied(NOTHING, data)
  let number = 0
  const encode: Device['encode'] = (...acts) =>
    acts.map(({ prove, encoded }) => {
      const sequenceNumber = number++
      return { encodedAction: encoded, sequenceNumber, ...prove(id, sequenceNumber, encoded) }
    })
  const pushRaw: Device['pushRaw'] = (actions) =>
    at.post('/sync/push-actions', { deviceAuthToken: token, actions })
  const ask: Device['ask'] = (status) => at.post('/sync/pull-status', { deviceAuthToken: token, status })
  const pull = async (): Promise<JsonObject> => {
    const got = ok(await ask(statusOf(picture)))
    picture = applied(picture, got)
    return got
  }
  return {
    at,
    id,
    token,
    first: answer,
    number: () => number,
    encode,
    push: async (...acts) => {
      let full = false
      for (let from = 0; from < acts.length; from += BATCH) {
        const { shouldDoFullSync } = ok(await pushRaw(encode(...acts.slice(from, from + BATCH))))
        if (typeof shouldDoFullSync !== 'boolean') throw new Error(`flag ${asText(shouldDoFullSync)}`)
        full ||= shouldDoFullSync
      }
      return full
    },
    pushRaw,
    pull,
    full: async () => applied(NOTHING, ok(await ask(statusOf(NOTHING)))),
    ask,
    picture: () => picture,
    dh: async () => {
      const { dh } = ok(await ask(statusOf(NOTHING)))
      if (!isObject(dh)) throw new Error('no key')
      return { v: asText(dh.v), k: asText(dh.k) }
    },
  }
}

/** As many actions as the client puts into one request. */
const BATCH = 25

export type Parent = {
  readonly mail: string
  readonly password: Password
  readonly userId: string
  readonly phone: Device
}

/** Signs up: a family with one parent and her device. */
export const createFamily = async (at: Timelimit, mail = newMail()): Promise<Parent> => {
  const password = passwordOf(mail)
  const answer = ok(await at.post('/parent/create-family', familyOf(await mailToken(at, mail), password)))
  const phone = deviceOf(at, answer)
  const [userId = ''] = Object.keys(phone.picture().users)
  return { mail, password, userId, phone }
}

export const familyOf = (mailAuthToken: string, parentPassword: Password): JsonObject => ({
  mailAuthToken,
  parentPassword,
  parentDevice: { model: 'Pixel 9' },
  deviceName: 'Anna phone',
  timeZone: 'Europe/Berlin',
  parentName: 'Anna',
  clientLevel: 8,
})

export const signInDevice = async (at: Timelimit, mail: string): Promise<Device> => {
  const body = { parentDevice: { model: 'Pixel 8' }, deviceName: 'Second phone', clientLevel: 8 }
  const mailAuthToken = await mailToken(at, mail)
  return deviceOf(at, ok(await at.post('/parent/sign-in-into-family', { mailAuthToken, ...body })))
}

/** A device that nobody uses yet, by a code that a parent's phone shows. */
export const addDevice = async ({ at, token }: Device, deviceName: string): Promise<Device> => {
  const proof = { deviceAuthToken: token, parentId: '', parentPasswordSecondHash: 'device' }
  const code = ok(await at.post('/parent/create-add-device-token', proof))
  const body = {
    registerToken: asText(code.token),
    childDevice: { model: 'Tab S6' },
    deviceName,
    clientLevel: 8,
  }
  return deviceOf(at, ok(await at.post('/child/add-device', body)))
}
