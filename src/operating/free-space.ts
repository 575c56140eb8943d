import { freeBytes } from '../embedded/directory.ts'
import { FREE_SPACE_BYTES_MIN, FREE_SPACE_CHECK_MS } from '../limits.ts'

/** Refuses writes before the disk is full: an embedded history that meets a full disk has to end its process. */
export type FreeSpace = {
  /** Why nothing may be written at present. */
  readonly refusal: () => string | undefined
  readonly close: () => void
}

export const watchFreeSpace = async (
  directory: string,
  bytesMin = FREE_SPACE_BYTES_MIN,
  free: (directory: string) => Promise<number> = freeBytes,
): Promise<FreeSpace> => {
  let low = (await free(directory)) < bytesMin
  const look = async (): Promise<void> => {
    low = await free(directory).then(
      (bytes) => bytes < bytesMin,
      () => true,
    )
  }
  const timer = setInterval(() => void look(), FREE_SPACE_CHECK_MS).unref()
  return {
    refusal: () => (low ? 'no_free_space' : undefined),
    close: () => clearInterval(timer),
  }
}
