/** What each kind of mail tells. Names and titles come from users and may be anything. */
export type MailParams = {
  readonly 'login-code': { readonly code: string; readonly deviceName?: string | undefined }
  readonly manipulation: { readonly deviceName: string }
  readonly uninstall: { readonly deviceName: string }
  readonly 'task-done': { readonly taskTitle: string; readonly deviceName: string }
  readonly 'password-reset': NoParams
  readonly 'device-linked': { readonly deviceName: string }
  readonly 'account-deleted': NoParams
}
export type MailKind = keyof MailParams
export type NoParams = { readonly [key: string]: never }

/** Each line is a full sentence with a final mark, and no value ends one; the code stands alone. */
export type MailText = {
  readonly subject: string
  readonly lines: readonly (string | { readonly code: string })[]
}
export type MailTexts = { readonly [K in MailKind]: (params: MailParams[K]) => MailText }

export const isMailKind = (kind: string): kind is MailKind => Object.hasOwn(ENGLISH, kind)

/** One line, cut to a sane length; nothing in it hides or turns around the text beside it. */
export const label = (value: string): string => {
  const line = value.replace(UNPRINTABLE, ' ').replace(/\s+/g, ' ').trim()
  const chars = Array.from(line)
  if (chars.length === 0) return '–'
  return chars.length > LABEL_CHARS_MAX ? `${chars.slice(0, LABEL_CHARS_MAX).join('').trimEnd()}…` : line
}

const LABEL_CHARS_MAX = 60
/** Control characters, halves of characters, line and paragraph separators, marks of direction. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

const en = (value: string): string => `“${label(value)}”`
const de = (value: string): string => `„${label(value)}“`

export const ENGLISH: MailTexts = {
  'login-code': ({ code, deviceName }) => ({
    subject: 'Your code for TimeLimit',
    lines: [
      'Please enter this code in TimeLimit.',
      { code },
      ...(deviceName === undefined ? [] : [`The code was requested at the device ${en(deviceName)}.`]),
      'Do not pass it on to anybody.',
      'If you did not ask for a code, you can ignore this mail.',
    ],
  }),
  manipulation: ({ deviceName }) => ({
    subject: 'TimeLimit: possible manipulation',
    lines: [
      `The device ${en(deviceName)} shows signs of a manipulation of TimeLimit.`,
      'You find the details in TimeLimit, at this device.',
    ],
  }),
  uninstall: ({ deviceName }) => ({
    subject: 'TimeLimit was removed from a device',
    lines: [
      `TimeLimit was removed from the device ${en(deviceName)}, or its data was deleted.`,
      'It is not limited there any more.',
    ],
  }),
  'task-done': ({ taskTitle, deviceName }) => ({
    subject: 'TimeLimit: a task was done',
    lines: [
      `The task ${en(taskTitle)} was marked as done at the device ${en(deviceName)}.`,
      'You can confirm or reject this in TimeLimit.',
    ],
  }),
  'password-reset': () => ({
    subject: 'TimeLimit: your password was reset',
    lines: [
      'Your password for TimeLimit was just replaced by a new one, with a code that was sent to this mail address.',
      'If it was not you, somebody else has access to your mails.',
    ],
  }),
  'device-linked': ({ deviceName }) => ({
    subject: 'TimeLimit: a device was added',
    lines: [
      `The device ${en(deviceName)} was added to your family, with a code that was sent to this mail address.`,
      'If it was not you, remove this device in TimeLimit; somebody else has access to your mails.',
    ],
  }),
  'account-deleted': () => ({
    subject: 'TimeLimit: your account was deleted',
    lines: ['Your family at TimeLimit was deleted, with all its data.', 'This cannot be undone.'],
  }),
}

export const GERMAN: MailTexts = {
  'login-code': ({ code, deviceName }) => ({
    subject: 'Ihr Code für TimeLimit',
    lines: [
      'Bitte geben Sie diesen Code in TimeLimit ein.',
      { code },
      ...(deviceName === undefined ? [] : [`Der Code wurde am Gerät ${de(deviceName)} angefordert.`]),
      'Geben Sie ihn an niemanden weiter.',
      'Wenn Sie keinen Code angefordert haben, dann können Sie diese Nachricht ignorieren.',
    ],
  }),
  manipulation: ({ deviceName }) => ({
    subject: 'TimeLimit: mögliche Manipulation',
    lines: [
      `Am Gerät ${de(deviceName)} gibt es Anzeichen für eine Manipulation von TimeLimit.`,
      'Einzelheiten finden Sie in TimeLimit bei diesem Gerät.',
    ],
  }),
  uninstall: ({ deviceName }) => ({
    subject: 'TimeLimit wurde von einem Gerät entfernt',
    lines: [
      `TimeLimit wurde vom Gerät ${de(deviceName)} entfernt, oder seine Daten wurden dort gelöscht.`,
      'Dort gibt es nun keine Begrenzungen mehr.',
    ],
  }),
  'task-done': ({ taskTitle, deviceName }) => ({
    subject: 'TimeLimit: eine Aufgabe wurde erledigt',
    lines: [
      `Die Aufgabe ${de(taskTitle)} wurde am Gerät ${de(deviceName)} als erledigt gemeldet.`,
      'Sie können das in TimeLimit bestätigen oder ablehnen.',
    ],
  }),
  'password-reset': () => ({
    subject: 'TimeLimit: Ihr Passwort wurde zurückgesetzt',
    lines: [
      'Ihr Passwort für TimeLimit wurde soeben mit einem Code, der an diese Adresse ging, durch ein neues ersetzt.',
      'Wenn Sie das nicht waren, dann hat jemand anderes Zugriff auf Ihre Nachrichten.',
    ],
  }),
  'device-linked': ({ deviceName }) => ({
    subject: 'TimeLimit: ein Gerät wurde hinzugefügt',
    lines: [
      `Das Gerät ${de(deviceName)} wurde mit einem Code, der an diese Adresse ging, zu Ihrer Familie hinzugefügt.`,
      'Wenn Sie das nicht waren, dann entfernen Sie dieses Gerät in TimeLimit; jemand anderes hat Zugriff auf Ihre Nachrichten.',
    ],
  }),
  'account-deleted': () => ({
    subject: 'TimeLimit: Ihr Konto wurde gelöscht',
    lines: [
      'Ihre Familie bei TimeLimit wurde mit allen Daten gelöscht.',
      'Das kann nicht rückgängig gemacht werden.',
    ],
  }),
}
