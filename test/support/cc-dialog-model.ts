/** A dialog message by message: what the documents have to agree with. */

/** Whether it is there changes when it is deleted for all. */
export type Message = { readonly seq: number; readonly sender: number; isThere: boolean }
type Marks = { readonly read: Set<number>; readonly delivered: Set<number>; readonly hidden: Set<number> }

export type Model = ReturnType<typeof createModel>

export const createModel = () => {
  const messages: Message[] = []
  const marks = new Map<number, Marks>()
  const of = (user: number): Marks => {
    const found = marks.get(user) ?? { read: new Set(), delivered: new Set(), hidden: new Set() }
    marks.set(user, found)
    return found
  }
  return {
    messages,
    of,
    /** That the user sees. */
    there: (user: number): readonly Message[] =>
      messages.filter(({ seq, isThere }) => isThere && !of(user).hidden.has(seq)),
    upTo: (seq: number): readonly number[] => Array.from({ length: seq }, (_, index) => index + 1),
    unread: (user: number): number =>
      messages.filter(
        ({ seq, sender, isThere }) =>
          isThere && sender !== user && !of(user).read.has(seq) && !of(user).hidden.has(seq),
      ).length,
  }
}
