/** A process of its own that opens a history on the EventStoreDB it is given, uses it and closes it; says how many milliseconds later it ends. */
import { openEventStoreHistory } from '../../src/history/eventstoredb/history.ts'
import { appended, following, numbered } from './history.ts'

const history = openEventStoreHistory({ url: process.argv[2] ?? '' })
const follower = following(history, { after: 0n })
await appended(history, 'e-1', 'none', numbered(1))
await follower.count(1)
await follower.stop()
await history.close()
const closed = performance.now()
process.on('exit', () => console.log(Math.round(performance.now() - closed)))
