import { context, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api'
import * as E from 'fp-ts/lib/Either.js'
import type { CommandRequest, Engine } from '../commands/engine.ts'
import { outcomeOf } from '../commands/measured.ts'
import type { Rejection } from '../domain/rejection.ts'

/** The same engine, each of whose commands is a span `command <category>`: the parent of its appends. */
export const tracedEngine = (engine: Engine, tracer: Tracer): Engine => ({
  ...engine,
  execute: (request) => () => {
    const category = categoryOf(request.stream)
    const span = tracer.startSpan(`command ${category}`, {
      attributes: { 'headwater.context': category.slice(0, category.indexOf('.')) },
    })
    return context.with(trace.setSpan(context.active(), span), async () => {
      try {
        const answer = await engine.execute({ ...request, command: typeTold(request.command, span) })()
        span.setAttribute('headwater.outcome', outcomeOf(answer))
        if (E.isLeft(answer)) tellRejection(answer.left, span)
        return answer
      } catch (error) {
        span.setAttribute('headwater.outcome', 'failed')
        span.setStatus({ code: SpanStatusCode.ERROR })
        throw error
      } finally {
        span.end()
      }
    })
  },
})

/** Streams of one kind: everything up to the first `-`; what follows is an id. */
export const categoryOf = (stream: string): string => {
  const end = stream.indexOf('-')
  return end === -1 ? stream : stream.slice(0, end)
}

/** That the asker was wrong is no error of ours; that the server cannot is one. */
const tellRejection = ({ kind }: Rejection, span: Span): void => {
  span.setAttribute('headwater.rejection', kind)
  if (kind === 'Unavailable') span.setStatus({ code: SpanStatusCode.ERROR })
}

/** A command that is made of the state is known only then. */
const typeTold = <S, C>(
  command: CommandRequest<S, C>['command'],
  span: Span,
): CommandRequest<S, C>['command'] => {
  if (!isFactory(command)) {
    tellType(command, span)
    return command
  }
  return async (state) => {
    const made = await command(state)
    tellType(made, span)
    return made
  }
}

const tellType = (command: unknown, span: Span): void => {
  if (typeof command !== 'object' || command === null || !('type' in command)) return
  if (typeof command.type === 'string') span.setAttribute('headwater.command', command.type)
}

const isFactory = <S, C>(command: C | ((state: S) => Promise<C>)): command is (state: S) => Promise<C> =>
  typeof command === 'function'
