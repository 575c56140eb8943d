import type { Fact } from '../../src/domain/decider.ts'

/** A kind of stream: its name, which events stand in it, and who folds it. */
export type StreamKind = {
  /** With `<…>` for what differs. */
  readonly name: string
  readonly types: readonly string[]
  readonly decider?: {
    readonly name: string
    readonly folds: (known: readonly Fact[], type: string) => boolean
  }
}

/** With its decider by its name in the code. */
export const kind = <State>(
  name: string,
  types: readonly string[],
  [deciderName, decider]: readonly [string, Folding<State>],
): StreamKind => ({ name, types, decider: { name: deciderName, folds: folding(decider) } })

/** The types of a table. */
export const of = (table: Readonly<Record<string, unknown>>): readonly string[] => Object.keys(table)

/** The part of a decider that is asked here; its commands do not matter. */
type Folding<State> = { readonly initial: State; readonly evolve: (state: State, event: Fact) => State }

/**
 * Whether `evolve` has that type. It is asked with data that no type has and with an example, from the beginning and after each of the known
 * examples: it then fails, or comes to another state than by a type that nobody knows.
 */
const folding =
  <State>({ initial, evolve }: Folding<State>) =>
  (known: readonly Fact[], type: string): boolean => {
    const after = (state: State, fact: Fact): string => {
      try {
        return JSON.stringify(evolve(state, fact))
      } catch {
        return 'refused'
      }
    }
    const begun = known.flatMap((fact): State[] => {
      try {
        return [evolve(initial, fact)]
      } catch {
        return []
      }
    })
    const facts = [{ type, data: {} }, ...known.filter((fact) => fact.type === type)]
    return [initial, ...begun].some((state) =>
      facts.some((fact) => after(state, fact) !== after(state, { ...fact, type: 'of no type' })),
    )
  }
