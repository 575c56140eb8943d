import { setTimeout as pause } from 'node:timers/promises'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Decider, Fact } from '../domain/decider.ts'
import { rejection, type Rejection } from '../domain/rejection.ts'
import type { Appended, History, NewEvent } from '../history/port.ts'
import { STREAM_HELD } from '../projecting/holds.ts'
import { COMMAND_TRIES_MAX, CONTENTION_PAUSE_MS } from '../limits.ts'
import type { Keyring } from '../vault/port.ts'
import { appendToSlot, OUTCOME_UNKNOWN } from './append.ts'
import { claimChanges, createClaims, type Asker, type Claims } from './claims.ts'
import { eventOf, factOf, type Cause } from './facts.ts'
import { lastPosition, type Slot } from './slot.ts'
import { createSlots, type Slots } from './slots.ts'
import type { Snapshots } from './snapshots.ts'

export type Engine = {
  /** load → decide → append → wait → answer. The answer comes after the documents show it. */
  readonly execute: <State, Command>(
    request: CommandRequest<State, Command>,
  ) => TaskEither<Rejection, Outcome<State>>
  /** The present state of a stream, from the cache or the history: for commands that look at another stream first. */
  readonly load: <State, Command>(
    stream: string,
    decider: Decider<State, Command>,
  ) => Promise<{ readonly state: State; readonly revision: bigint | 'none' }>
}

export type CommandRequest<State, Command> = Cause & {
  readonly stream: string
  readonly decider: Decider<State, Command>
  /** A function is called in the load step with the stream's state: for slow comparisons (decisions 2). */
  readonly command: Command | ((state: State) => Promise<Command>)
  /**
   * The stream's name was made for this command: it is taken for new without asking the history first. The same command again is then
   * answered like the first time, not as `repeated`.
   */
  readonly isNew?: true
  /** An erasure has to come through: it is written to a held stream too, and does not wait for documents that will not show it. */
  readonly evenIfHeld?: true
}

export type Outcome<State> = {
  readonly state: State
  /** What was decided; empty if the command changes nothing, or was already done under the same id. */
  readonly facts: readonly Fact[]
  /** Place of the command's last event; 0n if it changes nothing. */
  readonly position: bigint
  /** It was already done under the same id; `state` is that of now. */
  readonly repeated: boolean
}

export type EngineParts = {
  readonly history: History
  readonly snapshots: Snapshots
  readonly keyring: Keyring
  /** Why writes to that stream are refused at present: a stopped projection, a full disk. */
  readonly refusal: (stream: string) => string | undefined
  /** Whether the documents show that position of the stream, within a bounded wait. */
  readonly shown: (stream: string, position: bigint) => Promise<boolean>
}

/** The stream moved while the command was under way: begin again with what it says now. */
const MOVED = 'moved'
type Step<T> = E.Either<Rejection | typeof MOVED, T>

type Decided<State> = {
  readonly before: State
  readonly after: State
  readonly events: readonly NewEvent[]
}

type Context = EngineParts & { readonly slots: Slots; readonly claims: Claims }

export const createEngine = (parts: EngineParts): Engine => {
  const slots = createSlots(parts.history, parts.snapshots)
  const all: Context = { ...parts, slots, claims: createClaims(parts.history, parts.keyring) }
  return {
    execute: (request) => async () => {
      const context = request.evenIfHeld === true ? pastHold(all, request.stream) : all
      for (let tries = 0; tries < COMMAND_TRIES_MAX; tries++) {
        const result = await handle(context, request, tries === 0 && request.isNew === true)
        if (E.isRight(result)) return result
        if (result.left !== MOVED) return E.left(result.left)
        await pause(Math.random() * tries * CONTENTION_PAUSE_MS)
      }
      return E.left(rejection('Unavailable', 'contention', { retryAfterSeconds: 1 }))
    },
    load: async (stream, decider) => {
      const { state, revision } = await slots.present(stream, decider)
      return { state: state as never, revision }
    },
  }
}

const pastHold = (context: Context, stream: string): Context =>
  context.refusal(stream) === STREAM_HELD
    ? { ...context, refusal: () => undefined, shown: () => Promise.resolve(true) }
    : context

