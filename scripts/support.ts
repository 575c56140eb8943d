import { env, stderr, stdout } from 'node:process'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../src/config.ts'
import type { Json } from '../src/json.ts'

/** Exit codes of every script. */
export const EXIT = { holds: 0, holdsNot: 1, usage: 2 } as const

export const print = (line: string): void => void stdout.write(`${line}\n`)
/** What is not the result: progress, and what went wrong. */
export const warn = (line: string): void => void stderr.write(`${line}\n`)
export const printJson = (value: Json): void => print(JSON.stringify(value))

// Whoever reads the output may have seen enough (`| head`).
stdout.on('error', () => process.exit(EXIT.holds))

/** The server's own configuration, out of the same environment. */
export const configOrExit = (): Config => {
  const config = readConfig(env)
  if (E.isRight(config)) return config.right
  for (const fault of config.left) warn(fault)
  process.exit(EXIT.usage)
}

/** Says what is wrong in a line, for the end of a script. */
export const failWith = (error: unknown): number => {
  warn(error instanceof Error ? error.message : String(error))
  return EXIT.usage
}
