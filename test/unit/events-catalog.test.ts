/**
 * Proves that docs/events.md is what the codecs say, and that its catalog is complete and true: every type is in it, with an example that its
 * codec takes, nothing sealed in the clear, and the readers that there are.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { format, resolveConfig } from 'prettier'
import { eventCatalog, type Entry } from '../../scripts/events/catalog.ts'
import { catalogPage } from '../../scripts/events/page.ts'
import { PROJECTIONS } from '../../projections/registry.ts'
import { EVENT_TYPES } from '../../src/domain/event-types.ts'
import { SEALED } from '../../src/stores.ts'

const catalog = eventCatalog()
const entry = (type: string): Entry | undefined => catalog.find((one) => one.type === type)

test('the page is up to date: npm run events -- --write', async (t) => {
  const path = join('docs', 'events.md')
  const page = await format(catalogPage(catalog), { ...(await resolveConfig(path)), filepath: path })
  t.true(readFileSync(path, 'utf8') === page)
})

test('every type is in it, once, with an example that its codec takes', (t) => {
  t.deepEqual(catalog.map(({ type }) => type).sort(), [...EVENT_TYPES.keys()].sort())
  for (const { type, opened, schema } of catalog) {
    t.true(EVENT_TYPES.get(type)?.codec.is(opened), type)
    t.true(schema === EVENT_TYPES.get(type)?.schema, type)
  }
})

test('every type has a stream of its context', (t) => {
  for (const { type, context, streams } of catalog) {
    t.true(streams.length > 0, type)
    t.true(
      streams.every(
        (name) => name.startsWith(`${context}.`) || (context === 'platform' && name.startsWith('claim-')),
      ),
      type,
    )
  }
})

test('what is sealed is shown sealed, and for whom', (t) => {
  t.deepEqual(
    catalog
      .filter(({ sealed }) => sealed.length > 0)
      .map(({ type }) => type)
      .sort(),
    Object.keys(SEALED).sort(),
  )
  for (const { type, sealed, stored, opened, subjects } of catalog) {
    t.is(subjects.length > 0, sealed.length > 0, type)
    for (const field of sealed) {
      t.regex(JSON.stringify(stored[field]), /^\{"\$sealed":"[^"]+"\}$/, type)
      t.notDeepEqual(stored[field], opened[field])
    }
  }
  t.deepEqual(entry('PasswordSet')?.subjects, ['stores.user-<user>'])
  t.deepEqual(entry('UserAdded')?.subjects, ['timelimit.family-<family>'])
  t.deepEqual(entry('ConnectionOpened')?.subjects, ['afrodite.account-<account>'])
})

test('who reads it', (t) => {
  for (const { name, on } of PROJECTIONS) {
    const shown = catalog
      .filter(({ readers }) => readers['projections']?.includes(name))
      .map(({ type }) => type)
    t.deepEqual(shown.sort(), Object.keys(on).sort(), name)
  }
  const deciders = (type: string) => entry(type)?.readers['deciders']
  t.deepEqual(deciders('EntityChanged'), ['storesDecider', 'rowsDecider', 'buildsDecider'])
  t.deepEqual(deciders('PasswordSet'), ['storesDecider'])
  t.deepEqual(deciders('SessionClosed'), [])
  t.deepEqual(deciders('CategoryRenamed'), ['familyDecider'])
  t.deepEqual(deciders('ConnectionClosed'), ['sessionDecider'])
  t.deepEqual(deciders('AccountSetUp'), ['accountDecider'])
  t.deepEqual(deciders('SubjectErased'), ['erasureDecider'])
  const live = (type: string) => entry(type)?.readers['live feeds']
  t.deepEqual(live('PacketReceived'), ['storesFeed'])
  t.deepEqual(live('CategoryRenamed'), ['familyFeed', 'storeFeed'])
  t.deepEqual(live('DeletionRequested'), ['afroditeFeed'])
  t.deepEqual(live('SubjectErased'), ['storeFeed'])
  t.deepEqual(live('MailQueued'), [])
})
