import * as t from 'io-ts'
import { shaped } from '../codec-shape.ts'

const literals = <A extends string>(values: readonly A[]): t.Type<A> => {
  const known = new Set<unknown>(values)
  const is = (value: unknown): value is A => known.has(value)
  const codec = new t.Type<A>(
    values.join(' | '),
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  )
  return shaped(codec, { type: 'string', enum: values })
}

/** The values that clients know (afrodite 3.10). */
export const ACCOUNT_STATES = ['InitialSetup', 'Normal', 'Banned', 'PendingDeletion'] as const
export const VISIBILITIES = ['PendingPrivate', 'PendingPublic', 'Private', 'Public'] as const
export const CAPABILITIES = [
  'admin_modify_capabilities',
  'admin_moderate_profiles',
  'admin_moderate_images',
  'admin_view_all_profiles',
  'admin_view_private_info',
  'admin_view_profile_history',
  'admin_server_maintenance_view_info',
  'admin_server_maintenance_view_backend_config',
  'admin_server_maintenance_update_software',
  'admin_server_maintenance_reset_data',
  'admin_server_maintenance_reboot_backend',
  'admin_server_maintenance_save_backend_config',
] as const

export type AccountStateName = (typeof ACCOUNT_STATES)[number]
export type Visibility = (typeof VISIBILITIES)[number]
export type Capability = (typeof CAPABILITIES)[number]

export const AccountStateName = literals(ACCOUNT_STATES)
export const Visibility = literals(VISIBILITIES)
export const Capability = literals(CAPABILITIES)

/** What type 0 of the sync is about. */
export type Standing = {
  readonly state: AccountStateName
  /** The true ones. */
  readonly capabilities: readonly Capability[]
  readonly visibility: Visibility
}
