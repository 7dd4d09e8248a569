/** Relative luminance, 0 to 1, near enough to tell dark from light. */
const luminance = (rgb: string[]) => rgb.reduce((sum, v, i) => sum + [0.21, 0.72, 0.07][i]! * (+v / 255) ** 2.2, 0)

/**
 * Whether the page looks dark: by its background, else by its colour scheme,
 * which is that of a probe whose background is the system's Canvas.
 */
export function pageIsDark(probe: Element): boolean {
  const root = document.documentElement
  const scheme = getComputedStyle(root).colorScheme
  for (const el of [document.body, root, probe]) {
    if (el === probe && /^(dark|light)$/.test(scheme)) return scheme === 'dark'
    const m = el && /(\d+), (\d+), (\d+)(?:, ([\d.]+))?/.exec(getComputedStyle(el).backgroundColor)
    if (m && Number(m[4] ?? 1) > 0.5) return luminance(m.slice(1, 4)) < 0.18
  }
  return false
}

/** Calls f now and whenever the page's theme may have changed. */
export function watchTheme(f: () => void, signal: AbortSignal): void {
  const media = matchMedia('(prefers-color-scheme: dark)')
  const page = new MutationObserver(f)
  const look = { attributes: true, attributeFilter: ['class', 'style', 'data-theme', 'data-bs-theme'] }
  page.observe(document.documentElement, look)
  if (document.body) page.observe(document.body, look)
  media.addEventListener('change', f, { signal })
  signal.addEventListener('abort', () => page.disconnect())
  f()
}
