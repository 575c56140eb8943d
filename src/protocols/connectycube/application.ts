import { randomUUID } from 'node:crypto'
import * as E from 'fp-ts/lib/Either.js'
import { applicationDecider } from '../../domain/cc/application.ts'
import { adminActor, applicationStream } from '../../domain/cc/names.ts'
import { settingsOf } from '../../queries/cc/applications.ts'
import { meetingUrls } from '../../domain/cc/settings.ts'
import type { Answer } from '../../http/protocol.ts'
import { json } from './answers.ts'
import type { Call, Endpoint } from './endpoint.ts'
import { render } from './errors.ts'
import type { Services } from './services.ts'

const PATH = '/admin/application/settings'

/** How an application is set up (connectycube 12.3). */
export const APPLICATION_ENDPOINTS: readonly Endpoint[] = [
  {
    method: 'GET',
    path: PATH,
    level: 'admin',
    serve: (services, call) => shown(services, call),
  },
  {
    method: 'PUT',
    path: PATH,
    level: 'admin',
    serve: async (services, call) => {
      const { app } = call.caller
      const changed = await services.engine.execute({
        stream: applicationStream(app),
        decider: applicationDecider,
        command: { type: 'ChangeSettings', app, body: call.params },
        commandId: randomUUID(),
        actor: adminActor(app),
        at: call.now,
        via: { protocol: 'connectycube' },
      })()
      return E.isLeft(changed) ? render(changed.left) : shown(services, call)
    },
  },
]

/** Settings that nobody has set are shown as what they come to. */
const shown = async ({ reader }: Services, { caller, baseUrl }: Call): Promise<Answer> => {
  const settings = await settingsOf(reader, caller.app)
  return json(200, { ...settings, meeting_url_template: meetingUrls(settings, baseUrl) })
}
