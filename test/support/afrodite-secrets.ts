/** Remembers every token that was given out, and finds them and the hashes of the live ones in texts, in whatever form somebody might have written them. */
import { createHash } from 'node:crypto'
import type { Pair } from './afrodite.ts'
import { runScript } from './server.ts'

export type Secrets = {
  readonly add: (...pairs: readonly Pair[]) => void
  readonly count: () => number
  /** What was found of any token, or of the hash of a token of these pairs. */
  readonly foundIn: (text: string, live: readonly Pair[]) => readonly string[]
}

export const createSecrets = (): Secrets => {
  const forms = new Set<string>()
  let count = 0
  return {
    add: (...pairs) => {
      for (const { access, refresh } of pairs) {
        count += 1
        for (const bytes of [Buffer.from(access, 'base64url'), refresh]) {
          for (const form of formsOf(bytes)) forms.add(form)
        }
      }
    },
    count: () => count,
    foundIn: (text, live) => {
      const hashes = live.flatMap(({ access, refresh }) =>
        [Buffer.from(access, 'base64url'), refresh].flatMap((bytes) =>
          formsOf(createHash('sha256').update(bytes).digest()),
        ),
      )
      const suspicious = candidates(text)
      return [...forms, ...hashes].filter((form) => suspicious.includes(form))
    },
  }
}

/** What the script prints of both streams of these accounts, for people and as JSON. */
export const historiesOf = async (
  dataDir: string,
  accounts: readonly { readonly aid: string }[],
): Promise<readonly string[]> => {
  const wanted = accounts.flatMap(({ aid }) =>
    ['account', 'session'].flatMap((kind) => {
      const stream = `afrodite.${kind}-${aid}`
      return [[stream], [stream, '--json']]
    }),
  )
  const printed: string[] = []
  for (const parameters of wanted) {
    const { code, output } = await runScript('history', parameters, dataDir)
    if (code !== 0) throw new Error(output)
    printed.push(output)
  }
  return printed
}

/** Enough of each form to be that and nothing else. */
const formsOf = (bytes: Buffer): readonly string[] => {
  const some = bytes.subarray(0, 30)
  return [
    some.toString('base64'),
    some.toString('base64url'),
    some.toString('hex'),
    some.toString('hex').toUpperCase(),
    some.subarray(0, 16).join(','),
  ]
}

/** All of a text that can hold such a form: far less than the text itself. */
const candidates = (text: string): string =>
  [
    ...new Set(text.match(/[A-Za-z0-9+/_-]{40,}/g) ?? []),
    ...(text.match(/\d{1,3}(?:,\s*\d{1,3}){15,}/g) ?? []).map((list) => list.replaceAll(/\s/g, '')),
  ].join('\n')
