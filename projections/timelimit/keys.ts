import type { ProjectedWrite } from '../../src/projecting/projection.ts'
import { change, on, type Handlers } from './row.ts'
import { KEY_REQUESTS } from './devices.ts'

/**
 * Open key requests by their number in the family, and who has answered with which number of the asker's mailbox. The answers themselves
 * are in the vault (decisions 22).
 */
export const keyHandlers: Handlers = {
  KeyRequested: on('KeyRequested', ({ data, family }) => {
    const { replaces, serverSeq, sender, dsn, dataType, tempKey, signature, deviceId, categoryId } = data
    const about = {
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(categoryId === undefined ? {} : { categoryId }),
    }
    const request = {
      srvSeq: serverSeq,
      senId: sender,
      senSeq: dsn,
      ...about,
      type: dataType,
      tempKey,
      signature,
    }
    return [
      change(
        KEY_REQUESTS,
        family,
        { [`requests.r${serverSeq}`]: { request, replies: {} } },
        replaces.map((seq) => `requests.r${seq}`),
      ),
    ]
  }),
  KeyRequestReplied: on('KeyRequestReplied', ({ data: { serverSeq, sender, replySeq }, family }) => [
    change(KEY_REQUESTS, family, { [`requests.r${serverSeq}.replies.${sender}`]: replySeq }),
  ]),
  KeyRequestFinished: on('KeyRequestFinished', ({ data: { serverSeqs }, family }) =>
    gone(family, serverSeqs),
  ),
  DeviceRemoved: on('DeviceRemoved', ({ data: { requests }, family }) => gone(family, requests)),
  CategoryDeleted: on('CategoryDeleted', ({ data: { requests }, family }) => gone(family, requests)),
}

const gone = (family: string, requests: readonly number[]): readonly ProjectedWrite[] =>
  requests.length === 0
    ? []
    : [
        change(
          KEY_REQUESTS,
          family,
          {},
          requests.map((seq) => `requests.r${seq}`),
        ),
      ]
