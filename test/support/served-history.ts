/** What a server answers below `/history` about stores in a directory, out of its own code but without a process and without users. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openEmbeddedDocuments } from '../../src/documents/embedded/documents.ts'
import { documentsPath, historyPath } from '../../src/embedded/directory.ts'
import { openEmbeddedHistory } from '../../src/history/embedded/history.ts'
import type { Answer } from '../../src/http/protocol.ts'
import { createTree } from '../../src/proofs/reading.ts'
import { NO_ROUTE } from '../../src/protocols/rightech/errors.ts'
import {
  getConsistency,
  getInclusion,
  getKey,
  getLatestHead,
  getTree,
} from '../../src/protocols/rightech/history/proofs.ts'
import { createHistoryReading } from '../../src/queries/history/reading.ts'

export const TOKEN = 'secret'

export type ServedHistory = {
  readonly url: string
  /** Puts another text in the place of what is answered to a path. */
  readonly lie: (path: string, text: (truth: string) => string) => void
  readonly honest: () => void
  readonly close: () => Promise<void>
}

export const serveHistory = async (directory: string): Promise<ServedHistory> => {
  const history = openEmbeddedHistory({ path: historyPath(directory), readOnly: true })
  const documents = await openEmbeddedDocuments({ path: documentsPath(directory), readOnly: true })
  const tree = createTree(documents)
  const reading = createHistoryReading(history, documents)
  const routes: { readonly [path: string]: (query: string) => Promise<Answer> } = {
    '/history/tree': () => getTree(tree),
    '/history/key': () => getKey(reading),
    '/history/heads/latest': () => getLatestHead(reading),
    '/history/proofs/inclusion': (query) => getInclusion(tree, query),
    '/history/proofs/consistency': (query) => getConsistency(tree, query),
  }
  const lies = new Map<string, (truth: string) => string>()
  const answered = async (url: string, authorization: string | undefined): Promise<Answer> => {
    if (authorization !== `Bearer ${TOKEN}`) return { ...NO_ROUTE, status: 401 }
    const [path = '', query = ''] = url.split('?')
    const answer = (await routes[path]?.(query)) ?? NO_ROUTE
    return { ...answer, body: lies.get(path)?.(String(answer.body)) ?? answer.body }
  }
  const server = createServer((request, response) => {
    void answered(request.url ?? '', request.headers.authorization).then(({ status, headers, body }) =>
      response.writeHead(status, { ...headers, Connection: 'close' }).end(body),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: (path, text) => void lies.set(path, text),
    honest: () => lies.clear(),
    close: async () => {
      server.close()
      await once(server, 'close')
      await documents.close()
      await history.close()
    },
  }
}
