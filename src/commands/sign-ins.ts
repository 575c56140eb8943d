import { hash } from 'node:crypto'

/** Space of the vault: how often a login of the stores failed from an address lately. */
export const SIGN_INS = 'stores.sign-ins'

/** The entry of a login from an address; neither can be read from it. */
export const signInKey = (login: string, address: string): string =>
  hash('sha256', `${login.toLowerCase()}\n${address}`, 'base64url')
