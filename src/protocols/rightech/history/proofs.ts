import * as E from 'fp-ts/lib/Either.js'
import type { Answer } from '../../../http/protocol.ts'
import { HISTORY_ANSWER_EVENTS, HISTORY_ANSWER_EVENTS_MAX } from '../../../limits.ts'
import type { Tree } from '../../../proofs/reading.ts'
import { headPage, latestHead } from '../../../queries/history/heads.ts'
import type { HistoryReading } from '../../../queries/history/reading.ts'
import { NO_ROUTE } from '../errors.ts'
import { invalid, json, plain } from './answers.ts'
import { count, position, readParameters } from './parameters.ts'

/** `GET /history/heads`: the signed ones, the newest first. */
export const getHeads = async (history: HistoryReading, query: string): Promise<Answer> => {
  const asked = readParameters<{ readonly limit: number; readonly before: bigint }>(query, {
    limit: count(1, HISTORY_ANSWER_EVENTS_MAX),
    before: position,
  })
  if (E.isLeft(asked)) return invalid(asked.left)
  const { heads, next } = await headPage(history, {
    limit: HISTORY_ANSWER_EVENTS,
    ...asked.right,
  })
  return json({ heads: [...heads], next: next === undefined ? null : String(next) })
}

/** `GET /history/heads/latest`: the note as it was signed. */
export const getLatestHead = async (history: HistoryReading): Promise<Answer> => {
  const head = await latestHead(history)
  return head === undefined ? NO_ROUTE : plain(head.note)
}

/** `GET /history/key`: what a verifier of the notes needs. */
export const getKey = async (history: HistoryReading): Promise<Answer> => {
  const head = await latestHead(history)
  return head === undefined ? NO_ROUTE : plain(head.key)
}

/** `GET /history/tree`: as far as it is kept; a moment behind the history. */
export const getTree = async (tree: Tree): Promise<Answer> => {
  const state = await tree.state()
  const root = base64(state?.root ?? (await tree.rootAt(0)))
  return json({ size: state?.size ?? 0, root, position: String(state?.position ?? 0n) })
}

/** `GET /history/proofs/inclusion?position=P[&size=N]` */
export const getInclusion = async (tree: Tree, query: string): Promise<Answer> => {
  const size = (await tree.state())?.size ?? 0
  const asked = readParameters<{ readonly position: bigint; readonly size: number }>(query, {
    position,
    size: count(1, size),
  })
  if (E.isLeft(asked)) return invalid(asked.left)
  const { position: of, size: within = size } = asked.right
  if (of === undefined) return invalid({ position: ['required'] })
  const index = await tree.indexOf(of)
  // What came into the tree while it was looked up is not in the tree that was meant.
  if (index === undefined || index >= size) return NO_ROUTE
  const leaf = await tree.leaf(index)
  if (leaf === undefined) return NO_ROUTE
  if (index >= within) return invalid({ size: ['range'] })
  const [root, hashes] = await Promise.all([tree.rootAt(within), tree.inclusion(index, within)])
  return json({ index, size: within, leaf: base64(leaf), root: base64(root), hashes: hashes.map(base64) })
}

/** `GET /history/proofs/consistency?from=A[&to=B]` */
export const getConsistency = async (tree: Tree, query: string): Promise<Answer> => {
  const size = (await tree.state())?.size ?? 0
  const asked = readParameters<{ readonly from: number; readonly to: number }>(query, {
    from: count(1, size),
    to: count(1, size),
  })
  if (E.isLeft(asked)) return invalid(asked.left)
  const { from, to = size } = asked.right
  if (from === undefined) return invalid({ from: ['required'] })
  if (from > to) return invalid({ from: ['range'] })
  const [before, after, hashes] = await Promise.all([
    tree.rootAt(from),
    tree.rootAt(to),
    tree.consistency(from, to),
  ])
  return json({ from, to, roots: [base64(before), base64(after)], hashes: hashes.map(base64) })
}

const base64 = (bytes: Buffer): string => bytes.toString('base64')
