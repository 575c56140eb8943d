import type { JsonObject } from '../../json.ts'
import type { Fields } from '../rejection.ts'

/** What may be asked of a store. Times are milliseconds since the Unix epoch. */
export type StoresCommand =
  | CreateEntity
  | PatchEntity
  | DeleteEntity
  | EndEntity
  | SignIn
  | SignOut
  | ExpireTask
  | AddNode
  | PatchNode
  | RemoveNode
  | StartLink
  | StopLink
  | SendCommand

/** Who asks. */
export type Caller = {
  readonly user: string
  readonly group: string
  /** Branch of the caller's group, which is its last. */
  readonly branch: readonly string[]
  /** Id of the caller's role. */
  readonly role?: string | undefined
  /** Scopes of that role. */
  readonly credentials: readonly string[]
  /** Scopes of the API token that the caller came with; absent with a session or a token by password. */
  readonly scopes?: readonly string[] | undefined
}

type Common = {
  readonly store: string
  /** 24 lower-case hexadecimal digits. */
  readonly id: string
  readonly at: number
  readonly caller: Caller
}

type Write = Common & {
  /** As the client sent it; what is not the client's to set is dropped here. */
  readonly body: JsonObject
  /** Rules broken by what only the documents know: `referencesOf` lists what to look up. Path → `['reference']`. */
  readonly references: Fields
  /** users: the verifier of `body.password`, made if `validPassword(body.password)`. */
  readonly passwordHash?: string | undefined
  /** Where `body` names a role: that role's credentials. */
  readonly roleCredentials?: readonly string[] | undefined
}

export type CreateEntity = Write & {
  readonly type: 'CreateEntity'
  /** The entity's group and the group's branch; for a new group, its parent's. The root group has no parent: an empty branch. */
  readonly group: { readonly _id: string; readonly branch: readonly string[] }
  /** Values of the registry's `random` and `slugOf` defaults, by field. */
  readonly defaults: JsonObject
  /** tokens: SHA-256 of the issued token. The token itself never comes here. */
  readonly tokenHash?: string | undefined
}

export type PatchEntity = Write & { readonly type: 'PatchEntity' }

export type DeleteEntity = Common & {
  readonly type: 'DeleteEntity'
  /** Something of the registry's `blockedBy` refers to it. */
  readonly blocked: boolean
}

/** Deletes what is there, whoever it belongs to: before its subject is erased. */
export type EndEntity = { readonly type: 'EndEntity'; readonly id: string; readonly at: number }

export type SignIn = {
  readonly type: 'SignIn'
  readonly user: string
  readonly at: number
  readonly method: 'cookie' | 'token'
  /** Names the session in the audit; not the secret that the client holds. */
  readonly sessionId: string
  /** The password fits `state.passwordHash`. */
  readonly verified: boolean
  readonly expiresAt: number
}

export type SignOut = {
  readonly type: 'SignOut'
  readonly user: string
  readonly sessionId: string
  readonly at: number
}

export type ExpireTask = { readonly type: 'ExpireTask'; readonly id: string; readonly at: number }

/** What is done to a node of a model's tree (rightech 3.6). */
type NodeCommand = { readonly id: string; readonly at: number; readonly caller: Caller }

export type AddNode = NodeCommand & {
  readonly type: 'AddNode'
  /** As the client sent it. */
  readonly body: JsonObject
  /** Id of the node that it goes below; absent: the root. */
  readonly attachTo?: string | undefined
  /** Its place among the children, clamped; absent: behind the last. Not a whole number: refused. */
  readonly atIndex?: number | undefined
}

export type PatchNode = NodeCommand & {
  readonly type: 'PatchNode'
  readonly node: string
  readonly body: JsonObject
}

export type RemoveNode = NodeCommand & { readonly type: 'RemoveNode'; readonly node: string }

/** What an object can be linked with (rightech 3.5). */
export type LinkStore = 'automatons' | 'handlers' | 'geofences'

type LinkCommand = {
  /** The object's. */
  readonly id: string
  readonly at: number
  readonly caller: Caller
  readonly store: LinkStore
  /** Id of the automaton, handler or geofence. */
  readonly target: string
}

export type StartLink = LinkCommand & {
  readonly type: 'StartLink'
  /** Of the target at this time. */
  readonly name: string
  /** 11 url-safe characters, for the case that it is not linked yet. */
  readonly session: string
}

export type StopLink = LinkCommand & { readonly type: 'StopLink' }

export type SendCommand = {
  readonly type: 'SendCommand'
  /** The object's. */
  readonly id: string
  readonly at: number
  readonly caller: Caller
  /** Id of an active action node of the object's model. */
  readonly command: string
  /** Complete: the node's own under what the client gave. */
  readonly params: JsonObject
  /** The object is offline and commands to such are refused here. */
  readonly isRefused: boolean
}
