import { webUrl } from '../../unfurling/page.ts'
import { fieldErrors, json, notFound, RULES } from './answers.ts'
import type { Endpoint } from './endpoint.ts'
import { text } from './params.ts'

/**
 * Connectycube 10.4. Where links are not looked at there is no such route, as far as a user can tell; where one cannot be, the SDK shows its
 * host.
 */
export const UNFURL_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/unfurl',
    level: 'user',
    serve: async ({ unfurler }, { params }) => {
      if (unfurler === undefined) return notFound()
      const url = text(params['url'])?.trim() ?? ''
      if (url === '') return fieldErrors({ url: [RULES.blank] })
      const address = webUrl(url)
      if (address === undefined) return fieldErrors({ url: [RULES.invalid] })
      const page = await unfurler.unfurl(address)
      return page === undefined ? fieldErrors({ url: [NO_PREVIEW] }) : json(200, { url, ...page })
    },
  },
]

const NO_PREVIEW = 'has no preview'
