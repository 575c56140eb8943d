import { env, stderr, stdout } from 'node:process'
import { InvalidArgumentError } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../src/config.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { Json, JsonObject } from '../src/json.ts'

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

/** Says what is wrong in a line, for the end of a script. A URL in it is shown without its credentials. */
export const failWith = (error: unknown): number => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  warn(line.replace(/:\/\/\S*@/g, '://…@'))
  return EXIT.usage
}

/** For commander: a number of things. */
export const count = (text: string): number => {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('a number from 1')
  return Number(text)
}

/** Prints an event as it is stored, for people or as JSON. */
export const eventPrinter =
  (options: { readonly json: true | undefined; readonly showsStream: boolean }) =>
  (event: StoredEvent): void =>
    options.json === true ? printJson(eventJson(event)) : print(eventText(event, options))

/** Positions and revisions as text, because JSON's numbers end at 2^53. */
const eventJson = ({ position, revision, ...event }: StoredEvent): JsonObject => ({
  ...event,
  position: String(position),
  revision: String(revision),
})

const eventText = (event: StoredEvent, options: { readonly showsStream: boolean }): string => {
  const { position, revision, stream, type, data, meta } = event
  return [
    `${revision}  ${type}  position ${position}  ${new Date(meta.at).toISOString()}`,
    ...(options.showsStream ? [`    in ${stream}`] : []),
    `    by ${meta.actor}, command ${meta.commandId}`,
    `    ${JSON.stringify(data)}`,
  ].join('\n')
}
