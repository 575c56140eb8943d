import { Busboy, type BusboyInstance } from '@fastify/busboy'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { STREAM_STALL_MS_MAX } from '../../limits.ts'
import { BlobTooLarge } from '../../vault/port.ts'

/** The part `file` of a multipart body, of which `take` has made something, and the field `field_name`. */
export type ReceivedFile<T> = {
  readonly field: string | undefined
  readonly file: { readonly name: string; readonly type: string; readonly taken: T } | undefined
}

/**
 * Gives the content of the part `file`, with the fields that came before it, to `take` while it comes (connectycube 6.7, 7.3). `undefined`: it
 * is no multipart, was broken off, came too slowly or was too large for `take`; the content has then failed under its reader. Rejects if
 * `take` does for another reason.
 */
export const receiveFile = <T>(
  req: IncomingMessage,
  take: (content: Readable, fields: ReadonlyMap<string, string>) => Promise<T>,
  msMax = Infinity,
): Promise<ReceivedFile<T> | undefined> => {
  const parser = parserFor(req)
  if (parser === undefined) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>()
    let file: { readonly name: string; readonly type: string; readonly taken: Promise<T> } | undefined
    let reading: Readable | undefined
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      clearTimeout(deadline)
      req.unpipe(parser)
      req.off('data', onData).off('close', onClose).off('error', broken)
      settle()
    }
    let isBroken = false
    const broken = (): void => {
      isBroken = true
      finish(() => {
        reading?.destroy(new Error('the upload was broken off'))
        // Until nothing is being stored any more.
        void (file?.taken ?? Promise.resolve()).then(nothing, nothing).then(() => resolve(undefined))
      })
    }
    const refused = (error: unknown): void => {
      if (isBroken) return
      if (error instanceof BlobTooLarge) finish(() => resolve(undefined))
      else finish(() => reject(error instanceof Error ? error : new Error(String(error))))
    }
    const timer = setTimeout(broken, STREAM_STALL_MS_MAX)
    const deadline = msMax === Infinity ? undefined : setTimeout(broken, msMax)
    // It closes as well when all of it has come.
    const onClose = (): void => {
      if (!req.complete) broken()
    }
    const onData = (): void => void timer.refresh()
    parser.on('field', (name, value) => {
      if (typeof value === 'string') fields.set(name, value)
    })
    parser.on('file', (...[name, content, filename, , type]) => {
      content.on('error', nothing)
      if (name !== 'file' || file !== undefined) return void content.resume()
      reading = content
      file = { name: filenameOf(filename) ?? name, type, taken: take(content, fields) }
      file.taken.catch(refused)
    })
    parser.on('error', broken)
    parser.on('finish', () => {
      const field = fields.get('field_name')
      const { name = '', type = '', taken } = file ?? {}
      if (taken === undefined) finish(() => resolve({ field, file: undefined }))
      else
        void taken.then(
          (done) => finish(() => resolve({ field, file: { name, type, taken: done } })),
          nothing,
        )
    })
    req.on('data', onData).on('close', onClose).on('error', broken)
    req.pipe(parser)
  })
}

const FIELDS_MAX = 20
const FIELD_BYTES_MAX = 4_096
/** The types promise one that does not always come. */
const filenameOf = (given: string | undefined): string | undefined => given
const nothing = (): void => undefined

/** Some clients name neither a file nor a type (connectycube 7.3). */
const isPartAFile = (field: string | undefined, _type?: string, filename?: string): boolean =>
  field === 'file' || filename !== undefined

const parserFor = ({ headers }: IncomingMessage): BusboyInstance | undefined => {
  const type = headers['content-type'] ?? ''
  if (!/^multipart\/form-data\s*;/i.test(type)) return undefined
  try {
    const limits = { fields: FIELDS_MAX, fieldSize: FIELD_BYTES_MAX, files: 2 }
    return new Busboy({ headers: { ...headers, 'content-type': type }, limits, isPartAFile })
  } catch {
    return undefined
  }
}
