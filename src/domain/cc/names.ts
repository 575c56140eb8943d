/** Streams and subjects of the ConnectyCube context (decisions 3, 5, 22): each begins with the application. */

export const applicationStream = (app: number): string => `cc.application-${app}`
/** Also the subject of the profile: what else he is, his credentials, his contacts. */
export const userStream = (app: number, user: number): string => `cc.user-${app}-${user}`
/** The subject of what he wrote; it has no events of its own. */
export const wordsSubject = (app: number, user: number): string => `cc.words-${app}-${user}`
/** Whose words a subject is; `undefined` if it is none. */
export const writerOf = (subject: string): { readonly app: number; readonly user: number } | undefined => {
  const [, app, user] = /^cc\.words-(\d+)-(\d+)$/.exec(subject) ?? []
  return app === undefined || user === undefined ? undefined : { app: Number(app), user: Number(user) }
}
export const addressBookStream = (app: number, user: number): string => `cc.addressbook-${app}-${user}`
export const recordStream = (app: number, className: string, id: string): string =>
  `cc.record-${app}-${className}-${id}`
export const blobStream = (app: number, blob: number): string => `cc.blob-${app}-${blob}`
export const dialogStream = (app: number, dialog: string): string => `cc.dialog-${app}-${dialog}`
/** Of two users, in whatever order. */
export const pairStream = (app: number, one: number, other: number): string =>
  `cc.pair-${app}-${Math.min(one, other)}-${Math.max(one, other)}`
/** What a user has read, hidden or switched off of a dialog. */
export const viewStream = (dialog: string, user: number): string => `cc.view-${dialog}-${user}`
/** What became of a message after it was sent; that it was sent is in its dialog's stream. */
export const messageStream = (app: number, message: string): string => `cc.message-${app}-${message}`
/** A user's subscriptions to pushes. */
export const pushStream = (app: number, user: number): string => `cc.push-${app}-${user}`
export const pushEventStream = (app: number, event: string): string => `cc.pushevent-${app}-${event}`
export const meetingStream = (app: number, meeting: string): string => `cc.meeting-${app}-${meeting}`
export const whiteboardStream = (app: number, whiteboard: string): string =>
  `cc.whiteboard-${app}-${whiteboard}`
export const mailStream = (app: number, mail: string): string => `cc.mail-${app}-${mail}`

/** The actor of an event (decisions 15). */
export const userActor = (app: number, user: number): string => `cc:user:${app}-${user}`
export const adminActor = (app: number): string => `cc:admin:${app}`

/** Document of a user's view of a dialog. */
export const viewId = (dialog: string, user: number): string => `${dialog}:${user}`
