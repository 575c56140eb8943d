/** A dialog, its messages and its users' views as a history would hold them, and their documents, without stores. */
import * as E from 'fp-ts/lib/Either.js'
import { ccDialogs } from '../../projections/cc/dialogs.ts'
import { memoryDocuments } from '../../src/documents/memory/memory.ts'
import type { Documents, Write } from '../../src/documents/port.ts'
import { dialogDecider } from '../../src/domain/cc/dialog-decide.ts'
import { NO_DIALOG } from '../../src/domain/cc/dialog-evolve.ts'
import type { DialogType } from '../../src/domain/cc/dialog-events.ts'
import { sentBy, type DialogCommand, type DialogState } from '../../src/domain/cc/dialog.ts'
import { dialogStream, viewStream } from '../../src/domain/cc/names.ts'
import { viewDecider } from '../../src/domain/cc/view-decide.ts'
import { NO_VIEW } from '../../src/domain/cc/view-evolve.ts'
import type { ViewAction, ViewPlace, ViewState } from '../../src/domain/cc/view.ts'
import type { Fact } from '../../src/domain/decider.ts'
import type { StoredEvent } from '../../src/history/port.ts'
import type { JsonObject } from '../../src/json.ts'
import { createBuild, projectInto } from '../../src/projecting/build.ts'

export const APP = 1
export const AT = 1_767_225_600_000
export const DIALOG = '69559a81f8b562bf92c61583'

/** 24 hex digits that end in the number. */
export const messageId = (seq: number): string => seq.toString(16).padStart(24, '0')

export const creating = (
  type: DialogType,
  occupants: readonly number[],
  more: Partial<Extract<DialogCommand, { readonly type: 'Create' }>> = {},
): DialogCommand => ({
  type: 'Create',
  ...{ app: APP, dialog: DIALOG, dialogType: type, owner: occupants[0] ?? 1 },
  ...{ occupants, admins: [], allowPreview: false },
  ...more,
})

export const sending = (by: number, seq: number, text = 'hi'): DialogCommand => ({
  type: 'SendMessage',
  ...{ by, message: messageId(seq), dateSent: AT / 1000 + seq },
  ...{ origin: 'rest', sendToChat: false, silent: false, content: { text } },
})

/** The dialog as of now, for that user's view of it. */
export const placeOf = (state: DialogState, user: number): ViewPlace => ({
  ...{ app: state.app, dialog: state.dialog, dialogType: state.type, user },
  moment: { seq: state.seq, own: sentBy(state, user), floor: state.floor },
})

/** As the projector makes them, under the collections' logical names. */
export const writesOf = (event: StoredEvent): readonly Write[] => {
  const writes: Write[] = []
  projectInto(writes, createBuild(ccDialogs, 0), event)
  return writes.map((write) => ({ ...write, collection: write.collection.replace(/@.*$/, '') }))
}

export const storedEvent = (stream: string, index: number, { type, data }: Fact): StoredEvent => ({
  stream,
  revision: BigInt(index),
  position: BigInt(3 * index + 1),
  id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  type,
  data: JSON.parse(JSON.stringify(data)) as JsonObject,
  meta: { at: AT + index * 1000, actor: 'cc:test', commandId: 'c', correlationId: 'c', schema: 1 },
})

export type World = ReturnType<typeof createWorld>

export const createWorld = (documents: Documents = memoryDocuments()) => {
  const events: StoredEvent[] = []
  const views = new Map<number, ViewState>()
  let dialog = NO_DIALOG
  const viewOf = (user: number): ViewState => views.get(user) ?? NO_VIEW

  const happen = async (stream: string, facts: readonly Fact[]): Promise<void> => {
    for (const fact of facts) {
      const event = storedEvent(stream, events.length, fact)
      events.push(event)
      dialog = dialogDecider.evolve(dialog, event)
      if (stream.startsWith('cc.view-')) {
        const user = Number(stream.slice(stream.lastIndexOf('-') + 1))
        views.set(user, viewDecider.evolve(viewOf(user), event))
      }
      await documents.apply(writesOf(event), [])
    }
  }

  return {
    documents,
    events,
    happen,
    state: () => dialog,
    /** Whether it was allowed. */
    run: async (command: DialogCommand): Promise<boolean> => {
      const decided = dialogDecider.decide(command, dialog)
      if (E.isLeft(decided)) return false
      await happen(dialogStream(APP, DIALOG), decided.right)
      return true
    },
    /** Decided now; what is given back appends it. */
    deciding: (user: number, action: ViewAction): (() => Promise<void>) => {
      const decided = viewDecider.decide({ ...placeOf(dialog, user), action }, viewOf(user))
      const facts = E.isRight(decided) ? decided.right : []
      return () => happen(viewStream(DIALOG, user), facts)
    },
  }
}
