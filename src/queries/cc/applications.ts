import { sha256Hex } from '../../crypto/hashes.ts'
import { settingsFrom, type ApplicationSettings } from '../../domain/cc/settings.ts'
import { isObject } from '../../json.ts'
import type { Reader } from '../reader.ts'

/** How the application is set up; the defaults if nothing was ever set. */
export const settingsOf = async (reader: Pick<Reader, 'get'>, app: number): Promise<ApplicationSettings> => {
  const settings = (await reader.get('cc_applications', String(app)))?.value['settings']
  return settingsFrom(isObject(settings) ? settings : {})
}

/** Applications that have that key: more than one only if their operator gave them the same. */
export const applicationsWithKey = async (
  reader: Pick<Reader, 'find'>,
  kind: 'authKey' | 'adminKey',
  key: string,
): Promise<readonly number[]> => {
  const apps: number[] = []
  for await (const page of reader.find('cc_application_keys', { hash: sha256Hex(key), kind }))
    for (const { app } of page) if (typeof app === 'number') apps.push(app)
  return apps
}
