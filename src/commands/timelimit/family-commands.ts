import { randomUUID } from 'node:crypto'
import type { Either } from 'fp-ts/lib/Either.js'
import type { FamilyCommand } from '../../domain/timelimit/commands.ts'
import { familyDecider } from '../../domain/timelimit/decide.ts'
import { familyStream } from '../../domain/timelimit/names.ts'
import type { FamilyState } from '../../domain/timelimit/state.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { JsonObject } from '../../json.ts'
import type { Engine, Outcome } from '../engine.ts'

export type FamilyRequest = {
  readonly family: string
  /** A function is called with the state that is decided on. */
  readonly command: FamilyCommand | ((state: FamilyState) => Promise<FamilyCommand>)
  /** `<kind>:<id>` within TimeLimit. */
  readonly actor: string
  readonly at: number
  /** Beside the protocol. `device` is not told about what it did itself. */
  readonly via?: JsonObject
  /** Without it the request is one of its own. */
  readonly commandId?: string
}

export const commandFamily = (
  engine: Engine,
  { family, command, actor, at, via, commandId = randomUUID() }: FamilyRequest,
): Promise<Either<Rejection, Outcome<FamilyState>>> =>
  engine.execute({
    stream: familyStream(family),
    decider: familyDecider,
    command,
    commandId,
    actor: `timelimit:${actor}`,
    at,
    via: { protocol: 'timelimit', ...via },
  })()

export const loadFamily = async (engine: Engine, family: string): Promise<FamilyState> =>
  (await engine.load(familyStream(family), familyDecider)).state
