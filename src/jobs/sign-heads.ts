import * as E from 'fp-ts/lib/Either.js'
import type { Engine } from '../commands/engine.ts'
import { HEADS_STREAM, headsDecider, isNews, type HeadsState } from '../domain/platform/heads.ts'
import type { History } from '../history/port.ts'
import { HEAD_SIGN_MS } from '../limits.ts'
import type { TreeState } from '../proofs/collections.ts'
import { fitOf } from '../proofs/fitting.ts'
import { createSigner } from '../proofs/note.ts'
import type { Tree } from '../proofs/reading.ts'
import { uuidV5 } from '../uuid.ts'
import type { Keyring, Vault } from '../vault/port.ts'
import { startJob, type Job } from './job.ts'

export type SignHeads = {
  readonly engine: Engine
  readonly vault: Vault
  readonly keyring: Pick<Keyring, 'installation'>
  readonly tree: Tree
  /** The history as it is stored. */
  readonly stored: Pick<History, 'readAll'>
  /** Whether the history was begun: before that no key is made. */
  readonly isFounded: () => Promise<boolean>
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** A round that failed; the next one tries again. */
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

export type SigningHeads = Job & {
  /** Why nothing is signed: the tree is not that of the history, or does not continue what was signed before. */
  readonly refusal: () => string | undefined
}

/** Signs where the tree stands (decisions 19), on one node at a time, every `everyMs` if there was news. */
export const startSigningHeads = (parts: SignHeads): SigningHeads => {
  const everyMs = parts.everyMs ?? HEAD_SIGN_MS
  let refusal: string | undefined
  const job = startJob({ ...parts, name: JOB, everyMs, firstMs: everyMs }, async () => {
    if (!(await parts.isFounded())) return
    const standing = await parts.tree.state()
    const { state: last } = await parts.engine.load(HEADS_STREAM, headsDecider)
    if (standing === undefined || !isNews(last, standing.size)) return
    const doubt = await doubtIn(parts, standing, last)
    refusal = doubt === 'unseen' ? refusal : doubt
    if (doubt === undefined) await sign(parts, standing)
    else if (doubt !== 'unseen') throw new Error(`no head is signed: ${doubt}`)
  })
  return { stop: job.stop, refusal: () => refusal }
}

const JOB = 'heads'
/** Namespace of the command ids. */
const NAMESPACE = '0d3c4b52-9f0e-4d0b-8f0a-1f6c7a5d2e94'

/**
 * A signature is for ever, so the node that signs looks for itself: who keeps the tree may be another one, that has stopped. `unseen`: it
 * cannot tell yet.
 */
const doubtIn = async (
  { tree, stored }: SignHeads,
  standing: TreeState,
  last: HeadsState,
): Promise<string | undefined> => {
  const { size, root } = standing
  if (!(await tree.rootAt(size)).equals(root)) return 'the tiles do not give the root of the tree'
  if (last !== undefined && (await tree.rootAt(last.size)).toString('base64') !== last.root)
    return `the tree does not continue the head that was signed at size ${last.size}`
  const fit = await fitOf(tree, stored, standing)
  if (fit === 'differs')
    return `the history has another event at the tree's end, position ${standing.position}`
  return fit === 'unseen' ? fit : undefined
}

const sign = async ({ engine, keyring, now }: SignHeads, { size, root }: TreeState): Promise<void> => {
  const signer = createSigner(await keyring.installation(JOB))
  const signed = await engine.execute({
    stream: HEADS_STREAM,
    decider: headsDecider,
    command: { type: 'SignHead', ...signer.sign({ size, root }) },
    // A size is signed once (decisions 19).
    commandId: uuidV5(`${signer.origin} ${size}`, NAMESPACE),
    actor: `platform:job:${JOB}`,
    at: now(),
  })()
  if (E.isLeft(signed)) throw new Error(`head at ${size}: ${signed.left.kind} ${signed.left.reason}`)
}
