import type { HubLog, Listener, Listening } from './feed.ts'

/** The listeners of one feed, found by topic: an event costs by those who get it, not by those who are there. */
export type Audience<Message> = {
  /** It gets events behind `after`: what the documents showed when it came, it can read. */
  readonly join: (listener: Listener<Message>, after: bigint) => Listening
  readonly isEmpty: () => boolean
  readonly wants: (topics: readonly string[]) => boolean
  /** To each listener with any of the topics, once, all messages in order. */
  readonly deliver: (event: Released<Message>) => void
}

export type Released<Message> = {
  readonly topics: readonly string[]
  readonly messages: readonly Message[]
  readonly position: bigint
}

type Seat<Message> = {
  topics: readonly string[]
  readonly deliver: (message: Message) => void
  readonly after: bigint
  /** Number of the last round that reached it: several of its topics may match one event. */
  round: number
  stopped: boolean
}

export const createAudience = <Message>(log: HubLog): Audience<Message> => {
  const byTopic = new Map<string, Set<Seat<Message>>>()
  let seats = 0
  let round = 0

  const hand = (seat: Seat<Message>, messages: readonly Message[]): void => {
    for (const message of messages) {
      if (seat.stopped) return
      try {
        seat.deliver(message)
      } catch (error) {
        log.warn({ err: error }, 'a live listener threw')
      }
    }
  }

  return {
    join: ({ topics, deliver }, after) => {
      const seat: Seat<Message> = { topics: [], deliver, after, round, stopped: false }
      seats++
      enter(byTopic, seat, topics)
      return {
        setTopics: (next) => {
          if (seat.stopped) return
          leave(byTopic, seat)
          enter(byTopic, seat, next)
        },
        stop: () => {
          if (seat.stopped) return
          seat.stopped = true
          seats--
          leave(byTopic, seat)
        },
      }
    },
    isEmpty: () => seats === 0,
    wants: (topics) => topics.some((topic) => byTopic.has(topic)),
    deliver: ({ topics, messages, position }) => {
      round++
      for (const topic of topics) {
        for (const seat of byTopic.get(topic) ?? []) {
          if (seat.round === round || seat.after >= position) continue
          seat.round = round
          hand(seat, messages)
        }
      }
    },
  }
}

const enter = <Message>(
  byTopic: Map<string, Set<Seat<Message>>>,
  seat: Seat<Message>,
  topics: readonly string[],
): void => {
  seat.topics = topics
  for (const topic of topics) {
    const there = byTopic.get(topic)
    if (there === undefined) byTopic.set(topic, new Set([seat]))
    else there.add(seat)
  }
}

const leave = <Message>(byTopic: Map<string, Set<Seat<Message>>>, seat: Seat<Message>): void => {
  for (const topic of seat.topics) {
    const there = byTopic.get(topic)
    there?.delete(seat)
    if (there?.size === 0) byTopic.delete(topic)
  }
}
