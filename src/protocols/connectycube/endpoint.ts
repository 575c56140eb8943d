import type { LiveSession } from '../../commands/cc/sessions.ts'
import type { Answer, Context, HttpRequest } from '../../http/protocol.ts'
import type { JsonObject } from '../../json.ts'
import type { OfKeyed } from './forms.ts'
import type { Services } from './services.ts'

/** Who may call (connectycube 2.4). `user or admin`: records, where the administration key passes every rule (6.2). */
export type Level = 'none' | 'key' | 'app' | 'user' | 'user or admin' | 'admin'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** Whose request it is. `session` is there if a live token came with it, whatever the level. */
export type Caller = {
  readonly app: number
  /** 0: nobody, an application session, or the administrator. */
  readonly user: number
  readonly isAdmin: boolean
  readonly session?: LiveSession
  /** As it came, and its SHA-256, for who shows, changes or ends the session. */
  readonly token?: string
  readonly tokenHash?: string
}

export type Call = {
  readonly caller: Caller
  /** What `:name` stands for in the path, decoded. */
  readonly path: { readonly [name: string]: string }
  /** Query and body together, brackets expanded; the query wins (2.2). */
  readonly params: JsonObject
  /** Of the body alone, and of the query alone. */
  readonly body: JsonObject
  readonly query: JsonObject
  /** The path ended in `.json` (2.1, 7.6). */
  readonly hadSuffix: boolean
  readonly request: HttpRequest
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** Scheme, host and prefix that the client uses: for absolute URLs. */
  readonly baseUrl: string
}

/** A row of the tables of connectycube 3 to 12. HEAD is GET without the body. */
export type Endpoint = {
  readonly method: Method
  /**
   * `/chat/dialog/:id/admins`: `:name` matches one segment, any other itself, `dialog` and `message` below `/chat` in any case (2.1). Earlier
   * rows win.
   */
  readonly path: string
  readonly level: Level
  /** The parameters that it is given, of query and body alike (`describe.ts` has them for each row); without it, all that came. */
  readonly takes?: ReadonlySet<string>
  /** What is made of a form whose digits in brackets are keys; without it they are places in a list. */
  readonly form?: OfKeyed
  readonly serve: (services: Services, call: Call) => Answer | Promise<Answer>
}

/** A row that reads its body, or writes its answer, by itself: uploads and files. */
export type StreamEndpoint = Omit<Endpoint, 'serve' | 'form'> & {
  readonly stream: (services: Services, call: Omit<Call, 'body'>, ctx: Context) => Promise<void>
}
