/** A process of its own that holds a data directory until it is killed; says `held`. */
import { openDirectory } from '../../src/embedded/directory.ts'

await openDirectory(process.argv[2] ?? '')
console.log('held')
setInterval(() => undefined, 1000)
