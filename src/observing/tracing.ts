import { ProxyTracerProvider, trace, type Tracer } from '@opentelemetry/api'
import type { Engine } from '../commands/engine.ts'
import type { History, StoredEvent } from '../history/port.ts'
import type { Around } from '../http/server.ts'
import { tracedHistory } from './appends.ts'
import { categoryOf, tracedEngine } from './commands.ts'
import { contextOf, now, tracedFollowing, type TracedProjecting } from './projecting.ts'
import { tracedRequests } from './requests.ts'

/**
 * One trace of a request, its command, the append, the projections that show it and the delivery to live clients, by OpenTelemetry's API.
 * An event takes the trace along in its meta.
 */
export type Tracing = {
  readonly around: Around
  readonly engine: (engine: Engine) => Engine
  readonly history: (history: History) => History
  readonly following: (history: History, projecting: TracedProjecting) => History
  /** An event was handed to live clients; it began at that `performance.now()`. */
  readonly delivered: (event: StoredEvent, since: number) => void
}

/** `undefined` unless whoever started the process has registered an SDK: then nothing is decorated, and tracing costs nothing. */
export const createTracing = (): Tracing | undefined => {
  const tracer = registeredTracer()
  return tracer === undefined
    ? undefined
    : {
        around: tracedRequests(tracer),
        engine: (engine) => tracedEngine(engine, tracer),
        history: (history) => tracedHistory(history, tracer),
        following: (history, projecting) => tracedFollowing(history, tracer, projecting),
        delivered: (event, since) => tellDelivered(tracer, event, since),
      }
}

const NAME = 'headwater'

/** The API hands out a provider in any case: its own is one that may have nobody behind it. */
const registeredTracer = (): Tracer | undefined => {
  const provider = trace.getTracerProvider()
  // The API has no other way to ask, but for starting a span that nobody ends.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  return provider instanceof ProxyTracerProvider ? provider.getDelegateTracer(NAME) : provider.getTracer(NAME)
}

const tellDelivered = (tracer: Tracer, { meta, stream }: StoredEvent, since: number): void => {
  const parent = meta.trace === undefined ? undefined : contextOf(meta.trace)
  if (parent === undefined) return
  const startTime = performance.timeOrigin + since
  const attributes = { 'headwater.category': categoryOf(stream) }
  tracer.startSpan('deliver', { startTime, attributes }, parent).end(now())
}
