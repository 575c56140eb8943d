import * as E from 'fp-ts/lib/Either.js'
import type { Rejection } from '../domain/rejection.ts'
import { BUILDS, buildsDecider, type BuildCommand } from '../domain/stores/builds.ts'
import { collectionOf, entityStream } from '../domain/stores/names.ts'
import { BUILDS_MAX } from '../limits.ts'
import type { Reader } from '../queries/reader.ts'
import { uuidV5 } from '../uuid.ts'
import type { Engine } from './engine.ts'
import type { Cause } from './facts.ts'

/** Namespace of the command ids. */
const NAMESPACE = '0d5f7a2c-51f9-4a62-9c0e-4f1e6f0b7d18'

/** A step of a build is one command, however often it is asked for (decisions 19). */
export const buildCommandId = (build: string, step: string): string => uuidV5(`${build}:${step}`, NAMESPACE)

/** A command on a build's stream. */
export const onBuild = (id: string, command: BuildCommand) =>
  ({ stream: entityStream(BUILDS, id), decider: buildsDecider, command }) as const

/**
 * Deletes all but the newest builds of a group (rightech 3.8). What is older than those in any state of the documents is so in every later
 * one, so it does not matter how many do this at once; whoever does it last leaves no more than a group keeps. Answers why one could not be
 * deleted.
 */
export const evictOldBuilds = async (
  { engine, reader }: { readonly engine: Engine; readonly reader: Pick<Reader, 'find'> },
  group: string,
  cause: Omit<Cause, 'commandId'>,
): Promise<Rejection | undefined> => {
  const surplus = reader.find(
    collectionOf(BUILDS),
    { _v: group, group },
    { sort: [['_id', -1]], skip: BUILDS_MAX, fields: ['_id'] },
  )
  for await (const page of surplus) {
    for (const { _id: id } of page) {
      const evicted = await engine.execute({
        ...cause,
        ...onBuild(id, { type: 'EvictBuild', id, at: cause.at }),
        commandId: buildCommandId(id, 'evicted'),
      })()
      if (E.isLeft(evicted)) return evicted.left
    }
  }
  return undefined
}
