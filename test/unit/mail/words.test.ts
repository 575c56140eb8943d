// Proves number, form and difference of the words, and that each is drawn equally often: every possible draw once.
import test from 'ava'
import { randomBytes } from 'node:crypto'
import { randomWords, WORDS } from '../../../src/mail/words.ts'

test('there are enough words, all different and easy to type', (t) => {
  t.true(Math.log2(WORDS.length) >= 12.45)
  t.is(new Set(WORDS).size, WORDS.length)
  t.deepEqual(
    WORDS.filter((word) => !/^[a-z]{4}$/.test(word)),
    [],
  )
})

test('a text without blanks stands for one sequence of words only', (t) => {
  t.is(new Set(WORDS.map((word) => word.length)).size, 1)
})

test('no word is drawn more often than another', (t) => {
  const counts = new Map<string, number>()
  const rounds = Math.floor(65_536 / WORDS.length)
  let next = 0
  const everyDraw = (bytes: number): Uint8Array => {
    t.is(bytes, 2)
    const drawn = next % 65_536
    next += 1
    return Uint8Array.of(drawn >> 8, drawn & 255)
  }
  for (let drawn = 0; drawn < rounds * WORDS.length; drawn += 1) {
    const word = randomWords(1, everyDraw)
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  t.is(counts.size, WORDS.length)
  t.deepEqual(new Set(counts.values()), new Set([rounds]))
  // What is left over after the last whole round is thrown away.
  t.deepEqual([randomWords(1, everyDraw)], WORDS.slice(0, 1))
  t.is(next, 65_537)
})

test('several words have single blanks between them', (t) => {
  t.is(
    randomWords(3, () => Uint8Array.of(0, 0)),
    [WORDS[0], WORDS[0], WORDS[0]].join(' '),
  )
  const seen = new Set(Array.from({ length: 1_000 }, () => randomWords(5, randomBytes)))
  t.is(seen.size, 1_000)
  for (const words of seen) t.regex(words, /^[a-z]{4}(?: [a-z]{4}){4}$/)
})
