import { openBoard, type Board, type PresenceParts } from './presence-board.ts'

/** Who is connected, in groups, on all nodes together (decisions 18). It is no fact: it ends with the connections. */
export type Presence = {
  /** The member is there until what this returns was called, and every other that entered it. */
  readonly enter: (group: string, member: string) => () => void
  /** Those on other nodes as they were at most a poll ago. */
  readonly members: (group: string) => ReadonlySet<string>
  /** `onChange` is called when the members of the group changed; in the same turn if that was here. Returns how to stop. */
  readonly watch: (group: string, onChange: () => void) => () => void
  /** The other nodes that are alive now. Rejects when the vault does. */
  readonly others: () => Promise<readonly string[]>
  readonly close: () => Promise<void>
}

export type { PresenceParts }

export const startPresence = (parts: PresenceParts): Presence => {
  /** How often each member of a group entered here. */
  const here = new Map<string, Map<string, number>>()
  const watchers = new Map<string, Set<() => void>>()
  const changed = (group: string): void => watchers.get(group)?.forEach((onChange) => onChange())
  const board: Board | undefined = parts.isShared
    ? openBoard({ ...parts, membersOf: (group) => [...(here.get(group)?.keys() ?? [])], onChange: changed })
    : undefined
  const moved = (group: string): void => {
    board?.touch(group)
    changed(group)
  }

  return {
    enter: (group, member) => {
      const members = here.get(group) ?? new Map<string, number>()
      const times = members.get(member) ?? 0
      here.set(group, members.set(member, times + 1))
      if (times === 0) moved(group)
      let left = false
      return () => {
        if (left) return
        left = true
        if (leave(here, group, member)) moved(group)
      }
    },
    members: (group) => new Set([...(here.get(group)?.keys() ?? []), ...(board?.elsewhere(group) ?? [])]),
    watch: (group, onChange) => {
      const set = watchers.get(group) ?? new Set()
      watchers.set(group, set.add(onChange))
      return () => {
        set.delete(onChange)
        if (set.size === 0 && watchers.get(group) === set) watchers.delete(group)
      }
    },
    others: () => board?.others() ?? Promise.resolve([]),
    close: () => board?.close() ?? Promise.resolve(),
  }
}

/** Whether it was the last time that the member was here. */
const leave = (here: Map<string, Map<string, number>>, group: string, member: string): boolean => {
  const members = here.get(group)
  const times = members?.get(member)
  if (members === undefined || times === undefined) return false
  if (times > 1) {
    members.set(member, times - 1)
    return false
  }
  members.delete(member)
  if (members.size === 0) here.delete(group)
  return true
}
