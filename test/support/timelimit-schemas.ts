/** Somebody else's JSON schemas of the wire (timelimit appendix B): they are not ours to copy, so what needs them runs where they are. */
import { existsSync, readFileSync } from 'node:fs'
import Ajv from 'ajv'
import test, { type TestFn } from 'ava'
import { isObject, type Json, type JsonObject } from '../../src/json.ts'

const DIRECTORY = '../shared/schemas/timelimit'

const missing = existsSync(DIRECTORY) ? undefined : `${DIRECTORY} is not here`

/** `test`, where the schemas are; else it is skipped and says why. */
export const schemaTest: TestFn = ((title: string, ...rest: readonly unknown[]) => {
  const run = missing === undefined ? test : test.skip
  const named = missing === undefined ? title : `SKIPPED (${missing}): ${title}`
  ;(run as (...all: readonly unknown[]) => void)(named, ...rest)
}) as TestFn

/** What a schema says against a value; nothing if it fits. */
export type Against = (value: Json) => string

const ajv = new Ajv({ allErrors: true, schemaId: 'auto' })
const compiled = new Map<string, Against>()

export const schema = (name: string): Against => {
  const known = compiled.get(name)
  if (known !== undefined) return known
  const validate = ajv.compile(read(name))
  const against: Against = (value) => (validate(value) === true ? '' : ajv.errorsText(validate.errors))
  compiled.set(name, against)
  return against
}

/** Rules may expire: the file forgot it. */
const read = (name: string): JsonObject => {
  const file = JSON.parse(readFileSync(`${DIRECTORY}/${name}.schema.json`, 'utf8')) as JsonObject
  const { definitions } = file
  if (name !== 'ServerDataStatus' || !isObject(definitions)) return file
  const rule = definitions.ServerTimeLimitRule
  if (!isObject(rule) || !isObject(rule.properties)) throw new Error('no rule in the schema')
  const properties = { ...rule.properties, e: { type: 'number' } }
  return { ...file, definitions: { ...definitions, ServerTimeLimitRule: { ...rule, properties } } }
}

/** The schema of each end point's body. */
export const REQUESTS: { readonly [path: string]: string } = {
  '/auth/send-mail-login-code-v2': 'SendMailLoginCodeRequest',
  '/auth/sign-in-by-mail-code': 'SignInByMailCodeRequest',
  '/parent/get-status-by-mail-address': 'MailAuthTokenRequestBody',
  '/parent/create-family': 'CreateFamilyByMailTokenRequest',
  '/parent/sign-in-into-family': 'SignIntoFamilyRequest',
  '/parent/recover-parent-password': 'RecoverParentPasswordRequest',
  '/parent/create-add-device-token': 'CreateRegisterDeviceTokenRequest',
  '/parent/link-mail-address': 'LinkParentMailAddressRequest',
  '/parent/remove-device': 'RemoveDeviceRequest',
  '/parent/create-identity-token': 'RequestIdentityTokenRequest',
  '/parent/delete-account': 'DeleteAccountPayload',
  '/child/add-device': 'RegisterChildDeviceRequest',
  '/child/update-primary-device': 'UpdatePrimaryDeviceRequest',
  '/child/logout-at-primary-device': 'RequestWithAuthToken',
  '/sync/push-actions': 'ClientPushChangesRequest',
  '/sync/pull-status': 'ClientPullChangesRequest',
  '/sync/report-removed': 'RequestWithAuthToken',
  '/sync/is-device-removed': 'RequestWithAuthToken',
}
export const ACTIONS: { readonly [type: string]: string } = {
  appLogic: 'SerializedAppLogicAction',
  parent: 'SerializedParentAction',
  child: 'SerializedChildAction',
}
