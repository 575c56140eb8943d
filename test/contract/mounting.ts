/** How a contract's cases become tests of an adapter: each on a fixture of its own. */
import test from 'ava'

type Disposable = { readonly dispose: () => Promise<void> }
type ContractCase<F> = {
  readonly name: string
  /** Needs an adapter whose data outlive it. */
  readonly durable?: true
  readonly run: (fixture: F) => Promise<void>
}

/** `volatile`: the adapter's data end with it. */
export type Keeping = 'durable' | 'volatile'

export const mount = <F extends Disposable>(
  adapter: string,
  keeping: Keeping,
  cases: readonly ContractCase<F>[],
  open: () => Promise<F>,
): void => {
  for (const { name, durable, run } of cases) {
    if (durable === true && keeping === 'volatile') continue
    test(`${adapter}: ${name}`, async (t) => {
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
