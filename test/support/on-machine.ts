import { pathToFileURL } from 'node:url'

/** The environment of a server whose clock and free space are what the JSON in a file says at each moment: see `machine.ts`. */
export const onMachine = (file: string): { readonly [name: string]: string } => ({
  MACHINE: file,
  NODE_OPTIONS: `--import=${pathToFileURL('dist/tests/support/machine.js').href}`,
})
