import type { JsonObject } from '../json.ts'
import { jsonReply, type Description, type Operation, type Reply } from '../openapi/description.ts'

const TAG = 'platform'

/** What belongs to no protocol (one-port 3). */
export const describePlatform = (): Description => ({
  tag: TAG,
  about: 'The server itself',
  security: {
    'platform.metrics': {
      type: 'http',
      scheme: 'bearer',
      description: '`METRICS_TOKEN`. In development, and over loopback, nobody is asked.',
    },
  },
  schemas: { error: object({ error: TEXT }) },
  replies: {
    Refused: jsonReply('Refused', { $ref: `#/components/schemas/${TAG}.error` }),
  },
  operations: [
    get(
      '/live',
      'Whether the process can answer',
      jsonReply('It can', object({ status: { const: 'live' } })),
    ),
    get(
      '/ready',
      'Whether it has caught up and its stores are there',
      jsonReply('Ready', object({ status: { const: 'ready' } })),
      {
        '503': jsonReply(
          'Not ready',
          object({ status: { const: 'not ready' }, reasons: { type: 'array', items: TEXT } }),
        ),
      },
    ),
    {
      ...get(
        '/metrics',
        'Metrics for Prometheus',
        { description: 'Metrics', content: { 'text/plain': TEXT } },
        {
          '401': 'Refused',
          '403': 'Refused',
          '503': 'Refused',
        },
      ),
      security: ['platform.metrics'],
    },
    get('/openapi.json', 'This document', jsonReply('The document', { type: 'object' })),
  ],
})

const TEXT: JsonObject = { type: 'string' }

const object = (properties: JsonObject): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

const get = (
  path: string,
  summary: string,
  reply: Reply,
  more: Operation['responses'] = { '503': 'Refused' },
): Operation => ({
  method: 'GET',
  path,
  summary,
  security: [],
  responses: { '200': reply, '431': 'Refused', '500': 'Refused', ...more },
})
