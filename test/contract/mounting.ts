/** How a contract's cases become tests of an adapter: each on a fixture of its own. */
import test, { type TestFn } from 'ava'

type Disposable = { readonly dispose: () => Promise<void> }
type ContractCase<F> = {
  readonly name: string
  /** Needs an adapter whose data outlive it. */
  readonly durable?: true
  readonly run: (fixture: F) => Promise<void>
}

/** `volatile`: the adapter's data end with it. */
export type Keeping = 'durable' | 'volatile'
/** `testing`: what stands for `test`, and may skip. */
export type Mounting = Keeping | { readonly keeping: Keeping; readonly testing: TestFn }

export const mount = <F extends Disposable>(
  adapter: string,
  mounting: Mounting,
  cases: readonly ContractCase<F>[],
  open: () => Promise<F>,
): void => {
  const { keeping, testing } = typeof mounting === 'string' ? { keeping: mounting, testing: test } : mounting
  for (const { name, durable, run } of cases) {
    if (durable === true && keeping === 'volatile') continue
    testing(`${adapter}: ${name}`, async (t) => {
      const fixture = await open()
      try {
        await run(fixture)
        t.pass()
      } finally {
        await fixture.dispose()
      }
    })
  }
}