/** The one write path. */
const handle = async <S, C>(
  context: Context,
  request: CommandRequest<S, C>,
  isNew: boolean,
): Promise<Step<Outcome<S>>> => {
  // 1. load
  const refusal = context.refusal(request.stream)
  if (refusal !== undefined) return unavailable(refusal)
  const slot = await load(context, request, isNew)
  if (slot.recent.has(request.commandId)) return repeated(context, request, slot)
  const before = slot.state as S
  const command = isFactory(request.command) ? await request.command(before) : request.command
  // 2. decide; from here to the append nothing is awaited, so no other command is decided on the same state
  if (slot.broken || slot.state !== before) return E.left(MOVED)
  const decision = request.decider.decide(command, before)
  if (E.isLeft(decision) || decision.right.length === 0) return unchanged(context, request, slot, decision)
  const facts = decision.right
  const events = facts.map((fact, index) => eventOf(request, String(index), fact))
  const after = events.reduce((state, event) => request.decider.evolve(state, factOf(event)), before)
  // 3. append
  const appended = await append(context, request, slot, { before, after, events })
  if (E.isLeft(appended)) return appended
  // 4. wait
  const { position } = appended.right
  if (!(await context.shown(request.stream, position))) return unavailable('documents_late')
  // 5. answer
  return E.right({ state: after, facts, position, repeated: false })
}

const load = <S, C>(
  { slots }: Context,
  { stream, decider }: CommandRequest<S, C>,
  isNew: boolean,
): Slot | Promise<Slot> => (isNew ? slots.fresh(stream, decider) : slots.load(stream, decider))

/** A refusal, or "nothing changes", is only true of a state that is flushed, shown, and that nobody has moved meanwhile. */
const unchanged = async <S, C>(
  { slots, shown }: Context,
  { stream, decider }: CommandRequest<S, C>,
  slot: Slot,
  decision: E.Either<Rejection, readonly Fact[]>,
): Promise<Step<Outcome<S>>> => {
  const { state, revision } = slot
  if (slot.pending !== undefined && !(await slot.pending)) return E.left(MOVED)
  if (!(await shown(stream, lastPosition(slot)))) return unavailable('documents_late')
  if (slot.broken || slot.revision !== revision) return E.left(MOVED)
  if (await slots.refresh(stream, slot, decider)) return E.left(MOVED)
  if (E.isLeft(decision)) return decision
  return E.right({ state: state as S, facts: [], position: 0n, repeated: false })
}

/** The same command again: it answers from the state of now, with all of that command's events, and appends nothing. */
const repeated = async <S, C>(
  { slots, shown }: Context,
  { stream, commandId, decider }: CommandRequest<S, C>,
  slot: Slot,
): Promise<Step<Outcome<S>>> => {
  if (slot.pending !== undefined && !(await slot.pending)) return E.left(MOVED)
  // Another node's large append comes in several pages: the slot may be in the middle of it.
  await slots.refresh(stream, slot, decider)
  const position = slot.recent.get(commandId)
  if (slot.broken || position === undefined || position === 0n) return E.left(MOVED)
  const { state } = slot.written
  if (!(await shown(stream, position))) return unavailable('documents_late')
  return E.right({ state: state as S, facts: [], position, repeated: true })
}

const append = async <S, C>(
  { history, slots, claims, snapshots }: Context,
  request: CommandRequest<S, C>,
  slot: Slot,
  { before, after, events }: Decided<S>,
): Promise<Step<Appended>> => {
  const { added, dropped } = claimChanges(request.decider, before, after)
  const asker = askerOf(request, slots)
  const isClaiming = added.length + dropped.length > 0
  const settled = isClaiming ? await claims.settle(asker, added, dropped) : NOTHING_CLAIMED
  if (E.isLeft(settled)) return settled
  const { taken, leaving } = settled.right
  if (slot.broken || slot.state !== before) {
    if (!isMaybeDone(request, slot)) await claims.release(asker, taken)
    return E.left(MOVED)
  }
  const answer = await appendToSlot(history, request, slot, { events, next: after })
  if (E.isLeft(answer)) {
    if (isSurelyNotWritten(answer.left)) await claims.release(asker, taken)
    return answer
  }
  slots.weigh(request.stream, slot)
  await claims.release(asker, leaving)
  snapshots.keep(request, slot)
  return answer
}

/** The same command, come a second time, may have moved the stream: then what it claimed is what its events rely on. */
const isMaybeDone = ({ commandId }: { readonly commandId: string }, slot: Slot): boolean =>
  slot.broken || slot.recent.has(commandId)

const isSurelyNotWritten = (refused: Rejection | typeof MOVED): boolean =>
  refused !== MOVED && refused.reason !== OUTCOME_UNKNOWN

const NOTHING_CLAIMED = E.right({ taken: [], leaving: [] })

const unavailable = (reason: string): E.Either<Rejection, never> =>
  E.left(rejection('Unavailable', reason, { retryAfterSeconds: 5 }))

const askerOf = <S, C>({ stream, decider, ...cause }: CommandRequest<S, C>, slots: Slots): Asker => ({
  stream,
  cause,
  subject: decider.subject?.(stream) ?? stream,
  claimsOf: async (other) => {
    const { state } = await slots.present(other, decider)
    return decider.claims?.(state as S) ?? []
  },
})

const isFactory = <S, C>(command: C | ((state: S) => Promise<C>)): command is (state: S) => Promise<C> =>
  typeof command === 'function'
