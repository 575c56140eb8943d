import * as E from 'fp-ts/lib/Either.js'
import { createMailTokens, type TokenKind } from '../../commands/cc/mail-tokens.ts'
import { readPassword } from '../../domain/cc/user-fields.ts'
import type { Answer } from '../../http/protocol.ts'
import { escaped } from '../../mail/templates.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { text } from './params.ts'
import type { Services } from './services.ts'

const NEW_PASSWORD = '/users/password/new'
const CONFIRM = '/users/confirm'

/** Where the links of mails lead (connectycube 12.5). Looking at a page changes nothing: programs follow links, too. */
export const PASSWORD_PAGES: readonly Endpoint[] = [
  {
    method: 'GET',
    path: NEW_PASSWORD,
    level: 'none',
    serve: (services, call) => asking(services, call, 'password-reset', passwordPage),
  },
  {
    method: 'POST',
    path: NEW_PASSWORD,
    level: 'none',
    serve: async (services, { params }) => {
      const token = text(params['token']) ?? ''
      if (!(await isGood(services, 'password-reset', token))) return EXPIRED
      const password = readPassword(params['password'])
      if (password === undefined || E.isLeft(password))
        return passwordPage(token, 'The password needs 8 to 40 characters.')
      const repeated = params['repeated']
      if (repeated !== undefined && repeated !== password.right)
        return passwordPage(token, 'These are two different passwords.')
      const done = await services.users.resetPassword(token, password.right)
      if (E.isRight(done)) return page(200, 'New password', '<p>Your new password is set.</p>')
      return done.left.kind === 'Unavailable' ? render(done.left) : EXPIRED
    },
  },
  {
    method: 'GET',
    path: CONFIRM,
    level: 'none',
    serve: (services, call) => asking(services, call, 'confirmation', confirmPage),
  },
  {
    method: 'POST',
    path: CONFIRM,
    level: 'none',
    serve: async (services, { params }) => {
      const done = await services.users.confirmEmail(text(params['token']) ?? '')
      if (E.isRight(done)) return page(200, 'Your address', '<p>Your address is confirmed.</p>')
      return done.left.kind === 'Unavailable' ? render(done.left) : EXPIRED
    },
  },
]

const isGood = (services: Services, kind: TokenKind, token: string): Promise<boolean> =>
  createMailTokens(services).isGood(kind, token)

const asking = async (
  services: Services,
  { params }: Call,
  kind: TokenKind,
  show: (token: string) => Answer,
): Promise<Answer> => {
  const token = text(params['token']) ?? ''
  return (await isGood(services, kind, token)) ? show(token) : EXPIRED
}

/** Nothing is loaded or run, nobody frames it, and the token goes nowhere: not to a cache, not to another page. */
const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
}

const page = (status: number, title: string, content: string): Answer => ({
  status,
  headers: HEADERS,
  body: [
    '<!DOCTYPE html>',
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${escaped(title)}</title></head>`,
    `<body><h1>${escaped(title)}</h1>${content}</body></html>`,
    '',
  ].join('\n'),
})

const EXPIRED = page(404, 'This link is not valid any more', '<p>Please ask for a new mail.</p>')

/** Sent to where the page is. */
const form = (token: string, fields: string, button: string): string =>
  `<form method="post" action="?"><input type="hidden" name="token" value="${escaped(token)}">` +
  `${fields}<p><button type="submit">${escaped(button)}</button></p></form>`

const field = (name: string, title: string): string =>
  `<p><label>${title}<br><input type="password" name="${name}" minlength="8" maxlength="40" required autocomplete="new-password"></label></p>`

const passwordPage = (token: string, fault?: string): Answer =>
  page(
    fault === undefined ? 200 : 422,
    'New password',
    (fault === undefined ? '' : `<p>${escaped(fault)}</p>`) +
      form(token, field('password', 'Password') + field('repeated', 'Once more'), 'Set the password'),
  )

const confirmPage = (token: string): Answer =>
  page(200, 'Your address', form(token, '', 'Confirm the address'))
