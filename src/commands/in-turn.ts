/**
 * One work after the other for each of the names that it touches, in this process: commands that claim names come in each other's way while they
 * wait for their claims, and many at once would use up their tries. Who names several waits for all of them; nobody can wait for who comes later.
 */
export type InTurn = <A>(names: readonly string[], work: () => Promise<A>) => Promise<A>

export const createTurns = (): InTurn => {
  const last = new Map<string, Promise<void>>()
  return (names, work) => {
    const mine = Promise.all(names.map((name) => last.get(name) ?? NOW)).then(work)
    const over: Promise<void> = mine.then(nothing, nothing).then(() => {
      for (const name of names) if (last.get(name) === over) last.delete(name)
    })
    for (const name of names) last.set(name, over)
    return mine
  }
}

const NOW = Promise.resolve()
const nothing = (): void => undefined
