import type { Filter, FindOptions } from '../../documents/port.ts'
import type { Reader } from '../reader.ts'

type Finder = Pick<Reader, 'find'>
export type Found = { readonly aid: string }

/** Accounts of a demo entry (afrodite 4.3) that are not deleted, in order of their ids. */
export const demoAccounts = (reader: Finder, entry: number, limit: number): Promise<readonly Found[]> =>
  accounts(reader, { demoEntry: entry }, { limit })

/** Accounts that are not deleted, in order of their ids. */
export const allAccounts = (reader: Finder, limit: number): Promise<readonly Found[]> =>
  accounts(reader, { ended: null }, { limit })

/** Accounts whose deletion was asked for and is due, the one that waits longest first. @param before milliseconds since the Unix epoch, itself included. */
export const dueDeletions = (reader: Finder, before: number, limit: number): Promise<readonly Found[]> =>
  accounts(reader, { deleteAt: { $lte: before } }, { sort: [['deleteAt', 1]], limit })

/** Deleted accounts that wait for their erasure. */
export const endedAccounts = (reader: Finder, limit: number): Promise<readonly Found[]> =>
  accounts(reader, { ended: true }, { limit })

const accounts = async (reader: Finder, filter: Filter, options: FindOptions): Promise<readonly Found[]> => {
  const found: Found[] = []
  for await (const page of reader.find('afrodite_accounts', filter, { ...options, fields: [] }))
    found.push(...page.map(({ _id: aid }) => ({ aid })))
  return found
}
