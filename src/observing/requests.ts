import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Tracer,
} from '@opentelemetry/api'
import type { IncomingMessage } from 'node:http'
import type { Around } from '../http/server.ts'
import { spanContextOf } from './traceparent.ts'

/**
 * Every request is a span `METHOD owner`, of the trace that its `traceparent` names. No path, query or header is told: they have ids and secrets.
 */
export const tracedRequests =
  (tracer: Tracer): Around =>
  (request, { req, res }, run) => {
    const { method, owner } = request
    const attributes = { 'http.request.method': method, 'headwater.owner': owner }
    const parent = parentOf(req)
    const span = tracer.startSpan(`${method} ${owner}`, { kind: SpanKind.SERVER, attributes }, parent)
    res.once('close', () => {
      span.setAttribute('http.response.status_code', res.statusCode)
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(trace.setSpan(parent, span), run)
  }

/** A span that is there already is of an instrumentation of Node's server, which has read the header. */
const parentOf = ({ headers }: IncomingMessage): Context => {
  const active = context.active()
  if (trace.getSpan(active) !== undefined) return active
  const { traceparent, tracestate } = headers
  const theirs = typeof traceparent === 'string' ? spanContextOf(traceparent) : undefined
  if (theirs === undefined) return ROOT_CONTEXT
  const state = typeof tracestate === 'string' ? { traceState: createTraceState(tracestate) } : {}
  return trace.setSpanContext(ROOT_CONTEXT, { ...theirs, ...state })
}
