/** Whether a client may send that many bytes more, in one frame. */
export type Gate = (bytes: number) => boolean

export type GateLimits = {
  readonly framesPerSecond: number
  readonly bytesPerSecond: number
  /** So many seconds' worth of them may come at once. */
  readonly seconds: number
}

/** A bucket that fills up again with time. */
export const openGate = ({ framesPerSecond, bytesPerSecond, seconds: burst }: GateLimits): Gate => {
  const framesMax = framesPerSecond * burst
  const bytesMax = bytesPerSecond * burst
  let frames = framesMax
  let bytes = bytesMax
  let since = performance.now()
  return (size) => {
    const now = performance.now()
    const seconds = (now - since) / 1_000
    since = now
    frames = Math.min(framesMax, frames + seconds * framesPerSecond) - 1
    bytes = Math.min(bytesMax, bytes + seconds * bytesPerSecond) - size
    return frames >= 0 && bytes >= 0
  }
}
