import type { Endings } from '../commands/endings.ts'
import type { Vault } from '../vault/port.ts'
import { startJob, type Job } from './job.ts'

export type EraseEnded = {
  readonly endings: Pick<Endings, 'finish' | 'close'>
  readonly vault: Vault
  readonly onFailure: (error: unknown) => void
}

/** Has those erased whose deletion was answered by a process that died before it could (decisions 8). Stopping waits for what was begun here. */
export const startErasingEnded = ({ endings, ...parts }: EraseEnded): Job => {
  const job = startJob({ ...parts, name: 'erase-ended', everyMs: MINUTE }, endings.finish)
  return {
    stop: async () => {
      await job.stop()
      await endings.close()
    },
  }
}

const MINUTE = 60_000
