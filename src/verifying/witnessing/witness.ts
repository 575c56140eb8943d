import type { Claimed } from '../heads.ts'
import type { HeadsVerdict } from '../judging-heads.ts'
import { isSignedBy, parseKey, parseNote, type Note, type VerifierKey } from '../notes.ts'
import { holdsConsistency } from '../proofs.ts'
import { createServer, ServerFailed, type Server } from '../reading/server.ts'
import { verifyTarget, type StartPool, type Target } from '../targets.ts'
import { addEvidence, addWitnessed, readWitnessed } from './file.ts'

export type Outcome =
  /** The newest head was added, or is there already. */
  | { readonly is: 'added' | 'known'; readonly size: number; readonly note: string }
  /** A signed head, or that there is none any more, contradicts what was witnessed: the evidence is stored in `evidence`. */
  | { readonly is: 'forked'; readonly why: string; readonly evidence: string }
  /** What is shown does not hold by itself, and is no evidence against what was witnessed. */
  | { readonly is: 'refused'; readonly why: string }

/**
 * Takes the newest signed head, makes sure that its history goes on from the last one in `path`, and puts it there. The first one pins the
 * key. Throws if the history cannot be reached or has no signed head yet.
 */
export const witness = async (target: Target, path: string, start: StartPool): Promise<Outcome> => {
  const witnessed = await readWitnessed(path)
  const before: Before = { key: witnessed?.key, last: witnessed?.notes.at(-1) }
  const shown =
    target.kind === 'server'
      ? await shownByServer(target, before)
      : await shownByHistory(target, start, before)
  const judged = judge(shown, before)
  if ('invalid' in judged) return { is: 'refused', why: shown.refusal ?? judged.invalid }
  if ('why' in judged) return contradicted(path, judged.why, before, shown)
  if (shown.refusal !== undefined) return { is: 'refused', why: shown.refusal }
  const { size, text } = judged.note
  if (before.last?.size === size) return { is: 'known', size, note: text }
  await addWitnessed(path, witnessed, { note: text, key: judged.key.text })
  return { is: 'added', size, note: text }
}

/** What was witnessed so far. */
type Before = { readonly key: VerifierKey | undefined; readonly last: Note | undefined }

const contradicted = async (path: string, why: string, { last }: Before, shown: Shown): Promise<Outcome> => {
  if (last === undefined) return { is: 'refused', why: shown.refusal ?? why }
  const evidence = `${path}.fork`
  await addEvidence(evidence, evidenceText(why, last, shown))
  return { is: 'forked', why, evidence }
}

/** What a history shows of itself now. */
type Shown = {
  /** Its newest head. */
  readonly head: Claimed | undefined
  /** Whether the last witnessed head is one of the same history; `undefined` if there was none, or the head has to answer that. */
  readonly goesOn: boolean | undefined
  /** Why it should not be witnessed, although it may go on. */
  readonly refusal?: string
}

const shownByHistory = async (target: Target, start: StartPool, before: Before): Promise<Shown> => {
  const { key, last } = before
  const options = { key, rootsAt: last === undefined ? [] : [last.size] }
  const { heads, roots, faults } = await verifyTarget(target, start, options)
  const [fault] = faults
  return {
    head: shownHead(heads, key),
    goesOn: last === undefined ? undefined : roots.get(last.size)?.equals(last.root) === true,
    ...(fault === undefined ? {} : { refusal: `it does not hold: ${fault.detail}` }),
  }
}

/** The newest that holds; but one of another key is what has to be shown. */
const shownHead = (
  { newest, last, key: used }: HeadsVerdict,
  pinned: VerifierKey | undefined,
): Claimed | undefined => {
  const isOther = pinned !== undefined && last !== undefined && last.key !== pinned.text
  return newest === undefined || isOther ? last : { note: newest.note.text, key: used ?? '' }
}

const shownByServer = async (
  target: Extract<Target, { readonly kind: 'server' }>,
  before: Before,
): Promise<Shown> => {
  const server = createServer(target)
  const [note, key] = [await server.latestHead(), await server.key()]
  // Whatever listens there answers 404 as well: only a history without a head speaks against what was witnessed.
  if (note === undefined && (await server.tree()) === undefined)
    throw new Error(`There is no history at ${target.url}`)
  if (note === undefined || key === undefined) return { head: undefined, goesOn: undefined }
  return { head: { note, key }, ...(await provenBy(server, parseNote(note), before)) }
}

/** Whether the server can prove that a head of the witnessed key goes on from the last one. */
const provenBy = async (
  server: Server,
  note: Note | undefined,
  { key, last }: Before,
): Promise<Pick<Shown, 'goesOn' | 'refusal'>> => {
  if (note === undefined || key === undefined || last === undefined) return { goesOn: undefined }
  if (!isSignedBy(note, key) || note.size < last.size) return { goesOn: undefined }
  if (note.size === last.size) return { goesOn: note.root.equals(last.root) }
  const hashes = await proofBetween(server, last.size, note.size)
  return hashes === undefined
    ? { goesOn: undefined, refusal: 'it gives no proof that it goes on from the last witnessed head' }
    : { goesOn: holdsConsistency(last, note, hashes) }
}

/** `undefined`: the server says that its tree does not reach so far. */
const proofBetween = async (
  server: Server,
  from: number,
  to: number,
): Promise<readonly Buffer[] | undefined> => {
  try {
    return (await server.consistency(from, to)).hashes
  } catch (error) {
    if (error instanceof ServerFailed && error.status === 400) return undefined
    throw error
  }
}

/** `invalid`: anybody can make up a head that nobody has signed, so it says nothing against what was witnessed. */
type Judged =
  { readonly why: string } | { readonly invalid: string } | { readonly note: Note; readonly key: VerifierKey }

const judge = ({ head, goesOn }: Shown, { key: pinned, last }: Before): Judged => {
  if (head === undefined) {
    if (last === undefined) throw new Error('There is no signed head yet')
    return { why: 'the history shrank: it has no signed head any more' }
  }
  const [note, key] = [parseNote(head.note), parseKey(head.key)]
  if (note === undefined || key === undefined) return { invalid: 'its newest head is none' }
  if (!isSignedBy(note, key)) return { invalid: 'its newest head is not signed with its key' }
  if (pinned !== undefined && key.text !== pinned.text)
    return { why: `the key changed: it was ${pinned.text}, now it is ${key.text}` }
  const why = last === undefined ? undefined : contradiction(note, last, goesOn)
  return why === undefined ? { note, key } : { why }
}

const contradiction = (note: Note, last: Note, goesOn: boolean | undefined): string | undefined => {
  if (note.size < last.size)
    return `the history shrank: its newest head is over ${note.size} events, the last witnessed over ${last.size}`
  return goesOn === false ? 'the history forked: it does not go on from the last witnessed head' : undefined
}

const evidenceText = (why: string, last: Note, { head }: Shown): string =>
  [
    `${new Date().toISOString()}: ${why}`,
    'The last witnessed head:',
    last.text,
    'The head shown now:',
    head === undefined ? '(none)\n' : `${head.note}\nof the key ${head.key}\n`,
    '',
  ].join('\n')
