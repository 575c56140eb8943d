/**
 * Random words with single blanks between them: easy to read from a screen and to type, at least 12.4 bits each
 * (timelimit 2.2, 2.9).
 * @param random that many random bytes
 */
export const randomWords = (count: number, random: (bytes: number) => Uint8Array): string =>
  Array.from({ length: count }, () => randomWord(random)).join(' ')

const CONSONANTS = Array.from('bdfghjklmnprstvwz')
const VOWELS = Array.from('aeiou')
/** Words that begin so could offend somebody in English or German, or remind of something that does. */
const BAD_BEGINNINGS = [
  'bim bite dago dik dofe fag fik fot foz fuk fut gip gore hate hod hom hor hur jap jiz jud kak kik',
  'kok kun lol lud maso mof mor naz neg nig nud nut pak ped pen pim pip pis pop puf puk pup pus put',
  'rap sado sat sek sida suk tet tit tod tot vag wan wog wop zig ziz',
].flatMap((line) => line.split(' '))

const syllables = CONSONANTS.flatMap((consonant) => VOWELS.map((vowel) => consonant + vowel))

/** Two syllables each, all different. */
export const WORDS: readonly string[] = syllables
  .flatMap((first) => syllables.map((second) => first + second))
  .filter((word) => !BAD_BEGINNINGS.some((beginning) => word.startsWith(beginning)))

/** Numbers from here on are drawn again: each word belongs to the same count of those below. */
const FAIR_BELOW = 2 ** 16 - (2 ** 16 % WORDS.length)

const randomWord = (random: (bytes: number) => Uint8Array): string => {
  for (;;) {
    const [high = 0, low = 0] = random(2)
    const drawn = high * 256 + low
    const word = WORDS[drawn % WORDS.length]
    if (drawn < FAIR_BELOW && word !== undefined) return word
  }
}
