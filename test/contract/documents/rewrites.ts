import { fill, ids, put, remove, scanned, type Case } from './helpers.ts'

/** What a rewrite must not change. */
export const rewriteCases: readonly Case[] = [
  [
    'a rewrite changes nothing that can be seen, and others go on while it runs',
    async (t, documents, c) => {
      const all = Array.from({ length: 3_000 }, (_, n) => ({ _id: `d${n}`, n, g: n % 7 }))
      await documents.ensureIndexes(c, [{ keys: ['g'] }])
      await fill(documents, c, all)
      await documents.apply([], [{ name: c, position: 3_000n }])
      const reading = documents.find(c, {})[Symbol.asyncIterator]()
      const first = await reading.next()
      const state = { done: false }
      const rewriting = Promise.all([documents.rewrite(), documents.rewrite()]).then(
        () => (state.done = true),
      )
      let at = 3_000
      for (let n = 0; !state.done || n < 50; n++) {
        const [changed, gone] = [(n * 61) % 1_500, 1_500 + ((n * 67) % 1_500)]
        await documents.apply(
          [put(c, `d${changed}`, ++at, { n: changed, g: 8 }), remove(c, `d${gone}`, ++at)],
          [{ name: c, position: BigInt(at) }],
        )
        t.deepEqual((await documents.get(c, `d${changed}`))?.at, BigInt(at - 1))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await rewriting
      await documents.rewrite()
      const seen = [...(first.done === true ? [] : first.value)]
      for (let next = await reading.next(); next.done !== true; next = await reading.next())
        seen.push(...next.value)
      t.is(new Set(seen.map(({ _id }) => _id)).size, seen.length)
      const live = (await scanned(documents, c)).filter(({ value }) => value !== undefined)
      t.true(seen.length >= live.length)
      t.true(live.length < 3_000)
      t.deepEqual(
        (await ids(documents, c, { g: 8 })).length + (await documents.count(c, { g: { $lt: 7 } })),
        live.length,
      )
      t.deepEqual(
        await ids(documents, c, { g: 8 }),
        live.flatMap(({ id, value }) => (value?.['g'] === 8 ? [id] : [])),
      )
      t.is(await documents.checkpoint(c), BigInt(at))
      const [dead] = (await scanned(documents, c)).filter(({ value }) => value === undefined)
      await documents.apply([put(c, dead?.id ?? '', 5, {})], [])
      t.is(await documents.get(c, dead?.id ?? ''), undefined)
    },
  ],
]
