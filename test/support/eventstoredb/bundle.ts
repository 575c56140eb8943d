import { build } from 'esbuild'

/** The process as one file: it starts in a quarter of the time that the loader takes for its many. Made once in a test process. */
export const bundledMain = (): Promise<Uint8Array> => (bundled ??= bundle())

let bundled: Promise<Uint8Array> | undefined

const bundle = async (): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    entryPoints: ['test/support/eventstoredb/main.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // What is bundled as CommonJS still requires Node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [
      {
        name: 'native',
        setup: (building) =>
          building.onResolve({ filter: /^lmdb$/ }, () => ({
            path: import.meta.resolve('lmdb'),
            external: true,
          })),
      },
    ],
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}
