/** `work`, which must not reject, with one after the other, so many of them at once, as long as it goes on. */
export const atOnce = async <T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  { atMost, goesOn }: { readonly atMost: number; readonly goesOn: () => boolean },
): Promise<void> => {
  const left = items.values()
  const worker = async (): Promise<void> => {
    for (const item of left) {
      if (!goesOn()) return
      await work(item)
    }
  }
  await Promise.all(Array.from({ length: atMost }, worker))
}
