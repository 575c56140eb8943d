import * as t from 'io-ts'

/** Who may do what with the records of a class (connectycube 6.2). */
export const ACTIONS = ['create', 'read', 'update', 'delete'] as const
export type Action = (typeof ACTIONS)[number]
/** What a record has rules of its own for, in the order in which they are shown. */
export const RECORD_ACTIONS = ['read', 'update', 'delete'] as const
export type RecordAction = (typeof RECORD_ACTIONS)[number]

/** `not_allowed` is a class's only. */
export const Rule = t.union([
  t.type({ access: t.keyof({ open: null, owner: null, not_allowed: null }) }),
  t.type({ access: t.literal('open_for_users_ids'), ids: t.readonlyArray(t.string) }),
  t.type({ access: t.literal('open_for_groups'), groups: t.readonlyArray(t.string) }),
])
export type Rule = t.TypeOf<typeof Rule>

export const RecordPermissions = t.type({ read: Rule, update: Rule, delete: Rule })
export type RecordPermissions = Readonly<t.TypeOf<typeof RecordPermissions>>
export const ClassPermissions = t.intersection([t.type({ create: Rule }), RecordPermissions])
export type ClassPermissions = Readonly<t.TypeOf<typeof ClassPermissions>>
export const ActionCodec = t.keyof({ create: null, read: null, update: null, delete: null })

const OPEN: Rule = { access: 'open' }
const OWNER: Rule = { access: 'owner' }
export const RECORD_DEFAULT: RecordPermissions = { read: OPEN, update: OWNER, delete: OWNER }
export const CLASS_DEFAULT: ClassPermissions = { create: OPEN, ...RECORD_DEFAULT }

/** Somebody who acts, with his tags: they are the groups. */
export type Who = {
  readonly user: number
  readonly isAdmin: boolean
  readonly groups: readonly string[]
}

/** What of a class decides about its records. */
export type ClassRules = {
  readonly permissions: ClassPermissions
  /** For these the class's rule replaces the record's. */
  readonly useClassPermissions: readonly Action[]
}

/** The rule of the class, if it replaces the record's. */
export const classRule = (of: ClassRules, action: RecordAction): Rule | undefined =>
  of.useClassPermissions.includes(action) ? of.permissions[action] : undefined

/**
 * The keys that open what stands under a rule: somebody may if he has one of them. The same keys are in the documents, so that a list is
 * found by the rule that a single record is judged by. The owner passes every rule but `not_allowed`.
 */
export const keysFor = (rule: Rule, owner: number): readonly string[] => {
  switch (rule.access) {
    case 'open':
      return [EVERYBODY]
    case 'owner':
      return [userKey(owner)]
    case 'not_allowed':
      return []
    case 'open_for_users_ids':
      return distinct([userKey(owner), ...rule.ids.map(userKey)])
    case 'open_for_groups':
      return distinct([userKey(owner), ...rule.groups.map((group) => `g${group}`)])
  }
}

/** The keys that somebody has. */
export const keysOf = ({ user, groups }: Who): readonly string[] => [
  EVERYBODY,
  userKey(user),
  ...groups.map((group) => `g${group}`),
]

/** Whether somebody may, by a rule about a record of that owner. */
export const allows = (rule: Rule, who: Who, owner: number): boolean => {
  if (who.isAdmin) return true
  const keys = keysFor(rule, owner)
  return keysOf(who).some((key) => keys.includes(key))
}

/** Creating follows the class alone. Nobody owns the record yet: `owner` is whoever creates it, a list of others is taken by its word. */
export const mayCreate = ({ create }: Pick<ClassPermissions, 'create'>, who: Who): boolean =>
  allows(create, who, create.access === 'owner' ? who.user : NOBODY)

const EVERYBODY = '*'
const NOBODY = -1
const userKey = (user: number | string): string => `u${user}`
const distinct = (keys: readonly string[]): readonly string[] => [...new Set(keys)]
