import type { Fact } from '../decider.ts'
import { userEvents, type Profile } from './user-events.ts'
import { NO_PROFILE, type UserState } from './user.ts'

export const NO_USER: UserState = {
  life: 'none',
  isGuest: false,
  profile: NO_PROFILE,
  verifier: null,
  isConfirmed: false,
  resets: [],
  isAnnounced: false,
}

/** Newest mails for a new password that are remembered. */
export const RESETS_REMEMBERED = 5

/** The user after an event. Unknown types leave him alone; throws if a known one has data of another shape. */
export const evolveUser = (state: UserState, event: Fact): UserState =>
  ROWS.get(event.type)?.(state, event) ?? state

type Row = (state: UserState, event: Fact) => UserState

const changed = (state: UserState, changes: Partial<Profile> | null | undefined): UserState => {
  const profile = { ...state.profile, ...changes }
  return { ...state, profile, isConfirmed: state.isConfirmed && profile.email === state.profile.email }
}

const ROWS: ReadonlyMap<string, Row> = new Map<string, Row>([
  [
    'UserSignedUp',
    (_, event) => {
      const { isGuest, sealed } = userEvents.dataOf('UserSignedUp', event)
      return {
        ...changed(NO_USER, sealed?.profile),
        life: 'there',
        isGuest: isGuest === true,
        verifier: sealed?.verifier ?? null,
      }
    },
  ],
  [
    'UserProfileChanged',
    (state, event) => changed(state, userEvents.dataOf('UserProfileChanged', event).sealed),
  ],
  [
    'UserPasswordChanged',
    (state, event) => {
      const { sealed } = userEvents.dataOf('UserPasswordChanged', event)
      return { ...state, verifier: sealed?.verifier ?? null }
    },
  ],
  [
    'UserPasswordResetRequested',
    (state, event) => {
      const { at } = userEvents.dataOf('UserPasswordResetRequested', event)
      return { ...state, resets: [...state.resets, at].slice(-RESETS_REMEMBERED) }
    },
  ],
  ['UserEmailConfirmed', (state) => ({ ...state, isConfirmed: true })],
  ['ContactJoined', (state) => ({ ...state, isAnnounced: true })],
  ['UserDeleted', () => ({ ...NO_USER, life: 'deleted' })],
])
