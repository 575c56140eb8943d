import packageJson from '../../../package.json' with { type: 'json' }
import { open, type Endpoint } from './endpoint.ts'
import { json } from './replies.ts'

/** Who we are (afrodite 2). Nobody is asked for a token. */
export const VERSION_ENDPOINTS: readonly Endpoint[] = [
  open({ methods: ['GET'], name: '/common_api/version' }, ({ settings }) =>
    json({
      backend_code_version: `headwater-${packageJson.version}`,
      backend_version: settings.backendVersion ?? packageJson.version,
      protocol_version: HTTP_PROTOCOL_VERSION,
    }),
  ),
]

/** Of the HTTP requests; the WebSocket's protocol has numbers of its own. */
const HTTP_PROTOCOL_VERSION = '1.0.0'
