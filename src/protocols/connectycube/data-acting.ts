import type { Acting } from '../../commands/cc/records.ts'
import type { Who } from '../../domain/cc/permissions.ts'
import type { Rejection } from '../../domain/rejection.ts'
import type { Answer } from '../../http/protocol.ts'
import { findClass } from '../../queries/cc/classes.ts'
import { findUser } from '../../queries/cc/users.ts'
import { plainError } from './answers.ts'
import type { Call, Caller, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import { list } from './params.ts'
import type { Services } from './services.ts'

/** Of all calls on records: the administration key passes every rule (connectycube 6.2). */
export const LEVEL = 'user or admin'

/** Who acts in the class that the path names; `undefined`: there is none of that name. */
export const actingOf = async (
  { reader }: Pick<Services, 'reader'>,
  { caller, path }: Pick<Call, 'caller' | 'path'>,
): Promise<Acting | undefined> => {
  const of = await findClass(reader, caller.app, path['class'] ?? '')
  return of === undefined ? undefined : { of, who: await whoIs(reader, caller) }
}

/** Serves what concerns one class. */
export const inItsClass =
  (serve: (services: Services, call: Call, acting: Acting) => Promise<Answer>): Endpoint['serve'] =>
  async (services, call) => {
    const acting = await actingOf(services, call)
    return acting === undefined ? undefinedClass() : serve(services, call, acting)
  }

export const undefinedClass = (): Answer => plainError(404, 'Undefined class')

/** The class may have been removed meanwhile. */
export const renderRecord = (rejection: Rejection): Answer =>
  rejection.reason === 'no_class' ? undefinedClass() : render(rejection)

/** His groups are his tags as they are now (connectycube 6.2). */
const whoIs = async (reader: Services['reader'], { app, user, isAdmin }: Caller): Promise<Who> => {
  const document = isAdmin ? undefined : await findUser(reader, app, user)
  return { user, isAdmin, groups: list(document?.['tags']) }
}
