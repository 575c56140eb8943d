import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { IdentityProvider } from '../../domain/cc/settings.ts'
import { rejection, type Rejection } from '../../domain/rejection.ts'
import { isObject, type Json, type JsonObject } from '../../json.ts'
import { CIDP_BYTES_MAX, CIDP_MS_MAX } from '../../limits.ts'

/** Those of connectycube 3.1, each with the fields that name a user of it. */
export const PROVIDERS = {
  facebook: 'facebook_id',
  twitter: 'twitter_id',
  firebase_phone: 'phone',
  firebase_email: 'email',
} as const
export type ProviderName = keyof typeof PROVIDERS

export const isProvider = (name: string): name is ProviderName => Object.hasOwn(PROVIDERS, name)

/** Who somebody is elsewhere: the value of the provider's field, and what else is known of him for his sign-up. */
export type Identity = { readonly id: string; readonly profile: JsonObject }

/** Asks one provider whether the credentials are somebody's. */
export type ProviderAdapter = (credentials: JsonObject) => Promise<Either<Rejection, Identity>>

export type IdentityProviders = {
  readonly verify: (name: ProviderName, credentials: JsonObject) => Promise<Either<Rejection, Identity>>
  /** The application's own: `id` is what it calls the user, `profile` what else is mapped. */
  readonly ask: (
    provider: IdentityProvider,
    credentials: { readonly login: string; readonly password: string },
  ) => Promise<Either<Rejection, Identity>>
}

export const createIdentityProviders = (
  adapters: { readonly [name in ProviderName]?: ProviderAdapter },
  get: Get = fetch,
): IdentityProviders => ({
  verify: (name, credentials) =>
    adapters[name]?.(credentials) ?? Promise.resolve(refused(`Identity provider ${name} is not configured`)),
  ask: async ({ url, request_params, response_params }, credentials) => {
    const asked = new URL(url)
    for (const [name, template] of Object.entries(request_params))
      asked.searchParams.set(name, filled(template, credentials))
    const answer = await fetchJson(get, asked)
    if (answer === undefined) return refused('Custom identity provider refused the request')
    const { uid, ...profile } = Object.fromEntries(
      Object.entries(response_params).flatMap(([field, template]) => {
        const value = filled(template, answer)
        return value === '' ? [] : [[field, value]]
      }),
    )
    return uid === undefined
      ? refused('Custom identity provider named no user')
      : E.right({ id: uid, profile })
  },
})

type Get = (url: URL, init: RequestInit) => Promise<Response>

const refused = (text: string): Either<Rejection, never> =>
  E.left(rejection('Unprocessable', 'identity_provider', { fields: { base: [text] } }))

/** `#{a.b}` is what stands there; nothing if it is no scalar. */
const filled = (template: string, values: Json): string =>
  template.replace(/#\{([^{}]{1,200})\}/g, (_, path: string) => scalar(at(values, path.trim().split('.'))))

const at = (value: Json | undefined, [step, ...rest]: readonly string[]): Json | undefined => {
  if (step === undefined) return value
  if (Array.isArray(value)) return at((value as readonly Json[])[Number(step)], rest)
  return isObject(value) && Object.hasOwn(value, step) ? at(value[step], rest) : undefined
}

const scalar = (value: Json | undefined): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** `undefined` for anything but a 2xx with JSON, in time and not too large. It is never sent on to another address. */
const fetchJson = async (get: Get, url: URL): Promise<Json | undefined> => {
  try {
    const response = await get(url, {
      redirect: 'error',
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(CIDP_MS_MAX),
    })
    const text = await textOf(response)
    return response.ok && text !== undefined ? (JSON.parse(text) as Json) : undefined
  } catch {
    return undefined
  }
}

const textOf = async ({ body }: Response): Promise<string | undefined> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // The types of the platform leave out that it can be iterated.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > CIDP_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
