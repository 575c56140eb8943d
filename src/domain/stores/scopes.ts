import type { Caller } from './commands.ts'

/** A scope (rightech 4.4): `*`, or a verb and a path relative to `/api/v1`, in which a segment `*` stands for any one and a final one for all below. */
export const SCOPE = /^(?:\*|(?:GET|POST|PATCH|DELETE|\*) (?:\/|(?:\/[^\s/?#]+)+))$/

/** May somebody who holds these call that method? `path` is relative to `/api/v1`, decoded, with or without a final slash. */
export const allows = (held: readonly string[], verb: string, path: string): boolean => {
  const method = verb === 'HEAD' ? 'GET' : verb
  const segments = segmentsOf(path)
  return held.some((scope) => {
    if (scope === '*') return true
    const { verb: own, segments: pattern, below } = parse(scope)
    if (own !== '*' && own !== method) return false
    return (
      (below ? segments.length >= pattern.length : segments.length === pattern.length) &&
      fits(pattern, segments)
    )
  })
}

/** Is everything that `wanted` allows allowed by one of the held scopes, by the rule of 4.4? Errs towards no. */
export const covers = (held: readonly string[], wanted: string): boolean =>
  held.some((scope) => scope === '*' || scope === wanted || holds(scope, wanted))

/** Both the role's credentials and, with an API token, the token's scopes have to allow a call. */
export const mayCall = (
  caller: Pick<Caller, 'credentials' | 'scopes'>,
  verb: string,
  path: string,
): boolean =>
  allows(caller.credentials, verb, path) && (caller.scopes === undefined || allows(caller.scopes, verb, path))

/** May the caller put this scope into a token or a role: do role and token cover it? */
export const mayGrant = (caller: Pick<Caller, 'credentials' | 'scopes'>, wanted: string): boolean =>
  covers(caller.credentials, wanted) && (caller.scopes === undefined || covers(caller.scopes, wanted))

type Scope = {
  readonly verb: string
  readonly segments: readonly string[]
  /** It ended in `/*`, which `segments` leaves out. */
  readonly below: boolean
}

const holds = (scope: string, wanted: string): boolean => {
  if (wanted === '*') return false
  const outer = parse(scope)
  const inner = parse(wanted)
  const verbs = outer.verb === '*' || outer.verb === inner.verb
  return (
    verbs &&
    outer.below &&
    inner.segments.length >= outer.segments.length &&
    fits(outer.segments, inner.segments)
  )
}

const fits = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.every((segment, index) => segment === '*' || segment === segments[index])

const parse = (scope: string): Scope => {
  const space = scope.indexOf(' ')
  const segments = segmentsOf(scope.slice(space + 1))
  const below = segments.at(-1) === '*'
  return { verb: scope.slice(0, space), segments: below ? segments.slice(0, -1) : segments, below }
}

const segmentsOf = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '')
