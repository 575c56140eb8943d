import { open } from 'node:fs/promises'

/** Makes creations, renamings and removals in a directory outlive a loss of power. */
export const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}
