// The Chilean identity number: a number and its check digit, modulo 11 (R6.4).

/** The check digit of a number written in digits. */
export function digit(body: string): string {
  let sum = 0
  for (let i = 0; i < body.length; i++) sum += Number(body[body.length - 1 - i]) * (2 + (i % 6))
  return '0K987654321'[sum % 11]!
}

/** Reads any usual spelling and returns "12345678-5", or nothing if it is not a RUT. */
export function parseRUT(s: string): string | undefined {
  const m = /^0*([1-9]\d{0,7})([\dK])$/.exec(s.toUpperCase().replace(/[\s.\-‐‑–−]/g, ''))
  return m && digit(m[1]!) === m[2] ? `${m[1]}-${m[2]}` : undefined
}

/** Dots and dash as one types: 12.345.678-5. */
export function formatRUT(s: string): string {
  const c = s.toUpperCase().replace(/[^\dK]/g, '').replace(/K(?!$)/g, '').replace(/^0+/, '').slice(0, 9)
  if (c.length < 2) return c
  return c.slice(0, -1).replace(/\B(?=(\d{3})+$)/g, '.') + '-' + c.slice(-1)
}
