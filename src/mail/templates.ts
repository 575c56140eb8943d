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
  return layOut(german ? 'de' : 'en', subject, lines, imprint)
}

/** A sentence, or what stands alone on its line. */
export type Line = string | { readonly code: string } | { readonly link: string }

/** Lines as a mail in plain text and HTML; the imprint is the last one. */
export const layOut = (
  language: string,
  subject: string,
  lines: readonly Line[],
  imprint: string | undefined,
): Omit<Mail, 'to'> => {
  const last = sentence(imprint ?? '')
  const all = last === '' ? lines : [...lines, last]
  return {
    subject,
    text: `${all.map(plain).join('\n\n')}\n`,
    html: page(language, subject, all.map(paragraph)),
  }
}

const plain = (line: Line): string => {
  if (typeof line === 'string') return line
  return 'code' in line ? line.code : line.link
}

/** An operator's imprint need not end like a sentence. */
const sentence = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line === '' || /[.!?]$/.test(line) ? line : `${line}.`
}

const paragraph = (line: Line): string => {
  if (typeof line === 'string') return `<p>${escaped(line)}</p>`
  if ('code' in line) return `<p><strong>${escaped(line.code)}</strong></p>`
  // Nothing but a page: what a template leads to is set by people.
  const isPage = /^https?:\/\//i.test(line.link)
  return isPage
    ? `<p><a href="${escaped(line.link)}">${escaped(line.link)}</a></p>`
    : `<p>${escaped(line.link)}</p>`
}

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

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '')

const ENTITIES: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
