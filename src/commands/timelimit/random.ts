/** A text of so many characters of an alphabet, each as likely as any other. */
export const randomText = (
  length: number,
  alphabet: string,
  random: (bytes: number) => Uint8Array,
): string => {
  const fair = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length) {
    for (const byte of random(length - text.length))
      if (byte < fair) text += alphabet.charAt(byte % alphabet.length)
  }
  return text
}
