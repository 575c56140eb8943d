/** One `name=value` of a query, decoded once. */
export type Parameter = {
  readonly name: string
  /** `undefined`: not decodable. */
  readonly value: string | undefined
}

/**
 * The parameters of a raw query in the order in which they came, repeated names kept; those with an empty value count as absent
 * (rightech 2) and are left out, as are names that cannot be decoded.
 *
 * In a value `+` is a space: `URLSearchParams` and axios write spaces so, and whoever encodes a real plus writes `%2B`. In a name it
 * is a plus, because a path may hold one and never a space.
 */
export const readQuery = (query: string): readonly Parameter[] =>
  readPairs(query).filter(({ value }) => value !== '')

/** The same with empty values kept, for where they mean something: the parameters of a command. */
export const readPairs = (query: string): readonly Parameter[] =>
  query === '' ? [] : query.split('&').flatMap(readParameter)

/** The last value of a name: a form that repeats one means its last. */
export const lastOf = (parameters: readonly Parameter[], name: string): Parameter | undefined =>
  parameters.findLast((parameter) => parameter.name === name)

/** Every value of a name. */
export const allOf = (parameters: readonly Parameter[], name: string): readonly Parameter[] =>
  parameters.filter((parameter) => parameter.name === name)

const readParameter = (pair: string): readonly Parameter[] => {
  const end = pair.indexOf('=')
  const name = end === -1 ? undefined : decode(pair.slice(0, end))
  const raw = pair.slice(end + 1)
  return name === undefined || name === '' ? [] : [{ name, value: decode(raw.replaceAll('+', ' ')) }]
}

const decode = (text: string): string | undefined => {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
