import type { Resource } from './resources.ts'

/** Every path beside the operations of the stores (rightech 3). */
export const RESOURCES: readonly Resource[] = []
