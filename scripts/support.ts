import { argv, env, stderr, stdout } from 'node:process'
import { InvalidArgumentError } from 'commander'
import * as E from 'fp-ts/lib/Either.js'
import { readConfig, type Config } from '../src/config.ts'
import { eventJson } from '../src/history/event-json.ts'
import type { StoredEvent } from '../src/history/port.ts'
import type { Json } from '../src/json.ts'

/** Exit codes of every script. */
export const EXIT = { holds: 0, holdsNot: 1, usage: 2 } as const

export const print = (line: string): void => void stdout.write(`${line}\n`)
/** What is not the result: progress, and what went wrong. */
export const warn = (line: string): void => void stderr.write(`${line}\n`)
export const printJson = (value: Json): void => print(JSON.stringify(value))

/** Whether nobody takes what is printed any more: who only prints can stop. Whoever works goes on, and ends with what came of it. */
export const isUnread = (): boolean => unread
let unread = false

stdout.on('error', (error: Error) => {
  const isFirst = !unread
  unread = true
  // Whoever reads it may have seen enough (`| head`). Anything else, a full disk, leaves an operator with half of what he asked for.
  if (('code' in error && error.code === 'EPIPE') || !isFirst) return
  warn(`Standard output takes no more: ${error.message}`)
  process.once('exit', () => (process.exitCode = EXIT.usage))
})
// Nobody has to see the progress.
stderr.on('error', () => undefined)

/** The server's own configuration, out of the same environment. */
export const configOrExit = (): Config => {
  const config = readConfig(env)
  if (E.isRight(config)) return config.right
  for (const fault of config.left) warn(fault)
  answerWith(config.left.join('; '))
  process.exit(EXIT.usage)
}

/** Says what is wrong in a line, for the end of a script. A URL in it is shown without its credentials. */
export const failWith = (error: unknown): number => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  const shown = line.replace(/:\/\/\S*@/g, '://…@')
  warn(shown)
  answerWith(shown)
  return EXIT.usage
}

/** Whoever asked for JSON gets it in any case. */
const answerWith = (error: string): void => {
  if (argv.includes('--json')) printJson({ error })
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

const eventText = (event: StoredEvent, options: { readonly showsStream: boolean }): string => {
  const { position, revision, stream, type, data, meta } = event
  const cause = meta.correlationId === meta.commandId ? '' : `, caused by ${meta.correlationId}`
  return [
    `${revision}  ${type}  position ${position}  ${new Date(meta.at).toISOString()}`,
    ...(options.showsStream ? [`    in ${stream}`] : []),
    `    by ${meta.actor}, command ${meta.commandId}${cause}`,
    `    ${JSON.stringify(data)}`,
  ].join('\n')
}
