/** A plain HTTP client of the ConnectyCube protocol, of the application that a fresh server in development has. */
import { isObject, type Json, type JsonObject } from '../../src/json.ts'

export type Reply = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Null if it is no JSON. */
  readonly body: Json
}
export type Sent = {
  readonly token?: string
  readonly headers?: { readonly [name: string]: string }
  readonly json?: Json
  readonly form?: string
}

export const APP = { application_id: 1, auth_key: 'dev-auth-key' } as const
export const ADMIN = { 'CB-Administration-API-Key': 'dev-admin-key' } as const

/** @param url of the path, whole */
export const send = async (method: string, url: string, sent: Sent = {}): Promise<Reply> => {
  const { token, json, form, headers = {} } = sent
  const body = json === undefined ? form : JSON.stringify(json)
  const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json;charset=utf-8'
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { 'CB-Token': token }),
      ...(body === undefined ? {} : { 'Content-Type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parsed(text) }
}

export const sessionOf = ({ body }: Reply): JsonObject => objectAt(body, 'session')
export const tokenOf = (reply: Reply): string => textAt(sessionOf(reply), 'token')

export const objectAt = (value: Json, name: string): JsonObject => {
  const member = isObject(value) ? value[name] : undefined
  return isObject(member) ? member : {}
}
export const textAt = (value: JsonObject, name: string): string => {
  const member = value[name]
  return typeof member === 'string' ? member : ''
}

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}
