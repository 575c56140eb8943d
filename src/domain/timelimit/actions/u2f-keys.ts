import * as E from 'fp-ts/lib/Either.js'
import { u2fKeyId } from '../../../crypto/u2f.ts'
import { fact } from '../events.ts'
import { at } from '../state.ts'
import { action, userIdOf, type ActionContext } from './action.ts'
import { base64, members } from './codec.ts'

const part = base64(0, 2048)

const isByKey = ({ actor }: ActionContext): boolean => actor.kind === 'parent' && actor.auth === 'u2f'

/** The security keys of the acting parent (timelimit 1.5, 4.4). */
export const U2F_KEY_ACTIONS = {
  ADD_PARENT_U2F: action({
    envelope: 'parent',
    codec: members({ keyHandle: part, publicKey: part }),
    decide: ({ keyHandle, publicKey }, { state, actor, now }) => {
      if (Object.keys(state.u2f).length >= KEYS_MAX) return E.left('LIMIT')
      const keyId = u2fKeyId(keyHandle, publicKey)
      if (at(state.u2f, keyId) !== undefined) return E.left('DUPLICATE')
      const sealed = { keyId, keyHandle: canonical(keyHandle), publicKey: canonical(publicKey) }
      return E.right({
        facts: [fact('ParentU2fKeyAdded', { userId: userIdOf(actor), addedAt: now, sealed })],
      })
    },
  }),
  REMOVE_PARENT_U2F: action({
    envelope: 'parent',
    codec: members({ keyHandle: part, publicKey: part }),
    decide: ({ keyHandle, publicKey }, ctx) => {
      if (isByKey(ctx)) return E.left('METHOD')
      const userId = userIdOf(ctx.actor)
      const keyId = u2fKeyId(keyHandle, publicKey)
      const key = at(ctx.state.u2f, keyId)
      const isMine =
        key?.userId === userId &&
        key.keyHandle === canonical(keyHandle) &&
        key.publicKey === canonical(publicKey)
      return E.right({
        facts: [fact('ParentU2fKeyRemoved', { userId, sealed: { keyId: isMine ? keyId : NO_KEY } })],
      })
    },
  }),
  REPORT_U2F_LOGIN: action({
    envelope: 'parent',
    codec: members({}),
    decide: (_, ctx) =>
      isByKey(ctx)
        ? E.right({ facts: [fact('ParentU2fLoginReported', { userId: userIdOf(ctx.actor) })] })
        : E.left('METHOD'),
  }),
} as const

/** Of a family. */
const KEYS_MAX = 16
/** The version moves all the same. No key has this id: theirs have eight characters. */
const NO_KEY = '-'

/** Base64 has several texts for some bytes; the key's id is of the bytes. */
const canonical = (text: string): string => Buffer.from(text, 'base64').toString('base64')
