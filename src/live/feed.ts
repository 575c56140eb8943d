import type { History, StoredEvent } from '../history/port.ts'

/** How one protocol sees the history. One value for all of its listeners: an event is rendered once, not once a client. */
export type Feed<Message> = {
  readonly prefixes: readonly string[]
  /** Topics of an event; a listener with any of them gets it. Called for every event: keep it cheap. */
  readonly topics: (event: StoredEvent) => readonly string[]
  /** Called once an event, and only if somebody listens. May read documents. */
  readonly render: (event: StoredEvent) => readonly Message[] | Promise<readonly Message[]>
}

export type Listener<Message> = {
  readonly topics: readonly string[]
  /** Must not throw or block; a slow client is the listener's own affair. */
  readonly deliver: (message: Message) => void
}

export type Listening = {
  readonly setTopics: (topics: readonly string[]) => void
  readonly stop: () => void
}

export type HubParts = {
  readonly history: Pick<History, 'subscribe'>
  /** Position up to which the documents show the streams of these prefixes now: where a feed begins that nobody listened to. */
  readonly applied: (prefixes: readonly string[]) => bigint
  /** Resolves once the documents show that position. A rejection, or false, is tried again; a wait without end is fine. */
  readonly reached: (position: bigint, prefixes: readonly string[]) => Promise<boolean>
  /** What the documents hold back nobody is told, although they are past it. */
  readonly isHeld?: (event: StoredEvent) => boolean
  /** Told of each event that was handed to listeners, and since when (`performance.now()`) it was being rendered. */
  readonly delivered?: ((event: StoredEvent, since: number) => void) | undefined
  readonly log: HubLog
  /** First pause after a failure, doubled up to 50 times as long. */
  readonly retryMs?: number
}

export type HubLog = { readonly warn: (details: object, message: string) => void }
