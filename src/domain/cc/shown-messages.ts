/** How documents name what is no plain name: for the projection that writes them, and the queries that read them. */

/** In place of the dialog that a message is gone from. */
export const goneFrom = (dialog: string): string => `gone-${dialog}`

/** What a user gave of reactions: each of them is a field there. */
export const reactionsPath = (user: number): string => `reactions.${userKey(user)}`
/** A kind is any text, and a path has dots: hexadecimal digits have none. */
export const reactionPath = (user: number, kind: string): string =>
  `${reactionsPath(user)}.k${Buffer.from(kind).toString('hex')}`

export const reactionUser = (key: string): number => Number(key.slice(1))
export const reactionKind = (key: string): string => Buffer.from(key.slice(1), 'hex').toString()

/** A number alone could be taken for a place in a list. */
const userKey = (user: number): string => `u${user}`
