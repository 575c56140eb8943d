import { createCascades, type CascadeParts } from '../../commands/cc/cascades.ts'
import type { Vault } from '../../vault/port.ts'
import { startJob, type Job } from '../job.ts'

/** Deletes what was left hanging on a record or a class because whoever deleted that died before he was through (connectycube 6.6). */
export const startCascades = (
  parts: CascadeParts & { readonly vault: Vault; readonly onFailure: (error: unknown) => void },
): Job =>
  startJob({ ...parts, name: 'connectycube-cascades', everyMs: MINUTE }, (signal) =>
    createCascades(parts).resume(signal),
  )

const MINUTE = 60_000
