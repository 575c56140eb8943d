/** An operator's SDK for tests: `node --import` it. Every span that ends is a line of JSON in the file that `TRACE_FILE` names. */
import { appendFileSync } from 'node:fs'
import { env } from 'node:process'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

const lineOf = (span) =>
  JSON.stringify({
    name: span.name,
    traceId: span.spanContext().traceId,
    spanId: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId ?? null,
    attributes: span.attributes,
  })

const toFile = {
  export: (spans, done) => {
    appendFileSync(env.TRACE_FILE, spans.map((span) => `${lineOf(span)}\n`).join(''))
    done({ code: 0 })
  },
  shutdown: () => Promise.resolve(),
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(toFile)] }))
