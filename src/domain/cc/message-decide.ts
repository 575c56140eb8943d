import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { CONNECTYCUBE_REACTION_CHARACTERS_MAX, CONNECTYCUBE_REACTIONS_MAX } from '../../limits.ts'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { may, type Action } from './dialog-rights.ts'
import { evolveBy } from './evolving.ts'
import { messageEvents, type MESSAGE_EVENTS } from './message-events.ts'
import type { MessageAction, MessageCommand, MessageState } from './message.ts'
import { NOBODY, valueOf, withValue } from './spread.ts'

/** What becomes of a message for everybody (connectycube 8.3, 8.6). */
export const messageDecider: Decider<MessageState, MessageCommand> = {
  initial: { isDeleted: false, reactions: NOBODY },
  stateVersion: 2,
  // Reactions are words of everybody who reacted: no one key could seal them (decisions 7).
  hasSnapshots: false,
  evolve: evolveBy<MessageState, typeof MESSAGE_EVENTS>(messageEvents, {
    MessageEdited: (state) => state,
    MessageReactionsChanged: (state, { user, sealed }) =>
      sealed === null
        ? state
        : {
            ...state,
            reactions: withValue(
              state.reactions,
              user,
              changed(given(state, user), sealed.add, sealed.remove),
            ),
          },
    MessageDeletedForAll: () => ({ isDeleted: true, reactions: NOBODY }),
  }),
  decide: (command, state) =>
    state.isDeleted ? E.left(rejection('NotFound', 'no_message')) : decideThere(command, state),
}

/** By whoever was in the dialog then: `may` is asked about now. */
export const mayDelete = ({ by, sender, dialogType, role }: Omit<MessageCommand, 'action'>): boolean =>
  (by === sender && may(dialogType, role, 'deleteOwn')) || may(dialogType, role, 'deleteAny')

type Decided = Either<Rejection, readonly Fact[]>
type Of<T extends MessageAction['type']> = Extract<MessageAction, { readonly type: T }>

const { fact } = messageEvents
const FORBIDDEN: Decided = E.left(rejection('Forbidden', 'no_right'))

const decideThere = ({ action, ...at }: MessageCommand, state: MessageState): Decided => {
  const { app, dialog, message, sender, by } = at
  const place = { app, dialog, message, sender }
  const isAllowed = (wanted: Action): boolean => may(at.dialogType, at.role, wanted)
  switch (action.type) {
    case 'Edit':
      return by === sender && isAllowed('write')
        ? E.right([fact('MessageEdited', { ...place, sealed: { text: action.text } })])
        : FORBIDDEN
    case 'React':
      return isAllowed('read') ? react(action, { ...place, user: by }, state) : FORBIDDEN
    case 'DeleteForAll': {
      if (!mayDelete(at)) return FORBIDDEN
      const { seq, previous } = action
      const last = previous === undefined ? {} : { previous }
      return E.right([fact('MessageDeletedForAll', { ...place, seq, by, ...last })])
    }
  }
}

const given = ({ reactions }: MessageState, user: number): readonly string[] => valueOf(reactions, user) ?? []

const changed = (
  kinds: readonly string[],
  add: readonly string[],
  remove: readonly string[],
): readonly string[] => [...kinds.filter((kind) => !remove.includes(kind)), ...add]

type Reacting = {
  readonly app: number
  readonly dialog: string
  readonly message: string
  readonly sender: number
  readonly user: number
}

/** What is given again, or taken back that was not there, is nothing; one that is in both is given. */
const react = ({ add, remove }: Of<'React'>, at: Reacting, state: MessageState): Decided => {
  const kinds = given(state, at.user)
  const added = [...new Set(add)].filter((kind) => !kinds.includes(kind))
  const removed = [...new Set(remove)].filter((kind) => kinds.includes(kind) && !add.includes(kind))
  if (added.some((kind) => kind === '' || kind.length > CONNECTYCUBE_REACTION_CHARACTERS_MAX))
    return invalid('is invalid')
  if (added.length === 0 && removed.length === 0) return E.right([])
  if (changed(kinds, added, removed).length > CONNECTYCUBE_REACTIONS_MAX)
    return invalid(`is too long (maximum is ${CONNECTYCUBE_REACTIONS_MAX} reactions)`)
  return E.right([fact('MessageReactionsChanged', { ...at, sealed: { add: added, remove: removed } })])
}

const invalid = (text: string): Decided =>
  E.left(rejection('Unprocessable', 'reaction', { fields: { add: [text] } }))
