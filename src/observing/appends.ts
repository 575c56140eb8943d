import { context, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api'
import * as E from 'fp-ts/lib/Either.js'
import type { Either } from 'fp-ts/lib/Either.js'
import type { Appended, AppendFailure, Expected, History, NewEvent } from '../history/port.ts'
import { categoryOf } from './commands.ts'
import { isSampled, traceparentOf } from './traceparent.ts'

/**
 * The same history, in which an append inside a sampled trace is a span `append`, and its events carry that span: whoever projects or delivers
 * them, in whatever process and however much later, goes on with the trace.
 */
export const tracedHistory = (history: History, tracer: Tracer): History => ({
  ...history,
  append: (stream, expected, events) => () => {
    const parent = trace.getActiveSpan()
    if (parent === undefined || !isSampled(parent.spanContext()))
      return history.append(stream, expected, events)()
    const span = tracer.startSpan('append', {
      attributes: { 'headwater.category': categoryOf(stream), 'headwater.events': events.length },
    })
    return context.with(trace.setSpan(context.active(), span), () =>
      appendIn(span, history, { stream, expected, events }),
    )
  },
})

type Append = { readonly stream: string; readonly expected: Expected; readonly events: readonly NewEvent[] }

const appendIn = async (
  span: Span,
  history: History,
  { stream, expected, events }: Append,
): Promise<Either<AppendFailure, Appended>> => {
  try {
    const answer = await history.append(stream, expected, marked(events, span))()
    // What fits without the mark must not be refused because somebody looks on.
    const isTooLarge = E.isLeft(answer) && answer.left._tag === 'TooLarge'
    const last = isTooLarge ? await history.append(stream, expected, events)() : answer
    tell(span, last)
    return last
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    throw error
  } finally {
    span.end()
  }
}

const tell = (span: Span, answer: Either<AppendFailure, Appended>): void => {
  if (E.isRight(answer)) return void span.setAttribute('headwater.position', String(answer.right.position))
  const { _tag } = answer.left
  span.setAttribute('headwater.failure', _tag)
  // A wrong revision is contention: whoever appends tries again.
  if (_tag !== 'WrongRevision') span.setStatus({ code: SpanStatusCode.ERROR })
}

const marked = (events: readonly NewEvent[], span: Span): readonly NewEvent[] => {
  const mark = traceparentOf(span.spanContext())
  return events.map((event) => ({ ...event, meta: { ...event.meta, trace: mark } }))
}
