import { createAudience, type Audience } from './audience.ts'
import type { Feed, HubParts, Listener, Listening } from './feed.ts'
import { createFollower, type Follower } from './follower.ts'

/**
 * Follows the history and hands each event, once the documents show it, to the listeners whose topics it has, in the order of
 * the history, at most once a listener.
 */
export type Hub = {
  readonly listen: <Message>(feed: Feed<Message>, listener: Listener<Message>) => Listening
}

/**
 * Each feed follows the history by itself, so a slow or stopped one holds up no other, and only while it has listeners: a
 * server without sockets reads nothing.
 */
export const startHub = (parts: HubParts): Hub & { readonly close: () => Promise<void> } => {
  const stopping = new AbortController()
  const members = new Map<object, { readonly audience: unknown; readonly follower: Follower }>()

  const audienceOf = <Message>(feed: Feed<Message>): { audience: Audience<Message>; follower: Follower } => {
    const known = members.get(feed)
    // The map's key is the feed, which has the message's type.
    if (known !== undefined) return { ...known, audience: known.audience as Audience<Message> }
    const audience = createAudience<Message>(parts.log)
    const member = { audience, follower: createFollower(feed, audience, parts, stopping.signal) }
    members.set(feed, member)
    return member
  }

  return {
    listen: (feed, listener) => {
      const { audience, follower } = audienceOf(feed)
      const listening = audience.join(listener, parts.applied(feed.prefixes))
      follower.wake()
      return listening
    },
    close: async () => {
      stopping.abort()
      await Promise.all([...members.values()].map(({ follower }) => follower.stopped()))
    },
  }
}
