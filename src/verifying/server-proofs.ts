import type { Fault } from './faults.ts'
import type { SignedHead } from './heads.ts'
import { isSignedBy, parseKey, parseNote } from './notes.ts'
import { holdsConsistency, holdsInclusion } from './proofs.ts'
import { createServer, type Server } from './reading/server.ts'
import type { Verdict } from './verify.ts'

/** Whether what a server says of its tree beside the events is true: its newest head, its key, and its proofs. */
export const serverFaults = async (
  source: { readonly url: string; readonly token: string },
  { heads, firstPosition }: Verdict,
): Promise<readonly Fault[]> => {
  const server = createServer(source)
  const faults = await headFaults(server, heads.key)
  if (faults.length > 0 || heads.newest === undefined || heads.newest.note.size === 0) return faults
  return proofFaults(server, heads.newest, firstPosition)
}

const headFaults = async (server: Server, used: string | undefined): Promise<readonly Fault[]> => {
  const text = await server.latestHead()
  const key = parseKey((await server.key()) ?? '')
  if (used !== undefined && key?.text !== used)
    return [{ kind: 'head', detail: 'the server names another key than that of the heads in its history' }]
  const note = parseNote(text ?? '')
  const isOwn = note !== undefined && key !== undefined && isSignedBy(note, key)
  return text === undefined || isOwn
    ? []
    : [{ kind: 'head', detail: 'the newest head that the server shows is not signed with its key' }]
}

const proofFaults = async (
  server: Server,
  { note: { size, root } }: SignedHead,
  firstPosition: string,
): Promise<readonly Fault[]> => {
  const faults: Fault[] = []
  const tree = await server.tree()
  if (tree === undefined || tree.size < size) return faults
  const consistency = await server.consistency(size, tree.size)
  const now = { size: tree.size, root: Buffer.from(tree.root, 'base64') }
  if (!holdsConsistency({ size, root }, now, consistency.hashes)) {
    const detail = `the server cannot prove that its tree goes on from the signed head of ${size} events`
    faults.push({ kind: 'tree', detail })
  }
  const inclusion = await server.inclusion(firstPosition, size)
  if (!holdsInclusion(inclusion.leaf, inclusion, inclusion.hashes, root)) {
    const detail = 'the server cannot prove that the event is in its tree'
    faults.push({ kind: 'tree', position: firstPosition, detail })
  }
  return faults
}
