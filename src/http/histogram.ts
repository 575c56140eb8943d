/** A histogram without labels of its own: an observation is an addition or two, where the library would hash its labels. */
export type Histogram = {
  readonly observe: (seconds: number) => void
  /** The lines of Prometheus' text; `labels` as `name="value",…`, which nobody has to escape. */
  readonly lines: (name: string, labels: string) => readonly string[]
}

/** @param bounds upper ones of the buckets, ascending, in seconds */
export const createHistogram = (bounds: readonly number[]): Histogram => {
  const buckets = [...bounds, Infinity].map(() => 0)
  let sum = 0
  return {
    observe: (seconds) => {
      let bucket = 0
      while (seconds > (bounds[bucket] ?? Infinity)) bucket += 1
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      sum += seconds
    },
    lines: (name, labels) => {
      let total = 0
      const lines = buckets.map((count, index) => {
        total += count
        return `${name}_bucket{${labels},le="${bounds[index] ?? '+Inf'}"} ${total}`
      })
      return [...lines, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`]
    },
  }
}

export const metricHeader = (
  name: string,
  type: 'counter' | 'histogram',
  help: string,
): readonly string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]
