/** The environment of a server whose clock and free space are what the JSON in a file says at each moment: see `machine.ts`. */
export const onMachine = (file: string): { readonly [name: string]: string } => ({
  MACHINE: file,
  NODE_OPTIONS: `--import=ts-blank-space/register --import=${new URL('./machine.ts', import.meta.url).href}`,
})
