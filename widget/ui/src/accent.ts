import type { RGB } from './color'

interface Sight {
  parse(hex: string): RGB
  luminance(c: RGB): number
  contrast(a: RGB, b: RGB): number
}

const hex = (c: RGB) => '#' + c.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('')

/** The colour, moved towards black or white just as far as the surface asks. */
export function accent({ parse, luminance, contrast }: Sight, colour: string, surface: string, ratio = 4.5): string {
  const s = parse(surface)
  const c = parse(colour)
  const end = luminance(s) > 0.18 ? 0 : 255
  for (let i = 0; i <= 20; i++) {
    const mixed = c.map((v) => Math.round(v + ((end - v) * i) / 20)) as RGB
    if (contrast(mixed, s) >= ratio) return hex(mixed)
  }
  return end ? '#ffffff' : '#000000'
}
