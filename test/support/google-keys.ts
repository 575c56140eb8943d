/** A server in Google's place, which publishes keys, and ID tokens signed with them. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { exportJWK, generateKeyPair, SignJWT, type JWTHeaderParameters } from 'jose'

export const CLIENT_IDS = { web: 'web-id', server: 'server-id', android: 'android-id', ios: 'ios-id' }

export type Key = Awaited<ReturnType<typeof generateKeyPair>> & { readonly kid: string }

export const newKey = async (kid: string, alg = 'RS256'): Promise<Key> => ({
  ...(await generateKeyPair(alg, { extractable: true })),
  kid,
})

export type Claims = { readonly [claim: string]: unknown }

/** Good, unless changed. Members that are undefined are left out. */
export const idToken = (
  { privateKey, kid }: Key,
  payload: Claims = {},
  header: { readonly kid?: string | undefined; readonly alg?: string } = {},
): Promise<string> => {
  const all = {
    ...{ iss: 'https://accounts.google.com', aud: CLIENT_IDS.web, azp: CLIENT_IDS.web },
    ...{ sub: '117', email: 'ann@example.org', email_verified: true },
    exp: Math.floor(Date.now() / 1000) + 3_600,
    ...payload,
  }
  const given = Object.fromEntries(
    Object.entries({ alg: 'RS256', kid, ...header }).filter(([, value]) => value),
  )
  return new SignJWT(all).setProtectedHeader(given as JWTHeaderParameters).sign(privateKey)
}

export type GoogleKeysServer = {
  readonly url: string
  /** Keys that it publishes. */
  readonly publish: (...keys: readonly Key[]) => void
  /** How it answers from now on. */
  readonly answer: (how: (res: ServerResponse, body: string) => void) => void
  readonly fetches: () => number
}

export const startGoogleKeys = async (t: ExecutionContext): Promise<GoogleKeysServer> => {
  let keys: readonly Key[] = []
  let fetches = 0
  let how = (res: ServerResponse, body: string): void => void res.end(body)
  const server = createServer((_, res) => {
    fetches += 1
    const jwks = keys.map(async ({ publicKey, kid }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      use: 'sig',
    }))
    void Promise.all(jwks).then((all) => how(res, JSON.stringify({ keys: all })))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => void server.close(() => resolve()))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/certs`,
    publish: (...published) => {
      keys = published
    },
    answer: (next) => {
      how = next
    },
    fetches: () => fetches,
  }
}
