import type { Fact } from '../../decider.ts'
import { fact } from '../events.ts'
import type { FamilyState } from '../state.ts'

/** Bits of a parent's notification flags (timelimit 4.4). */
export const MANIPULATION_MAILS = 1
export const TASK_MAILS = 2

type Mail = { readonly kind: string; readonly params: { readonly [name: string]: string } }

/** A mail to each parent that has an address and wants mails of that sort. */
export const mailsTo = (
  { users }: FamilyState,
  flag: number,
  { kind, params }: Mail,
  now: number,
): readonly Fact[] =>
  Object.values(users)
    .filter(
      ({ type, mail, notificationFlags }) =>
        type === 'parent' && mail !== '' && (notificationFlags & flag) !== 0,
    )
    .map(({ mail, locale }) => fact('MailQueued', { kind, at: now, sealed: { to: mail, locale, params } }))
