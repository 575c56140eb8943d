import type { Mail } from './mailer.ts'
import { ENGLISH, GERMAN } from './texts.ts'
import type { MailKind, MailParams } from './texts.ts'

/**
 * A mail of TimeLimit, German for the locale `de`, otherwise English (timelimit 2.2). In its plain text a code stands alone
 * on a line, and every other line is a sentence with a final mark; the imprint is the last one.
 */
export const renderMail = <K extends MailKind>(
  kind: K,
  params: MailParams[K],
  locale: string,
  imprint: string | undefined,
): Omit<Mail, 'to'> => {
  const german = locale === 'de'
  const { subject, lines } = (german ? GERMAN : ENGLISH)[kind](params)
  const last = sentence(imprint ?? '')
  const all = last === '' ? lines : [...lines, last]
  return {
    subject,
    text: `${all.map((line) => (typeof line === 'string' ? line : line.code)).join('\n\n')}\n`,
    html: page(german ? 'de' : 'en', subject, all.map(paragraph)),
  }
}

/** An operator's imprint need not end like a sentence. */
const sentence = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line === '' || /[.!?]$/.test(line) ? line : `${line}.`
}

const paragraph = (line: string | { readonly code: string }): string =>
  typeof line === 'string' ? `<p>${escaped(line)}</p>` : `<p><strong>${escaped(line.code)}</strong></p>`

const page = (language: string, title: string, paragraphs: readonly string[]): string =>
  [
    '<!DOCTYPE html>',
    `<html lang="${language}">`,
    `<head><meta charset="utf-8"><title>${escaped(title)}</title></head>`,
    `<body>`,
    ...paragraphs,
    `</body>`,
    '</html>',
    '',
  ].join('\n')

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')

const ENTITIES: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
