import { PROJECTIONS } from '../../../projections/registry.ts'
import { ownKeyring, StrangeKeyring } from '../../commands/own-keyring.ts'
import type { StoredEvent } from '../../history/port.ts'
import { STATE_ID, stateIn, TREE } from '../../proofs/collections.ts'
import { projectionStatus, type StatusLine } from '../status.ts'
import { unknownKinds } from '../stored-kinds.ts'
import { fail, ok, warn, type Check, type Finding, type Subject } from './check.ts'

/** What the stores say, looked at beside a running server or of a stopped one. */
export const STORE_CHECKS: readonly Check[] = [
  { name: 'history', needs: ['configuration', 'directory', 'history'], look: (on) => history(on) },
  { name: 'keyring', needs: ['configuration', 'directory', 'history', 'keyring'], look: (on) => keyring(on) },
  { name: 'vault', needs: ['configuration', 'directory'], look: (on) => vault(on) },
  {
    name: 'documents',
    needs: ['configuration', 'directory', 'documents'],
    look: () => [ok('they can be read')],
  },
  { name: 'clock', needs: ['configuration', 'directory', 'history'], look: (on) => clock(on) },
  { name: 'events', needs: ['history'], look: (on) => events(on) },
  { name: 'projections', needs: ['history', 'documents'], look: (on) => projections(on) },
  { name: 'tree', needs: ['history', 'documents'], look: (on) => tree(on) },
]

const history = async (on: Subject): Promise<readonly Finding[]> => {
  const head = await (await on.history()).head()
  return [
    head === 0n
      ? warn('it is empty', 'nothing, if it was never used')
      : ok(`its head is at position ${head}`),
  ]
}

const keyring = async (on: Subject): Promise<readonly Finding[]> => {
  try {
    const own = ownKeyring(await on.keyring(), await on.history())
    return [
      (await own.isFounded())
        ? ok('it belongs to the history')
        : warn('nobody has begun the history', 'start a server once'),
    ]
  } catch (error) {
    if (!(error instanceof StrangeKeyring)) throw error
    return [
      fail(
        'it is not the one that the history was begun with: no sealed field can be opened',
        'put back the keyring of this history, or name the stores that belong together',
      ),
    ]
  }
}

const vault = async (on: Subject): Promise<readonly Finding[]> => {
  await on.vault()
  return [ok('it can be read')]
}

const newest = async (on: Subject): Promise<StoredEvent | undefined> => {
  const stored = await on.history()
  const head = await stored.head()
  if (head === 0n) return undefined
  for await (const page of stored.readAll({ after: head - 1n, limit: 1 })) return page[0]
  return undefined
}

const clock = async (on: Subject): Promise<readonly Finding[]> => {
  const last = await newest(on)
  const ahead = last === undefined ? 0 : last.meta.at - on.now()
  const own =
    ahead > CLOCK_MS_MAX
      ? [
          fail(
            `the newest event is ${seconds(ahead)} ahead of this clock`,
            'set the clocks by NTP: times to live and jobs go by them',
          ),
        ]
      : [ok(new Date(on.now()).toISOString())]
  const others = [...(await on.clocks())].map(([name, at]) => {
    const off = Math.abs(at - on.now())
    return off > CLOCK_MS_MAX
      ? fail(
          `${name} is ${seconds(off)} off`,
          'set both clocks by NTP: leases compare times of different machines',
        )
      : ok(`${name} agrees within ${seconds(CLOCK_MS_MAX)}`)
  })
  return [...own, ...others]
}

/** Leases are some seconds long. */
const CLOCK_MS_MAX = 3_000
const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`

const events = async (on: Subject): Promise<readonly Finding[]> => {
  // Without the notes of the tree's keeper all of the history is read.
  const documents = await on.documents().catch(() => ({ get: () => Promise.resolve(undefined) }))
  const stored = await on.history()
  const unknown = await unknownKinds({ stored, documents })
  return unknown.length === 0
    ? [ok('this version reads every type and schema that is stored')]
    : unknown.map(({ type, schema, position, stream }) =>
        fail(
          `${type} at schema ${schema} is stored (first at position ${position} in ${stream}) and not known here`,
          'run the version that wrote it, or a newer one',
        ),
      )
}

const projections = async (on: Subject): Promise<readonly Finding[]> => {
  const { projections: lines } = await projectionStatus(await on.history(), await on.documents(), PROJECTIONS)
  const findings = lines.flatMap(projectionFindings)
  return findings.length === 0
    ? [ok(`all ${lines.length} are up to the head in the version of this program`)]
    : findings
}

const projectionFindings = (line: StatusLine): readonly Finding[] => {
  const { projection, state, lag, why = '' } = line
  switch (state) {
    case 'stopped':
      return [
        fail(
          `${projection} has stopped: ${why}`,
          'mend what the event shows and start again, or hold it with npm run quarantine',
        ),
      ]
    case 'missing':
      return [warn(`${projection} was never made`, 'start a server; it makes it by itself')]
    case 'building':
      return [warn(`${projection} is being built, ${lag} behind`, 'wait, or start a server')]
    default:
      return servingFindings(line)
  }
}

const servingFindings = ({ projection, version, lag, held = 0 }: StatusLine): readonly Finding[] => {
  const current = PROJECTIONS.find(({ name }) => name === projection)?.version
  const newer = 'a server of this version makes it anew beside the old one'
  return [
    ...(version === current
      ? []
      : [warn(`${projection} is of version ${version}, this program's of ${String(current)}`, newer)]),
    ...(held > 0
      ? [warn(`${projection} holds streams: ${held}`, 'npm run quarantine shows and releases them')]
      : []),
    ...(lag === '0' ? [] : [warn(`${projection} is ${lag} behind`, BROUGHT_UP)]),
  ]
}

const BROUGHT_UP = 'a running server brings it up to the head'

const tree = async (on: Subject): Promise<readonly Finding[]> => {
  const head = await (await on.history()).head()
  const state = stateIn((await (await on.documents()).get(TREE, STATE_ID))?.value)
  if (state === undefined)
    return [
      head === 0n
        ? ok('there is nothing to prove')
        : warn('there is none yet', 'start a server; it makes it'),
    ]
  if (state.position > head)
    return [
      fail(
        `it proves events up to position ${state.position}, and the history ends at ${head}`,
        'events are missing: run npm run verify against a head that was signed before, and restore the history',
      ),
    ]
  return state.position === head
    ? [ok(`${state.size} events up to the head`)]
    : [warn(`${head - state.position} behind the head`, BROUGHT_UP)]
}
