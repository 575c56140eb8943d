import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Rejection } from '../../domain/rejection.ts'
import type { CreateEntity, PatchEntity } from '../../domain/stores/commands.ts'
import { storesDecider } from '../../domain/stores/decide.ts'
import { entityStream } from '../../domain/stores/names.ts'
import { validPassword } from '../../domain/stores/validate.ts'
import type { Services } from './services.ts'

/**
 * A command for a user, with the verifier of the new password if there is one. It is decided once without, because hashing is slow and
 * shared by all: what will be refused anyway is refused here.
 */
export const withVerifier = async <Command extends CreateEntity | PatchEntity>(
  { engine, passwords }: Services,
  command: Command,
): Promise<Either<Rejection, Command>> => {
  const { password } = command.body
  if (command.store !== 'users' || !validPassword(password)) return E.right(command)
  const decider = storesDecider('users')
  const state =
    command.type === 'CreateEntity'
      ? decider.initial
      : (await engine.load(entityStream('users', command.id), decider)).state
  const decided = decider.decide({ ...command, passwordHash: 'not yet' }, state)
  if (E.isLeft(decided)) return decided
  const hashed = await passwords.run((hasher) => hasher.hash(password))
  return E.map((passwordHash: string) => ({ ...command, passwordHash }))(hashed)
}
