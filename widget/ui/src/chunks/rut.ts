// The Chilean identity number: a number and its check digit, modulo 11 (R6.4).

import { clean } from '../clean'

/** The check digit of a number written in digits. */
export function digit(body: string): string {
  let sum = 0
  for (let i = 0; i < body.length; i++) sum += Number(body[body.length - 1 - i]) * (2 + (i % 6))
  return '0K987654321'[sum % 11]!
}

/** Number and check digit of what is written, as people write them; nothing more, and nothing left out. */
const read = (s: string) =>
  /^(?:RU[TN]:?)?0*([1-9]\d{0,7})(-?)([\dK])$/.exec(clean(s).toUpperCase().replace(/[ .]/g, ''))

/** Reads any usual spelling and returns "12345678-5", or nothing if it is not a RUT. */
export function parseRUT(s: string): string | undefined {
  const m = read(s)
  return m && digit(m[1]!) === m[3] ? `${m[1]}-${m[3]}` : undefined
}

/** Dots and dash as one types: 12.345.678-5. What is more than a RUT, or none, stays as it is typed. */
export function formatRUT(s: string): string {
  const m = read(s.replace(/-/g, ''))
  if (m) return m[1]!.replace(/\B(?=(\d{3})+$)/g, '.') + '-' + m[3]
  const rest = s.replace(/[\s.-]/g, '')
  return /^\d?$/.test(rest) ? rest : s
}
