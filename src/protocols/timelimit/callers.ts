import type { Owner } from '../../commands/timelimit/dh-keys.ts'
import { sha256Hex } from '../../crypto/hashes.ts'
import type { Caller, ParentProof } from '../../domain/timelimit/commands.ts'
import { contentOf } from '../../queries/timelimit/documents.ts'
import type { Services } from './services.ts'

/** The device that a request comes from, by its token (timelimit 1.2). */
export type Who = Owner & { readonly tokenHash: string }

/** `undefined`: it is not the present token of any device. */
export const whoHas = async (
  { reader }: Pick<Services, 'reader'>,
  token: string,
): Promise<Who | undefined> => {
  const tokenHash = sha256Hex(token)
  const found = await reader.get('timelimit_devices_by_token', tokenHash)
  if (found === undefined) return undefined
  const { family, device } = contentOf<Owner>(found)
  return { family, device, tokenHash }
}

export const callerOf = ({ device, tokenHash }: Who): Caller => ({ deviceId: device, tokenHash })

/** What a decision about a parent's proof needs (timelimit 2.8). */
export const proofOf = async (
  { dhKeys, settings, now }: Services,
  who: Who,
  parentId: string,
  secondHash: string,
): Promise<ParentProof> => ({
  parentId,
  secondHash,
  alwaysPremium: settings.alwaysPro,
  dhKeys: secondHash.startsWith('u2f:') ? await dhKeys.usable(who, now()) : {},
})

/** How the parent has shown who acts, for the auditor (decisions 15). */
export const authOf = (secondHash: string): string =>
  secondHash === 'device' ? 'device' : secondHash.startsWith('u2f:') ? 'u2f' : 'password'

/** The family of which a user has that address. */
export const familyWithMail = async (
  { reader }: Pick<Services, 'reader'>,
  mail: string,
): Promise<string | undefined> => {
  const options = { limit: 1, fields: ['version'] }
  for await (const [found] of reader.find('timelimit_user_lists', { 'mails.mail': mail }, options))
    if (found !== undefined) return found._id
  return undefined
}
