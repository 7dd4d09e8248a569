// Colours as WCAG 2 sees them: the configured pair is corrected on screen where
// it lacks contrast (R6.6).

export type RGB = [number, number, number]

/** Reads #RGB or #RRGGBB; anything else is black. */
export function parse(hex: string): RGB {
  const m = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(hex)
  if (!m) return [0, 0, 0]
  const s = m[1]!.length === 3 ? m[1]!.replace(/./g, '$&$&') : m[1]!
  return [0, 2, 4].map((i) => parseInt(s.slice(i, i + 2), 16)) as RGB
}

/** Relative luminance, 0 to 1. */
export function luminance(c: RGB): number {
  const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as RGB
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Contrast ratio, 1 to 21. */
export function contrast(a: RGB, b: RGB): number {
  const [x, y] = [luminance(a), luminance(b)]
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
}

/** The text colour if it can be read on the background, else black or white. */
export function readable(text: string, background: string): string {
  const b = parse(background)
  if (contrast(parse(text), b) >= 4.5) return text
  return luminance(b) < 0.18 ? '#fff' : '#000'
}
