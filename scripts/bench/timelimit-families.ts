import type { Connection, Encode } from './timelimit-client.ts'
import { createDevice, type Device, type Family } from './timelimit-devices.ts'
import type { Mailbox } from './timelimit-mail.ts'
import { parentPush, ruleIdOf } from './timelimit-pushes.ts'

export type Household = { readonly family: Family; readonly devices: readonly Device[] }

/**
 * A family as the clients would set it up: a parent with a device, two children with three categories each, two devices of the first and one
 * of the second child.
 */
export const registerFamily = async (
  connection: Connection,
  mailbox: Mailbox,
  { n, encode }: { readonly n: number; readonly encode: Encode },
): Promise<Household> => {
  const ask = <T>(path: string, body: object): Promise<T> =>
    askJson(connection, encode(path, JSON.stringify(body)))
  const mailAuthToken = await signIn(ask, mailbox, `parent${n}@example.com`)
  const password = passwordOf(n)
  const created = await ask<Created>('/parent/create-family', {
    mailAuthToken,
    parentPassword: password,
    parentDevice: { model: 'Bench phone' },
    deviceName: 'The phone of the parent',
    timeZone: 'Europe/Berlin',
    parentName: 'A parent',
    clientLevel: 8,
  })
  const family = familyOf(created.data.users.data[0]?.id ?? '', password.secondHash, n)
  const parents = createDevice({
    family,
    id: created.ownDeviceId,
    token: created.deviceAuthToken,
    charges: family.categoryIds,
    isParents: true,
    encode,
    made: n,
  })
  const pushed = async (actions: readonly object[]): Promise<void> => {
    const { shouldDoFullSync } = await askJson<Pushed>(connection, parentPush(parents, actions).request)
    if (shouldDoFullSync) throw new Error(`the server refused one of ${JSON.stringify(actions)}`)
  }
  await pushed([
    ...family.childIds.map(child),
    ...family.categoryIds.flatMap((id, at) => category(family, id, at)),
  ])
  const devices = [parents]
  for (const of of [0, 0, 1]) {
    const { token: registerToken } = await ask<{ readonly token: string }>(
      '/parent/create-add-device-token',
      {
        deviceAuthToken: parents.token,
        parentId: '',
        parentPasswordSecondHash: 'device',
      },
    )
    const childDevice = { model: 'Bench tablet' }
    const named = { registerToken, childDevice, deviceName: `Device ${devices.length}`, clientLevel: 8 }
    const { ownDeviceId: id, deviceAuthToken } = await ask<Created>('/child/add-device', named)
    await pushed([{ type: 'SET_DEVICE_USER', deviceId: id, userId: family.childIds[of] ?? '' }])
    const charges = family.categoryIds.slice(of * CATEGORIES, (of + 1) * CATEGORIES)
    const made = n + devices.length * 3
    devices.push(
      createDevice({ family, id, token: deviceAuthToken, charges, isParents: false, encode, made }),
    )
  }
  return { family, devices }
}

/** Families that exist for the generator alone: a floor answers them all the same. */
export const pretendFamily = (n: number, encode: Encode): Household => {
  const family = familyOf('pAr3nT', passwordOf(n).secondHash, n)
  const devices = [0, 1, 2, 3].map((at) =>
    createDevice({
      family,
      id: `d${at}0000`,
      token: 'x'.repeat(32),
      charges: family.categoryIds.slice(0, at === 0 ? CATEGORIES * 2 : CATEGORIES),
      isParents: at === 0,
      encode,
      made: n + at * 3,
    }),
  )
  return { family, devices }
}

type Created = {
  readonly ownDeviceId: string
  readonly deviceAuthToken: string
  readonly data: { readonly users: { readonly data: readonly { readonly id: string }[] } }
}
type Pushed = { readonly shouldDoFullSync: boolean }
type Ask = <T>(path: string, body: object) => Promise<T>

/** Of each child. */
const CATEGORIES = 3

const askJson = async <T>(connection: Connection, request: Buffer): Promise<T> => {
  const { status, body } = await connection.ask(request)
  if (status !== 200)
    throw new Error(`${request.toString('latin1').split(' ', 2)[1] ?? ''} answered ${status}`)
  return JSON.parse(body) as T
}

const signIn = async (ask: Ask, mailbox: Mailbox, mail: string): Promise<string> => {
  const login = { mail, locale: 'en' }
  const { mailLoginToken } = await ask<{ readonly mailLoginToken: string }>(
    '/auth/send-mail-login-code-v2',
    login,
  )
  const receivedCode = await mailbox.code(mail)
  const redeemed = await ask<{ readonly mailAuthToken: string }>('/auth/sign-in-by-mail-code', {
    mailLoginToken,
    receivedCode,
  })
  return redeemed.mailAuthToken
}

/** In the form of bcrypt; nobody ever verifies one. */
const passwordOf = (n: number) => {
  const hash = (length: number): string => `$2a$12$${String(n).padStart(length, 'b')}`
  return { hash: hash(53), secondHash: hash(53), secondSalt: hash(22) }
}

const familyOf = (parentId: string, secondHash: string, n: number): Family => {
  const id = (kind: string, at: number): string => `${kind}${String(n * 10 + at).padStart(5, '0')}`
  return {
    parentId,
    secondHash,
    childIds: [0, 1].map((at) => id('k', at)),
    categoryIds: Array.from({ length: 2 * CATEGORIES }, (_, at) => id('c', at)),
    used: new Map(),
  }
}

const child = (userId: string): object => ({
  type: 'ADD_USER',
  name: `Child ${userId}`,
  userType: 'child',
  userId,
  timeZone: 'Europe/Berlin',
})

const category = ({ childIds }: Family, categoryId: string, at: number): readonly object[] => [
  {
    type: 'CREATE_CATEGORY',
    childId: childIds[Math.floor(at / CATEGORIES)] ?? '',
    categoryId,
    title: `Category ${at}`,
  },
  {
    type: 'ADD_CATEGORY_APPS',
    categoryId,
    packageNames: Array.from({ length: 10 }, (_, app) => `org.example.app${at}.part${app}`),
  },
  {
    type: 'CREATE_TIMELIMIT_RULE',
    rule: { ruleId: ruleIdOf(categoryId), categoryId, time: 3_600_000, days: 31, extraTime: false },
  },
]
