import { changing, type Changing } from './user-changing.ts'
import type { UserParts } from './user-commands.ts'
import { joining, type Joining } from './user-joining.ts'

export type { How, UserParts } from './user-commands.ts'
export type { Credentials, Identified } from './user-joining.ts'

/** Users of applications (connectycube 3.1, 4.2). Fields are named as clients do; refusals have the texts to show. */
export type Users = Joining & Changing

export const createUsers = (parts: UserParts): Users => ({ ...joining(parts), ...changing(parts) })
