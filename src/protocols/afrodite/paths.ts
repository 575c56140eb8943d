import { hash } from 'node:crypto'

/** What the handshake of afrodite 3.1 is asked at. */
const CONNECT_NAME = '/common_api/connect'

/**
 * The public path of a plain route name: `/` and the base64url of its SHA-1 (afrodite 4.1). A parameter at its end stays readable.
 */
export const publicPath = (name: string): string => {
  const parameter = /\/\{\w+\}$/.exec(name)?.[0] ?? ''
  const fixed = name.slice(0, name.length - parameter.length)
  return `/${hash('sha1', fixed, 'base64url')}${parameter}`
}

export const CONNECT_PATH = publicPath(CONNECT_NAME)
