import * as E from 'fp-ts/lib/Either.js'
import { sha256 } from '../../../crypto/hashes.ts'
import { fact } from '../events.ts'
import { at, type FamilyState } from '../state.ts'
import { action, type ActionContext, type Effect } from './action.ts'
import { base64, bool, id6, int, members, oneOf } from './codec.ts'

const LIST_BYTES_MAX = 524_288
const KEY_BYTES = 32
const CRYPT_KEY_BYTES = 16
const SIGNATURE_BYTES = 64

const key = base64(KEY_BYTES, KEY_BYTES)
const signature = base64(SIGNATURE_BYTES, SIGNATURE_BYTES)
const list = base64(0, LIST_BYTES_MAX)

/** Mailboxes between devices, whose contents the server cannot read (timelimit 1.6, 1.7). */
export const KEY_ACTIONS = {
  UPDATE_INSTALLED_APPS: action({
    envelope: 'appLogic',
    codec: members({ w: bool }, { b: list, d: list }),
    decide: ({ b, d }, { deviceId }) => {
      const lists = [
        ...(b === undefined ? [] : [uploaded(deviceId, 'base', b)]),
        ...(d === undefined ? [] : [uploaded(deviceId, 'diff', d)]),
      ]
      return E.right({
        facts: lists.map(({ fact }) => fact),
        effects: lists.map(({ effect }) => effect),
        told: 1,
      })
    },
  }),
  UPLOAD_DEVICE_PUBLIC_KEY: action({
    envelope: 'appLogic',
    codec: members({ key }),
    decide: ({ key: uploadedKey }, { state, deviceId }) => {
      const device = at(state.devices, deviceId)
      if (device === undefined) return E.left('NO_DEVICE')
      return E.right({
        facts: device.hasKey ? [] : [fact('DevicePublicKeyUploaded', { deviceId, key: uploadedKey })],
      })
    },
  }),
  SEND_KEY_REQUEST: action({
    envelope: 'appLogic',
    codec: members(
      { dsn: int(Number.MIN_SAFE_INTEGER), dataType: oneOf(1, 2), tempKey: key, signature },
      { deviceId: id6, categoryId: id6 },
    ),
    decide: ({ deviceId, categoryId, ...request }, { state, deviceId: sender }) => {
      if (deviceId !== undefined && categoryId !== undefined) return E.left('VALUE')
      if (deviceId !== undefined && at(state.devices, deviceId) === undefined) return E.left('REF')
      if (categoryId !== undefined && at(state.categories, categoryId) === undefined) return E.left('REF')
      const { dsn, dataType, tempKey, signature: signed } = request
      const replaces = numbersOf(
        state,
        (one) =>
          one.sender === sender &&
          one.dataType === dataType &&
          one.deviceId === deviceId &&
          one.categoryId === categoryId,
      )
      const about = {
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(categoryId === undefined ? {} : { categoryId }),
      }
      const serverSeq = state.nextRequest
      return E.right({
        facts: [
          fact('KeyRequested', {
            serverSeq,
            sender,
            dsn,
            dataType,
            tempKey,
            signature: signed,
            replaces,
            ...about,
          }),
        ],
        effects: dropReplies(sender, replaces),
      })
    },
  }),
  REPLY_TO_KEY_REQUEST: action({
    envelope: 'appLogic',
    codec: members({
      rsn: int(Number.MIN_SAFE_INTEGER),
      tempKey: key,
      encryptedKey: base64(CRYPT_KEY_BYTES, CRYPT_KEY_BYTES),
      signature,
    }),
    decide: (
      { rsn: serverSeq, tempKey, encryptedKey: cryptKey, signature: signed },
      { state, deviceId: sender },
    ) => {
      const request = at(state.requests, String(serverSeq))
      if (request === undefined || request.replied.includes(sender)) return E.right({ facts: [] })
      const { sender: to, dsn } = request
      const asker = at(state.devices, to)
      if (asker === undefined) return E.left('STATE')
      const content = { tempKey, cryptKey, signature: signed }
      const delivered: Effect = { type: 'deliver-reply', to, serverSeq, sender, content }
      return E.right({
        facts: [fact('KeyRequestReplied', { serverSeq, sender, to, replySeq: asker.nextReply, dsn })],
        effects: [delivered],
      })
    },
  }),
  FINISH_KEY_REQUEST: action({
    envelope: 'appLogic',
    codec: members({ dsn: int(Number.MIN_SAFE_INTEGER) }),
    decide: ({ dsn }, { state, deviceId }) => {
      const serverSeqs = numbersOf(state, (one) => one.sender === deviceId && one.dsn === dsn)
      if (serverSeqs.length === 0) return E.right({ facts: [] })
      return E.right({
        facts: [fact('KeyRequestFinished', { serverSeqs })],
        effects: dropReplies(deviceId, serverSeqs),
      })
    },
  }),
  PING: action({
    envelope: 'appLogic',
    codec: members({ deviceId: id6, event: oneOf('ping', 'pong', 'clear'), token: id6 }),
    decide: ({ deviceId: other, event, token }, context) => {
      const cleared: Effect = { type: 'clear-pings', to: context.deviceId, sender: other, token }
      if (event === 'clear') return E.right({ facts: [], effects: [cleared] })
      if (at(context.state.devices, other) === undefined) return E.left('REF')
      const sent = ping(context, other, event, token)
      return E.right(event === 'ping' ? sent : { ...sent, effects: [...sent.effects, cleared] })
    },
  }),
} as const

const uploaded = (deviceId: string, kind: 'base' | 'diff', list: string) => {
  const content = Buffer.from(list, 'base64')
  const sha = sha256(content).toString('hex')
  const effect: Effect = { type: 'store-blob', content }
  return {
    fact: fact('DeviceAppListUploaded', { deviceId, kind, sha256: sha, bytes: content.length }),
    effect,
  }
}

const ping = ({ deviceId: sender }: ActionContext, to: string, kind: 'ping' | 'pong', token: string) => {
  const effects: readonly Effect[] = [{ type: 'deliver-ping', to, sender, kind, token }]
  return { facts: [fact('DevicePinged', { sender, to, kind })], effects }
}

/** Server numbers of the family's open requests that fit. */
const numbersOf = (
  { requests }: FamilyState,
  fits: (request: FamilyState['requests'][string]) => boolean,
): readonly number[] =>
  Object.entries(requests)
    .filter(([, request]) => fits(request))
    .map(([serverSeq]) => Number(serverSeq))

const dropReplies = (to: string, serverSeqs: readonly number[]): readonly Effect[] =>
  serverSeqs.length === 0 ? [] : [{ type: 'drop-replies', to, serverSeqs }]
