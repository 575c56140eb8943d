import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** An entry of Afrodite's demo mode (afrodite 4.3). */
export type DemoEntry = t.TypeOf<typeof Entry>

/** Reads the text of the file that `AFRODITE_DEMO` names; faults never show a password. */
export const readDemo = (
  json: string,
  production: boolean,
): E.Either<readonly string[], readonly DemoEntry[]> => {
  const entries = Entries.decode(parse(json))
  if (E.isLeft(entries)) return E.left([`must hold a JSON list of {${Object.keys(MEMBERS).join(', ')}}`])
  const ids = entries.right.map((entry) => entry.database_id)
  const passwords = entries.right.flatMap((entry) => [entry.password_stage0, entry.password_stage1])
  const faults = [
    ...(repeats(ids) ? ['holds one database_id twice'] : []),
    ...(repeats(passwords) ? ['holds one password twice'] : []),
    ...(production && passwords.some(({ length }) => length < DEMO_PASSWORD_CHARS_MIN)
      ? [`holds a password under ${DEMO_PASSWORD_CHARS_MIN} characters`]
      : []),
  ]
  return faults.length > 0 ? E.left(faults) : entries
}

const DEMO_PASSWORD_CHARS_MIN = 16

const MEMBERS = {
  database_id: t.Int,
  password_stage0: t.string,
  password_stage1: t.string,
  access_all_accounts: t.boolean,
  accessible_accounts: t.readonlyArray(t.string),
}
const Entry = t.readonly(t.strict(MEMBERS))
const Entries = t.readonlyArray(Entry)

const repeats = (items: readonly (string | number)[]): boolean => new Set(items).size < items.length

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
