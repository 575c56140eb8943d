import type { CcMailKind } from '../domain/cc/mail-events.ts'
import { isList, type JsonObject } from '../json.ts'
import type { Mail } from './mailer.ts'
import { layOut, type Line } from './templates.ts'
import { label } from './texts.ts'

/** What a mail is written from: what was ordered, and what only its sender knows. */
export type CcLetter = {
  readonly kind: CcMailKind
  readonly app: number
  readonly params: JsonObject
  /** Of the kinds that have one. */
  readonly token?: string
}

/** The five mails of connectycube 12.5. */
export const renderCcMail = (letter: CcLetter, imprint?: string): Omit<Mail, 'to'> => {
  const { subject, lines } = TEXTS[letter.kind](letter)
  return layOut('en', subject, lines, imprint)
}

type Text = { readonly subject: string; readonly lines: readonly Line[] }

const textAt = ({ params }: CcLetter, name: string): string => {
  const value = params[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const titleOf = (letter: CcLetter): string => label(textAt(letter, 'title') || `Application ${letter.app}`)

const linkTo = (letter: CcLetter, path: string): Line => ({
  link: `${textAt(letter, 'baseUrl')}${path}?token=${letter.token ?? ''}`,
})

const TEXTS: { readonly [kind in CcMailKind]: (letter: CcLetter) => Text } = {
  welcome: (letter) => ({
    subject: `Welcome to ${titleOf(letter)}`,
    lines: [`You have signed up to ${titleOf(letter)} with this address.`],
  }),
  'password-reset': (letter) => ({
    subject: `${titleOf(letter)}: your new password`,
    lines: [
      `Somebody asked for a new password for your account at ${titleOf(letter)}.`,
      'Open this page to choose it; the link is good once, and for one day.',
      linkTo(letter, '/users/password/new'),
      'If it was not you, you can ignore this mail: nothing changes.',
    ],
  }),
  confirmation: (letter) => ({
    subject: `${titleOf(letter)}: please confirm your address`,
    lines: [
      `This address was given for an account at ${titleOf(letter)}.`,
      'Open this page to confirm that it is yours; the link is good once, and for one day.',
      linkTo(letter, '/users/confirm'),
      'If it was not you, you can ignore this mail.',
    ],
  }),
  'recording-done': (letter) => ({
    subject: `${titleOf(letter)}: your recording is there`,
    lines: [
      'The recording of your meeting can be downloaded here.',
      { link: textAt(letter, 'link') },
      ...expiry(textAt(letter, 'expireInDays')),
    ],
  }),
  'meeting-notification': (letter) => ({
    subject: `${titleOf(letter)}: a meeting`,
    lines: [
      `${label(textAt(letter, 'host'))} invites you to a meeting that begins at ${label(textAt(letter, 'startDate'))}.`,
      { link: textAt(letter, 'link') },
      ...attendeesOf(letter),
    ],
  }),
}

/** A media server's own link expires when it pleases. */
const expiry = (days: string): readonly string[] =>
  days === '' ? [] : [`The link expires in ${label(days)} days.`]

const attendeesOf = ({ params }: CcLetter): readonly string[] => {
  const attendees = params['attendees']
  const names = isList(attendees) ? attendees.filter((one) => typeof one === 'string').map(label) : []
  return names.length === 0 ? [] : [`It is for ${names.join(', ')}.`]
}
