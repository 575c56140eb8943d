import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Claim, Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { eventsOf, sealed } from './codec.ts'
import { evolveBy } from './evolving.ts'
import { wordsSubject } from './names.ts'

const place = { app: t.number, whiteboard: t.string, user: t.number }
const Words = sealed(t.type({ name: t.string }))

/** Of a whiteboard's stream; `user` made it, and its name is his words. `slot`: which of the dialog's places it has, from 0. */
export const WHITEBOARD_EVENTS = {
  WhiteboardCreated: t.intersection([
    t.type({ ...place, dialog: t.string, slot: t.number }),
    t.partial({ sealed: Words }),
  ]),
  WhiteboardRenamed: t.intersection([t.type(place), t.partial({ sealed: Words })]),
  WhiteboardDeleted: t.type(place),
} as const

export const whiteboardEvents = eventsOf(WHITEBOARD_EVENTS)

const WORDS_OF_CREATOR = {
  fields: ['sealed'],
  subject: ({ data: { app, user } }: Pick<Fact, 'data'>) =>
    typeof app === 'number' && typeof user === 'number' ? wordsSubject(app, user) : undefined,
}
export const WHITEBOARD_SEALED = {
  WhiteboardCreated: WORDS_OF_CREATOR,
  WhiteboardRenamed: WORDS_OF_CREATOR,
} as const

/** Connectycube 10.2. */
export const WHITEBOARDS_A_DIALOG = 3
export const SLOT_TAKEN = rejection('Conflict', 'whiteboard_slot')

export type WhiteboardState = {
  readonly life: 'none' | 'there' | 'gone'
  readonly user: number
  readonly claims: readonly Claim[]
}
export type WhiteboardCommand = {
  readonly app: number
  readonly whiteboard: string
  /** Who wants it. */
  readonly user: number
} & (
  | { readonly type: 'Create'; readonly dialog: string; readonly slot: number; readonly name: string }
  | { readonly type: 'Rename'; readonly name: string }
  | { readonly type: 'Delete' }
)

/** Whiteboards belong to who made them; a dialog has so many places for them, each claimed, so that there are never more. */
export const whiteboardDecider = (
  app: number,
  creator: number,
): Decider<WhiteboardState, WhiteboardCommand> => ({
  initial: { life: 'none', user: 0, claims: [] },
  stateVersion: 1,
  evolve: (state, event) => evolve(state, event),
  decide: (command, state) => decide(command, state),
  claims: ({ claims }) => claims,
  subject: () => wordsSubject(app, creator),
})

const decide = (
  command: WhiteboardCommand,
  { life, user: creator }: WhiteboardState,
): Either<Rejection, readonly Fact[]> => {
  const { app, whiteboard, user } = command
  const known = { app, whiteboard, user }
  if (command.type === 'Create') {
    const { dialog, slot, name } = command
    return life === 'none'
      ? E.right([whiteboardEvents.fact('WhiteboardCreated', { ...known, dialog, slot, sealed: { name } })])
      : E.left(rejection('Conflict', 'whiteboard_exists'))
  }
  if (life !== 'there') return E.left(rejection('NotFound', 'no_whiteboard'))
  if (user !== creator) return E.left(rejection('Forbidden', 'not_the_creator'))
  return E.right([
    command.type === 'Rename'
      ? whiteboardEvents.fact('WhiteboardRenamed', { ...known, sealed: { name: command.name } })
      : whiteboardEvents.fact('WhiteboardDeleted', known),
  ])
}

const evolve = evolveBy<WhiteboardState, typeof WHITEBOARD_EVENTS>(whiteboardEvents, {
  WhiteboardCreated: (_, { app, user, dialog, slot }) => ({
    ...{ life: 'there', user },
    claims: [{ kind: 'cc.whiteboard', value: `${app}:${dialog}:${slot}`, onTaken: SLOT_TAKEN }],
  }),
  WhiteboardRenamed: (state) => state,
  WhiteboardDeleted: (state) => ({ ...state, life: 'gone', claims: [] }),
})
