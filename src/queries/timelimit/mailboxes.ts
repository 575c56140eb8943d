import type { Owner } from '../../commands/timelimit/dh-keys.ts'
import type { JsonObject } from '../../json.ts'
import type { Vault } from '../../vault/port.ts'
import type { KeyRequest, KeyRequestsDocument } from './documents.ts'

/** What one device has for another: key requests from the documents, answers and pings from the vault (timelimit 1.6, 1.7, 5.5). */

export const REPLIES = 'timelimit.replies'
export const PINGS = 'timelimit.pings'

export const replyKey = (family: string, to: string, serverSeq: number, sender: string): string =>
  `${family}/${to}/${serverSeq}/${sender}`
export const pingKey = (family: string, to: string, sender: string, kind: 'ping' | 'pong'): string =>
  `${family}/${to}/${sender}/${kind}`

/** Entries of one answer. */
const ENTRIES_MAX = 32

/** Requests of the others behind the last one seen, the lowest first. */
export const requestsOf = (
  { requests }: KeyRequestsDocument,
  device: string,
  seen: number,
): readonly JsonObject[] =>
  Object.values(requests)
    .map(({ request }) => request)
    .filter(({ senId, srvSeq }) => senId !== device && srvSeq > seen)
    .sort((a, b) => a.srvSeq - b.srvSeq)
    .slice(0, ENTRIES_MAX)

/** Answers to the device's own requests that it has not acknowledged; those that it has are deleted. */
export const repliesOf = async (
  vault: Vault,
  { requests }: KeyRequestsDocument,
  { family, device }: Owner,
  acknowledged: number,
): Promise<readonly JsonObject[]> => {
  const replies = Object.values(requests)
    .filter(({ request }) => request.senId === device)
    .flatMap(({ request, replies }) =>
      Object.entries(replies).map(([sender, srvSeq]): Reply => ({ request, sender, srvSeq })),
    )
    .sort((a, b) => a.srvSeq - b.srvSeq)
  const waiting: JsonObject[] = []
  for (const { request, sender, srvSeq } of replies) {
    if (waiting.length >= ENTRIES_MAX) break
    const key = replyKey(family, device, request.srvSeq, sender)
    const entry = await vault.get(REPLIES, key)
    if (entry === undefined) continue
    if (srvSeq <= acknowledged) await vault.delete(REPLIES, key)
    else waiting.push({ srvSeq, sender, rqSeq: request.senSeq, ...entry.value })
  }
  return waiting
}

type Reply = { readonly request: KeyRequest; readonly sender: string; readonly srvSeq: number }

export const pingsOf = async (vault: Vault, { family, device }: Owner): Promise<readonly JsonObject[]> => {
  const pings: JsonObject[] = []
  for await (const page of vault.list(PINGS, `${family}/${device}/`)) {
    for (const { key, value } of page) {
      const [, , deviceId = '', type = ''] = key.split('/')
      pings.push({ deviceId, type, token: value['token'] ?? '' })
    }
  }
  return pings
}
