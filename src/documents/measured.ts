import type { Documents } from './port.ts'

/** The same documents, with the time of each apply that went through told to an observer. */
export const measuredDocuments = (documents: Documents, applied: (ms: number) => void): Documents => ({
  ...documents,
  apply: async (writes, checkpoints) => {
    const start = performance.now()
    await documents.apply(writes, checkpoints)
    applied(performance.now() - start)
  },
})
