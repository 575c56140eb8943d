/**
 * Values by user, in buckets: changing one copies its bucket and the list of buckets, not everything, so that a dialog of 100,000 subscribers
 * takes a message as quickly as one of ten. Plain JSON, for snapshots.
 */
export type Spread<V> = { readonly [bucket: string]: { readonly [user: string]: V } }

export const NOBODY: Spread<never> = {}

export const valueOf = <V>(spread: Spread<V>, user: number): V | undefined => spread[bucketOf(user)]?.[user]

export const withValue = <V>(spread: Spread<V>, user: number, value: V): Spread<V> => {
  const bucket = bucketOf(user)
  return { ...spread, [bucket]: { ...spread[bucket], [user]: value } }
}

export const withValues = <V>(spread: Spread<V>, users: readonly number[], value: V): Spread<V> => {
  const [only] = users
  if (only !== undefined && users.length === 1) return withValue(spread, only, value)
  const result: Record<string, { readonly [user: string]: V }> = { ...spread }
  const copied = new Map<number, Record<string, V>>()
  for (const user of users) {
    const bucket = bucketOf(user)
    const values = copied.get(bucket) ?? { ...result[bucket] }
    values[user] = value
    copied.set(bucket, values)
    result[bucket] = values
  }
  return result
}

/** Whose value is that one, ascending. */
export const usersWith = <V>(spread: Spread<V>, value: V): readonly number[] =>
  Object.values(spread)
    .flatMap((values) =>
      Object.entries(values).flatMap(([user, one]) => (one === value ? [Number(user)] : [])),
    )
    .sort((a, b) => a - b)

const BUCKETS = 256
const bucketOf = (user: number): number => user % BUCKETS
