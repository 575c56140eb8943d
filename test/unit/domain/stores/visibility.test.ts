/** Proves the table of rightech 5 by asking both the single-entity rule and the list's filter, run by the documents' own matcher, of each case. */
import test from 'ava'
import { compileFilter } from '../../../../src/documents/filter.ts'
import { STORES } from '../../../../src/domain/stores/registry.ts'
import type { StoreDef } from '../../../../src/domain/stores/store-def.ts'
import { mayRead, mayWrite, visibilityFilter, withViewers } from '../../../../src/domain/stores/visibility.ts'
import { caller, hex, ME, MINE, ROOT } from '../../../support/stores-domain.ts'

const OTHER = hex('99')
const CHILD = hex('b2')
const SIDE = hex('b3')
const entity = (group: string, branch: readonly string[], more = {}) => ({
  _id: hex('1'),
  owner: OTHER,
  access: [],
  group,
  branch,
  ...more,
})

const defOf = (path: string): StoreDef => {
  const def = STORES[path]
  if (!def) throw new Error(path)
  return def
}

const seen = (path: string, what: ReturnType<typeof entity>, who = caller()) => {
  const def = defOf(path)
  const listed = (below: boolean) => compileFilter(visibilityFilter(who, def, below))(withViewers(what))
  return [mayRead(who, what, def), mayWrite(who, what, def), listed(false), listed(true)].map(Number).join('')
}

test('read, write, list, list with child groups', (t) => {
  const own = entity(MINE, [ROOT, MINE])
  const below = entity(CHILD, [ROOT, MINE, CHILD])
  const above = entity(ROOT, [ROOT])
  const side = entity(SIDE, [ROOT, SIDE])
  t.deepEqual(
    ['labels', 'roles', 'groups', 'tasks/kinds', 'messages'].map((path) =>
      [own, below, above, side].map((each) => seen(path, each)).join(' '),
    ),
    [
      '1111 1101 0000 0000',
      '1111 1101 1011 0000',
      '1111 1101 1011 0000',
      '1111 1101 1011 0000',
      '1111 1101 0000 0000',
    ],
  )
  t.is(seen('labels', { ...side, owner: ME }), '1111')
  t.is(seen('labels', entity(SIDE, [ROOT, SIDE], { access: [OTHER, ME] })), '1111')
})

test("tokens are their owner's, and whoever has everything by role sees them as the rest", (t) => {
  const little = caller({ credentials: ['GET /*'] })
  const own = entity(MINE, [ROOT, MINE])
  t.is(seen('tokens', own, little), '0000')
  t.is(seen('tokens', { ...own, owner: ME }, little), '1111')
  t.is(seen('tokens', own), '1111')
  t.is(seen('tokens', entity(SIDE, [ROOT, SIDE])), '0000')
})
