/**
 * Proves who may do what with records (connectycube 6.2): every rule × action × class or record × caller against a table of plain sentences,
 * and that the condition a list is found by says of every record what the rule says of it alone.
 */
import test from 'ava'
import { compileFilter } from '../../../../src/documents/filter.ts'
import type { DataClass } from '../../../../src/domain/cc/class.ts'
import {
  ACTIONS,
  allows,
  CLASS_DEFAULT,
  classRule,
  keysFor,
  mayCreate,
  RECORD_ACTIONS,
  RECORD_DEFAULT,
  type Rule,
  type Who,
} from '../../../../src/domain/cc/permissions.ts'
import { permitted } from '../../../../src/queries/cc/records.ts'

const OWNER = 7
const who = (user: number, groups: readonly string[] = [], isAdmin = false): Who => ({
  user,
  groups,
  isAdmin,
})
const CALLERS = {
  owner: who(OWNER),
  listed: who(8),
  tagged: who(9, ['vip']),
  stranger: who(10, ['7', 'u7', '*']),
  admin: who(0, [], true),
} as const
type Name = keyof typeof CALLERS
const RULES: { readonly [access in Rule['access']]: Rule } = {
  open: { access: 'open' },
  owner: { access: 'owner' },
  open_for_users_ids: { access: 'open_for_users_ids', ids: ['8'] },
  open_for_groups: { access: 'open_for_groups', groups: ['vip'] },
  not_allowed: { access: 'not_allowed' },
}
/** What the specification says about a record of `owner`. */
const MAY: { readonly [access in Rule['access']]: readonly Name[] } = {
  open: ['owner', 'listed', 'tagged', 'stranger', 'admin'],
  owner: ['owner', 'admin'],
  open_for_users_ids: ['owner', 'listed', 'admin'],
  open_for_groups: ['owner', 'tagged', 'admin'],
  not_allowed: ['admin'],
}
/** Of a record that nobody owns yet: whoever creates it is its owner, who is in no list by that. */
const MAY_CREATE: { readonly [access in Rule['access']]: readonly Name[] } = {
  ...MAY,
  owner: MAY.open,
  open_for_users_ids: ['listed', 'admin'],
  open_for_groups: ['tagged', 'admin'],
}
const names = Object.keys(CALLERS) as readonly Name[]
const rules = Object.entries(RULES) as readonly (readonly [Rule['access'], Rule])[]

const classWith = (changes: Partial<DataClass>): DataClass => ({
  ...{ app: 1, name: 'note', generation: 1, fields: {}, schemaless: false },
  ...{ permissions: CLASS_DEFAULT, useClassPermissions: [] },
  ...changes,
})

test('the defaults', (t) => {
  t.deepEqual(
    ACTIONS.map((action) => CLASS_DEFAULT[action].access),
    ['open', 'open', 'owner', 'owner'],
  )
  t.deepEqual(RECORD_DEFAULT, { read: RULES.open, update: RULES.owner, delete: RULES.owner })
})

test('creating follows the class', (t) => {
  for (const [access, create] of rules)
    for (const name of names)
      t.is(mayCreate({ create }, CALLERS[name]), MAY_CREATE[access].includes(name), `${access} ${name}`)
})

/** All of it: the rule of the class, whether it counts, and the rule of the record. */
const cases = rules.flatMap((ofClass) =>
  rules.flatMap((ofRecord) => [true, false].map((isClass) => ({ ofClass, ofRecord, isClass }))),
)

for (const action of RECORD_ACTIONS)
  test(`${action} follows the record, or the class where that is told to`, (t) => {
    for (const { ofClass, ofRecord, isClass } of cases) {
      const own = { ...RECORD_DEFAULT, [action]: ofRecord[1] }
      const permissions = { ...CLASS_DEFAULT, [action]: ofClass[1] }
      const of = classWith({ permissions, useClassPermissions: isClass ? [action] : [] })
      const expected = MAY[isClass ? ofClass[0] : ofRecord[0]]
      const document = { user: OWNER, may: { [action]: keysFor(own[action], OWNER) } }
      for (const name of names) {
        const caller = CALLERS[name]
        const message = `class ${ofClass[0]} ${isClass ? 'counts' : 'does not'}, record ${ofRecord[0]}, ${name}`
        const may = allows(classRule(of, action) ?? own[action], caller, OWNER)
        t.is(may, expected.includes(name), message)
        const filter = permitted(of, action, caller)
        t.is(filter !== undefined && compileFilter(filter)(document), may, `${message}, in a list`)
      }
    }
  })
