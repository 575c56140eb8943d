import { ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Tracer } from '@opentelemetry/api'
import type { Delivery, History, StoredEvent } from '../history/port.ts'
import { reads } from '../projecting/build.ts'
import { isHeld } from '../projecting/holds.ts'
import type { Projection } from '../projecting/projection.ts'
import type { ProjectionStatus } from '../projecting/read-models.ts'
import { isSampled, spanContextOf } from './traceparent.ts'

export type TracedProjecting = {
  readonly projections: readonly Projection[]
  /** Where they stand: asked when a page was taken. */
  readonly status: () => readonly ProjectionStatus[]
}

/**
 * The same history for the runner, which takes the next page when it has applied the last one: so in every trace that has events in the page there is
 * a span `project <projection>` for each projection that has brought itself over them. What a build reads beside the line, catching up or rebuilding,
 * is not told.
 */
export const tracedFollowing = (history: History, tracer: Tracer, traced: TracedProjecting): History => ({
  ...history,
  subscribe: (options) => following(history.subscribe(options), tracer, traced),
})

async function* following(
  source: AsyncIterable<Delivery>,
  tracer: Tracer,
  traced: TracedProjecting,
): AsyncIterable<Delivery> {
  for await (const delivery of source) {
    const marked = delivery.events.filter(({ meta }) => meta.trace !== undefined)
    const startTime = now()
    yield delivery
    if (marked.length > 0) tellPage(tracer, traced, { marked, startTime, events: delivery.events.length })
  }
}

type TakenPage = {
  readonly marked: readonly StoredEvent[]
  readonly startTime: number
  readonly events: number
}

const tellPage = (tracer: Tracer, { projections, status }: TracedProjecting, page: TakenPage): void => {
  const standing = new Map(status().map((one) => [one.name, one]))
  for (const projection of projections) {
    const at = standing.get(projection.name)
    if (at === undefined) continue
    for (const [mark, event] of lastOfEach(page.marked, projection, at)) {
      const parent = contextOf(mark)
      if (parent === undefined) continue
      const attributes = { 'headwater.projection': projection.name, 'headwater.page': page.events }
      const { startTime } = page
      const span = tracer.startSpan(`project ${projection.name}`, { startTime, attributes }, parent)
      if (event.position > at.position) span.setStatus({ code: SpanStatusCode.ERROR, message: 'stopped' })
      span.end(now())
    }
  }
}

/** Of each trace the last event that the projection has come over, or stands in front of. */
const lastOfEach = (
  marked: readonly StoredEvent[],
  projection: Projection,
  { position, stopped, holds }: ProjectionStatus,
): ReadonlyMap<string, StoredEvent> => {
  const found = new Map<string, StoredEvent>()
  for (const event of marked) {
    if (projection.on[event.type] === undefined || !reads(projection, event.stream)) continue
    if (event.position > position && event.position !== stopped?.position) continue
    if (event.meta.trace !== undefined && !isHeld(holds, event)) found.set(event.meta.trace, event)
  }
  return found
}

/** `undefined` if there is nothing to go on with. */
export const contextOf = (mark: string): Context | undefined => {
  const spanContext = spanContextOf(mark)
  return spanContext !== undefined && isSampled(spanContext)
    ? trace.setSpanContext(ROOT_CONTEXT, spanContext)
    : undefined
}

/** Milliseconds since the Unix epoch, finer than the clock of the wall. */
export const now = (): number => performance.timeOrigin + performance.now()
