import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Decider, Fact } from '../decider.ts'
import { rejection, type Rejection } from '../rejection.ts'
import { blobEvents, type BLOB_EVENTS, type BlobContent } from './blob-events.ts'
import { evolveBy } from './evolving.ts'
import { wordsSubject } from './names.ts'

export const BLOB_EXISTS = rejection('Conflict', 'blob_exists')

export type BlobState = {
  readonly life: 'none' | 'open' | 'complete' | 'gone'
  readonly owner: number
  readonly name: string
  readonly contentType: string
  readonly content?: BlobContent
  /** What the last event took the place of, or took away: nothing needs its bytes any more. */
  readonly dropped?: BlobContent
}

/** `owner` is who wants it. */
type Place = { readonly app: number; readonly blob: number; readonly owner: number }
export type BlobChange = { readonly name?: string; readonly contentType?: string; readonly reopen: boolean }
export type BlobCommand =
  | {
      readonly type: 'Declare'
      readonly place: Place
      readonly uid: string
      readonly name: string
      readonly contentType: string
      readonly public: boolean
    }
  | { readonly type: 'Upload'; readonly place: Place; readonly content: BlobContent }
  | { readonly type: 'Complete'; readonly place: Place }
  | { readonly type: 'Change'; readonly place: Place; readonly change: BlobChange }
  | { readonly type: 'Delete'; readonly place: Place }

/** A file is declared, uploaded as often as its owner likes, and complete from when he says so (connectycube 7). */
export const blobDecider = (app: number, owner: number): Decider<BlobState, BlobCommand> => ({
  initial: { life: 'none', owner: 0, name: '', contentType: '' },
  stateVersion: 1,
  evolve: (state, event) => evolve(state, event),
  decide: (command, state) => decide(command, state),
  subject: () => wordsSubject(app, owner),
})

const decide = (command: BlobCommand, state: BlobState): Either<Rejection, readonly Fact[]> => {
  const { life } = state
  if (command.type === 'Declare') return declare(command, life)
  const { place } = command
  if (life !== 'open' && life !== 'complete') return E.left(rejection('NotFound', 'no_blob'))
  if (state.owner !== place.owner) return E.left(rejection('Forbidden', 'not_the_owner'))
  switch (command.type) {
    case 'Upload':
      return life === 'complete'
        ? E.left(rejection('Conflict', 'blob_is_complete'))
        : E.right([blobEvents.fact('BlobUploaded', { ...place, content: command.content })])
    case 'Complete':
      return complete(place, state)
    case 'Change':
      return E.right(change(place, command.change, state))
    case 'Delete':
      return E.right([blobEvents.fact('BlobDeleted', place)])
  }
}

const declare = (
  { place, uid, name, contentType, public: isPublic }: Extract<BlobCommand, { readonly type: 'Declare' }>,
  life: BlobState['life'],
): Either<Rejection, readonly Fact[]> =>
  life === 'none'
    ? E.right([
        blobEvents.fact('BlobDeclared', { ...place, uid, public: isPublic, sealed: { name, contentType } }),
      ])
    : E.left(BLOB_EXISTS)

const complete = (place: Place, { life, content }: BlobState): Either<Rejection, readonly Fact[]> => {
  if (life === 'complete') return E.right([])
  return content === undefined
    ? E.left(rejection('Unprocessable', 'nothing_uploaded'))
    : E.right([blobEvents.fact('BlobCompleted', place)])
}

const change = (
  place: Place,
  { name, contentType, reopen }: BlobChange,
  state: BlobState,
): readonly Fact[] => {
  const isNamed = name !== undefined && name !== state.name
  const isTyped = contentType !== undefined && contentType !== state.contentType
  const renamed = blobEvents.fact('BlobRenamed', {
    ...place,
    sealed: { ...(isNamed ? { name } : {}), ...(isTyped ? { contentType } : {}) },
  })
  return [
    ...(isNamed || isTyped ? [renamed] : []),
    ...(reopen && state.life === 'complete' ? [blobEvents.fact('BlobReopened', place)] : []),
  ]
}

/** Without content: what there was is dropped. */
const emptied = ({ content, ...state }: BlobState): BlobState =>
  content === undefined ? state : { ...state, dropped: content }

const settled = ({ dropped: _, ...state }: BlobState): BlobState => state

const evolve = evolveBy<BlobState, typeof BLOB_EVENTS>(blobEvents, {
  BlobDeclared: (_, { owner, sealed }) => ({
    ...{ life: 'open', owner },
    name: sealed?.name ?? '',
    contentType: sealed?.contentType ?? '',
  }),
  BlobUploaded: (state, { content }) => ({ ...emptied(settled(state)), content }),
  BlobCompleted: (state) => ({ ...settled(state), life: 'complete' }),
  BlobRenamed: (state, { sealed }) => ({
    ...settled(state),
    name: sealed?.name ?? state.name,
    contentType: sealed?.contentType ?? state.contentType,
  }),
  BlobReopened: (state) => ({ ...emptied(settled(state)), life: 'open' }),
  BlobDeleted: (state) => ({ ...emptied(settled(state)), life: 'gone' }),
})
