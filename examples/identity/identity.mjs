// Signs who is logged in on a page, in JavaScript (Node.js, without packages):
//
//	node identity.mjs ACCOUNT SUBJECT [NAME [EMAIL]]
//
// The account's secret token (charla_sk_…) is in the environment, as CHARLA_SECRET.
import { createPrivateKey, sign } from 'node:crypto'

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signIdentity(secret, account, customer, seconds = 600) {
  // The secret token is an Ed25519 seed; Node takes private keys as PKCS #8, of which
  // all but the seed is always the same.
  const seed = Buffer.from(secret.slice('charla_sk_'.length), 'base64url')
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })

  const now = Math.floor(Date.now() / 1000)
  const claims = { aud: account, sub: customer.id, name: customer.name, email: customer.email, iat: now, exp: now + seconds }
  const signed = base64url({ alg: 'EdDSA', typ: 'JWT' }) + '.' + base64url(claims)
  return signed + '.' + sign(null, Buffer.from(signed), key).toString('base64url')
}

const [account, id, name, email] = process.argv.slice(2)
console.log(signIdentity(process.env.CHARLA_SECRET, account, { id, name, email }))
