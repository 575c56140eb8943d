import * as t from 'io-ts'
import type { Upcasters } from '../upcasters.ts'

/** Of `platform.erasure-…` (decisions 8). The subject is in the clear: without its key it is nobody's name. */
const Erasing = t.type({ subject: t.string })

export const ERASURE_EVENTS = {
  ErasureRequested: t.type({ subject: t.string, reason: t.string }),
  SubjectErased: Erasing,
  ErasureCompleted: Erasing,
} as const

/** Of `claim-…` (decisions 4). The holder is sealed with the key of who asked: null once that is destroyed. */
export const CLAIM_EVENTS = {
  ClaimTaken: t.type({ holder: t.union([t.string, t.null]) }),
  ClaimReleased: t.type({}),
} as const

export const PLATFORM_UPCASTERS: Upcasters = {}
