/** Proves the check of a shop's receipt with a key made here: what it signed is believed, nothing else is, and no key makes it throw. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import test from 'ava'
import { verifyReceipt } from '../../../src/crypto/receipt.ts'
import { damage, damaged, damagedBase64, garbage, runs } from './vectors.ts'

const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64')

const shop = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = spki(shop.publicKey)
const receipt = '{"orderId":"GPA.1-ö","productId":"premium_year_2018"}'
const signature = sign('sha1', Buffer.from(receipt), shop.privateKey).toString('base64')

test('a receipt of the shop is believed', (t) => {
  t.true(verifyReceipt({ receipt, signature, publicKey }))
})

test('another digest, key or kind of key is not', (t) => {
  const sha256 = sign('sha256', Buffer.from(receipt), shop.privateKey).toString('base64')
  t.false(verifyReceipt({ receipt, signature: sha256, publicKey }))
  t.false(
    verifyReceipt({
      receipt,
      signature,
      publicKey: spki(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey),
    }),
  )
  const curve = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const signedByCurve = sign('sha1', Buffer.from(receipt), curve.privateKey).toString('base64')
  t.false(verifyReceipt({ receipt, signature: signedByCurve, publicKey: spki(curve.publicKey) }))
  t.false(verifyReceipt({ receipt, signature, publicKey: spki(generateKeyPairSync('ed25519').publicKey) }))
})

test('no change of one byte is let through, and garbage is never thrown at', (t) => {
  const law = fc.property(damage, garbage, (how, text) => {
    t.false(
      verifyReceipt({ receipt: damaged(Buffer.from(receipt), how).toString('latin1'), signature, publicKey }),
    )
    t.false(verifyReceipt({ receipt, signature: damagedBase64(signature, how), publicKey }))
    t.false(verifyReceipt({ receipt: text, signature, publicKey }))
    t.false(verifyReceipt({ receipt, signature: text, publicKey }))
    t.false(verifyReceipt({ receipt, signature, publicKey: text }))
  })
  fc.assert(law, runs)
})
