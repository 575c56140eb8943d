import { without } from '../state.ts'
import { changed, unchanged, type Rows } from './rows.ts'

type RequestEvents = 'KeyRequested' | 'KeyRequestReplied' | 'KeyRequestFinished' | 'DevicePinged'

/** What devices ask of each other (timelimit 1.6). */
export const REQUEST_ROWS: Rows<RequestEvents> = {
  KeyRequested: (state, { serverSeq, sender, dsn, dataType, replaces, deviceId, categoryId }) => ({
    ...state,
    nextRequest: serverSeq + 1,
    requests: {
      ...without(state.requests, replaces.map(String)),
      [serverSeq]: {
        sender,
        dsn,
        dataType,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(categoryId === undefined ? {} : { categoryId }),
        replied: [],
      },
    },
  }),
  KeyRequestReplied: (state, { serverSeq, sender, to, replySeq }) => ({
    ...state,
    devices: changed(state.devices, to, (device) => ({ ...device, nextReply: replySeq + 1 })),
    requests: changed(state.requests, String(serverSeq), (request) => ({
      ...request,
      replied: [...request.replied, sender],
    })),
  }),
  KeyRequestFinished: (state, { serverSeqs }) => ({
    ...state,
    requests: without(state.requests, serverSeqs.map(String)),
  }),
  DevicePinged: unchanged,
}
