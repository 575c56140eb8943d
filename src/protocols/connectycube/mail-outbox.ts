import { letterOf } from '../../commands/cc/mail-letters.ts'
import type { JsonObject } from '../../json.ts'
import { json } from './answers.ts'
import type { Endpoint } from './endpoint.ts'
import { isoSeconds, paging } from './params.ts'

/** What would be sent, or was, the newest first (connectycube 12.4). */
export const MAIL_OUTBOX_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/admin/outbox/mail',
    level: 'admin',
    serve: async ({ reader, keyring }, { caller: { app }, params }) => {
      const { limit, skip } = paging(params, { kind: 'skip', default: 100, max: 100 })
      const items: JsonObject[] = []
      for await (const page of reader.find('cc_mail_outbox', { app }, { sort: [['at', -1]], skip, limit })) {
        for (const entry of page) {
          const mail = await letterOf(keyring, entry)
          if (mail === undefined) continue
          const { _id, kind, user, state, at } = entry
          items.push({
            ...{ _id, kind: kind ?? null, user_id: user ?? null, state: state ?? null },
            ...{ to: mail.to, subject: mail.subject, text: mail.text },
            created_at: isoSeconds(Number(at)),
          })
        }
      }
      return json(200, { items })
    },
  },
]
