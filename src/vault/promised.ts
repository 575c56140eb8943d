/** Runs now; what it throws becomes a rejection. */
export const promised = <A>(run: () => A): Promise<A> => new Promise((resolve) => resolve(run()))
