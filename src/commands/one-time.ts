import { hkdfSync } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { sha256Hex } from '../crypto/hashes.ts'
import type { Rejection } from '../domain/rejection.ts'
import type { JsonObject } from '../json.ts'
import { uuidV5 } from '../uuid.ts'
import type { Entry, Vault } from '../vault/port.ts'
import { OUTCOME_UNKNOWN } from './append.ts'

/**
 * Secrets that are good for one command (decisions 9): reserved before its events are appended, spent behind them, released if it is
 * refused. Everything random that the command needs derives from the secret itself, so the same request after a crash, or twice at once,
 * is the same command and gets the same answer; another request finds the secret taken.
 */
export type OneTimeTokens = {
  readonly issue: (space: string, token: string, content: JsonObject, subject?: string) => Promise<void>
  /** What it was issued with, if it can still be used for anything. */
  readonly find: (space: string, token: string) => Promise<JsonObject | undefined>
  /** `purpose` names the request. `undefined`: there is no such token, or it is reserved for something else. */
  readonly reserve: (space: string, token: string, purpose: string) => Promise<OneTimeUse | undefined>
}

export type OneTimeUse = {
  readonly content: JsonObject
  readonly commandId: string
  /** When it was reserved: the time of its command. */
  readonly at: number
  /** Bytes that nobody can know without both the secret and the vault, in the same order at each repetition. */
  readonly random: (bytes: number) => Uint8Array
  readonly spend: () => Promise<void>
  readonly release: () => Promise<void>
}

export type OneTimeParts = {
  readonly vault: Vault
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Life of a token in milliseconds. */
  readonly ttlMs: number
}

export const createOneTimeTokens = ({ vault, now, random, ttlMs }: OneTimeParts): OneTimeTokens => ({
  issue: (space, token, content, subject) =>
    vault.put(
      space,
      sha256Hex(token),
      {
        ...content,
        [SALT]: Buffer.from(random(SALT_BYTES)).toString('base64'),
        ...(subject === undefined ? {} : { subject }),
      },
      { ttlMs, ...(subject === undefined ? {} : { subject }) },
    ),
  find: async (space, token) => (await vault.get(space, sha256Hex(token)))?.value,
  reserve: async (space, token, purpose) => {
    const key = sha256Hex(token)
    for (;;) {
      const entry = await vault.get(space, key)
      if (entry === undefined) return undefined
      const { value } = entry
      const held = value[PURPOSE]
      if (held !== undefined && held !== purpose) return undefined
      const at = held === undefined ? now() : Number(value[AT])
      const reserved = { ...value, [PURPOSE]: purpose, [AT]: at }
      if (held === undefined && !(await replace({ vault, space, key, now }, entry, reserved))) continue
      return {
        content: value,
        commandId: uuidV5(`${space} ${purpose}`, uuidV5(key, NAMESPACE)),
        at,
        random: derivedBytes(token, textIn(value, SALT)),
        spend: async () => {
          await vault.delete(space, key)
        },
        release: async () => {
          const standing = await vault.get(space, key)
          if (standing === undefined || standing.value[PURPOSE] !== purpose) return
          const { [PURPOSE]: _purpose, [AT]: _at, ...free } = standing.value
          await replace({ vault, space, key, now }, standing, free)
        },
      }
    }
  },
})

/** A member that was put as a text. */
export const textIn = (content: JsonObject, member: string): string => {
  const value = content[member]
  if (typeof value !== 'string') throw new TypeError(`${member} is no text`)
  return value
}

/** Runs the command that the tokens are reserved for. Where it may have been done though it failed, they stay reserved for it. */
export const usingUp = async <A>(
  uses: readonly OneTimeUse[],
  command: () => Promise<Either<Rejection, A>>,
): Promise<Either<Rejection, A>> => {
  const done = await command()
  if (E.isRight(done)) for (const use of uses) await use.spend()
  else if (!MAYBE_DONE.has(done.left.reason)) for (const use of uses) await use.release()
  return done
}

/** The engine's words for an append that may be there. */
const MAYBE_DONE = new Set([OUTCOME_UNKNOWN, 'documents_late'])

const SALT = 'salt'
const PURPOSE = 'purpose'
const AT = 'reservedAt'
const SALT_BYTES = 16
/** Of the command ids. */
const NAMESPACE = '0c0f6dd4-6f0c-4ad5-8f0b-5a0f3f7a4f0e'

type Place = {
  readonly vault: Vault
  readonly space: string
  readonly key: string
  readonly now: () => number
}

/** It lives no longer for that. */
const replace = (
  { vault, space, key, now }: Place,
  { version, expiresAt }: Entry,
  value: JsonObject,
): Promise<boolean> => {
  const { subject } = value
  const options = {
    ...(expiresAt === undefined ? {} : { ttlMs: Math.max(expiresAt - now(), 1) }),
    ...(typeof subject === 'string' ? { subject } : {}),
  }
  return vault.compareAndSet(space, key, version, { value, options })
}

const derivedBytes = (secret: string, salt: string): ((bytes: number) => Uint8Array) => {
  let calls = 0
  return (bytes) => new Uint8Array(hkdfSync('sha256', secret, salt, String(calls++), bytes))
}
