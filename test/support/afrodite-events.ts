/** The Text messages of Afrodite as its clients get them, written out with strings and not with a serialiser: the order of members is part of them (afrodite 3.10). */

const event = (name: string, set: { readonly [member: string]: string } = {}): string =>
  `{"event":"${name}",${MEMBERS.map((member) => `"${member}":${set[member] ?? 'null'}`).join(',')}}`

const MEMBERS = [
  'account_state',
  'capabilities',
  'visibility',
  'account_sync_version',
  'latest_viewed_message_changed',
  'content_processing_state_changed',
]

export const stateChanged = (state: string): string =>
  event('AccountStateChanged', { account_state: `"${state}"` })
export const capabilitiesChanged = (capabilities = '{}'): string =>
  event('AccountCapabilitiesChanged', { capabilities })
export const visibilityChanged = (visibility: string): string =>
  event('ProfileVisibilityChanged', { visibility: `"${visibility}"` })
export const versionIs = (version: number): string =>
  event('AccountSyncVersionChanged', { account_sync_version: `{"version":${version}}` })

/** The four messages of sync type 0, in their order. */
export const four = (
  version: number,
  visibility = 'PendingPrivate',
  state = 'InitialSetup',
): readonly string[] => [
  stateChanged(state),
  capabilitiesChanged(),
  visibilityChanged(visibility),
  versionIs(version),
]

/** The version out of the four. */
export const versionIn = (messages: readonly (Buffer | string)[]): number => {
  const found = /"account_sync_version":\{"version":(\d+)\}/.exec(String(messages.at(-1)))
  if (found?.[1] === undefined) throw new Error(`no version in ${String(messages.at(-1))}`)
  return Number(found[1])
}
