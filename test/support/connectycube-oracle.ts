/** A dialog of ConnectyCube as its events say, counted one by one: what documents and counters have to agree with. Nothing was deleted in it. */
import { dialogEvents } from '../../src/domain/cc/dialog-events.ts'
import { dialogStream } from '../../src/domain/cc/names.ts'
import { viewEvents } from '../../src/domain/cc/view-events.ts'
import type { History } from '../../src/history/port.ts'
import { APP } from './connectycube.ts'

type Sent = { readonly id: string; readonly sender: number }

export type Views = {
  /** In their order, numbered from 1. */
  readonly messages: readonly Sent[]
  readonly hasRead: (user: number, seq: number) => boolean
  readonly unread: (user: number) => number
}

export const viewsIn = async (history: History, dialog: string): Promise<Views> => {
  const messages: Sent[] = []
  const read = new Map<number, Set<number>>()
  const mark = (user: number, seqs: readonly number[]): void => {
    const known = read.get(user) ?? new Set()
    for (const seq of seqs) known.add(seq)
    read.set(user, known)
  }
  for await (const page of history.readAll({ after: 0n, prefixes: ['cc.dialog-', 'cc.view-'] }))
    for (const event of page) {
      const isIts =
        event.stream === dialogStream(APP.application_id, dialog) || event.data['dialog'] === dialog
      if (!isIts) continue
      if (event.type === 'MessageSent') {
        const { message: id, sender } = dialogEvents.dataOf('MessageSent', event)
        messages.push({ id, sender })
      } else if (event.type === 'MessagesRead') {
        const { user, seqs } = viewEvents.dataOf('MessagesRead', event)
        mark(user, seqs)
      } else if (event.type === 'DialogReadUpTo') {
        const { user, seq } = viewEvents.dataOf('DialogReadUpTo', event)
        mark(user, upTo(seq))
      }
    }
  const hasRead: Views['hasRead'] = (user, seq) =>
    messages[seq - 1]?.sender === user || read.get(user)?.has(seq) === true
  return {
    messages,
    hasRead,
    unread: (user) => messages.filter((_, at) => !hasRead(user, at + 1)).length,
  }
}

const upTo = (seq: number): readonly number[] => Array.from({ length: seq }, (_, at) => at + 1)
