/** A process that reads a keyring beside its owner: says what it finds, waits for a line, and says it again. */
import { once } from 'node:events'
import { openEmbeddedKeyring } from '../../src/vault/embedded/keyring.ts'
import { VaultUnavailable } from '../../src/vault/port.ts'

const keyring = await openEmbeddedKeyring({ path: process.argv[2] ?? '', readOnly: true })
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const hex = (key: Uint8Array | undefined): string =>
  key === undefined ? 'none' : Buffer.from(key).toString('hex')
const refused = (error: unknown): string => (error instanceof VaultUnavailable ? 'refused' : String(error))

say(`user-1 ${hex(await keyring.find('stores.user-1'))}`)
await once(process.stdin, 'data')
// What is not found makes it look for a newer file at once.
say(`user-2 ${hex(await keyring.find('stores.user-2'))}`)
say(`user-1 ${hex(await keyring.find('stores.user-1'))}`)
say(`obtain user-1 ${String(await keyring.obtain('stores.user-1').catch(refused))}`)
say(`obtain user-3 ${String(await keyring.obtain('stores.user-3').catch(refused))}`)
say(`destroy ${String(await keyring.destroy('stores.user-1').catch(refused))}`)
await keyring.close()
process.stdin.destroy()
