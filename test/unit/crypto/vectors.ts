/** The common inputs of the protocol's test vectors (timelimit 10.16), and ways to spoil them. */
import fc from 'fast-check'

export const DEVICE = 'a1B2c3'
export const PARENT = 'pAr3nT'
/** V1. */
export const PASSWORD = {
  hash: '$2a$12$KIXQ4p0m1u7sV8bWcYdZeuyVMbBvu61BSf.GbazDWtu2I8mObObUm',
  secondSalt: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJe',
  secondHash: '$2a$12$Zp3rT9wLq2xN5vB7mC1kJes8s9ZHya.G6223zioOyn.bjaTY/NGEK',
}
/** V2. */
export const CREATE_CATEGORY =
  '{"type":"CREATE_CATEGORY","childId":"k1D0x9","categoryId":"gAm3s1","title":"Games"}'
/** V4: 64 bytes, fewer characters. */
export const RENAME_CHILD = '{"type":"RENAME_CHILD","childId":"k1D0x9","newName":"Zoë 🦊"}'
/** V9. */
export const SERVER = {
  version: 'Ab12',
  privateKey: Buffer.alloc(32, 1).toString('base64'),
  publicKey:
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEb/A7lJJBzh2t1DUZ5pYOCoW0GmmgXDKBA6orzhWUyhY8T3U6Vb8B3FP2wLDH7ueLQMb/fSWpbiKCuYnO9xwUSg==',
}
export const CLIENT = {
  privateKey: Buffer.alloc(32, 2).toString('base64'),
  publicKey:
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVQ9HEAPz35fD31Bqx5f2ch+xoft7j2+D0iRJimXIjiQTYJPXAS5QmnNxXL0LAKPMD/S1wBs/+hlqsfsycDa45g==',
}
export const SHARED_SECRET = 'eb459a6b30d70eb4c0ddcd34ea96ed59e8f8d1843c22dd895ab603aa13d9a81d'

export const runs = { numRuns: process.env['SOAK'] === undefined ? 300 : 30_000 }
/** For laws that need elliptic curves: about a millisecond each. */
export const fewRuns = { numRuns: process.env['SOAK'] === undefined ? 60 : 6_000 }

/** A change of one byte: which (from 0 up to 1, of the length) and by what. */
export const damage = fc.record({
  at: fc.double({ min: 0, max: 0.999999, noNaN: true }),
  by: fc.integer({ min: 1, max: 255 }),
})

export const damaged = (bytes: Buffer, { at, by }: { readonly at: number; readonly by: number }): Buffer => {
  const copy = Buffer.from(bytes)
  const index = Math.floor(at * copy.length)
  copy[index] = (copy[index] ?? 0) ^ by
  return copy
}

/** The same of base64. */
export const damagedBase64 = (text: string, how: { readonly at: number; readonly by: number }): string =>
  damaged(Buffer.from(text, 'base64'), how).toString('base64')

/** Any text: also such as looks like base64, and such as no UTF-8 can carry. */
export const garbage = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.base64String({ maxLength: 400 }),
  fc.stringMatching(/^[0-9a-f]{0,300}$/),
)
