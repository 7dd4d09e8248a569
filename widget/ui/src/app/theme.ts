import { luminance } from './shared'

/** Whether the page itself looks dark: by its colour scheme, else by its background, else by the system. */
export function pageIsDark(system: boolean): boolean {
  const scheme = getComputedStyle(document.documentElement).colorScheme || 'normal'
  const dark = /\bdark\b/.test(scheme)
  const light = /\blight\b/.test(scheme)
  if (dark !== light) return dark
  if (dark && light) return system
  for (const el of [document.body, document.documentElement]) {
    const m = el && /rgba?\((\d+)[, ]+(\d+)[, ]+(\d+)(?:[,/ ]+([\d.]+))?/.exec(getComputedStyle(el).backgroundColor)
    if (m && Number(m[4] ?? 1) > 0.5) return luminance([+m[1]!, +m[2]!, +m[3]!]) < 0.18
  }
  // A page that says nothing is drawn on white.
  return false
}

/** Calls f now and whenever the page's theme may have changed; returns how to end it. */
export function watchTheme(f: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)')
  const page = new MutationObserver(f)
  const look = { attributes: true, attributeFilter: ['class', 'style', 'data-theme', 'data-bs-theme'] }
  page.observe(document.documentElement, look)
  if (document.body) page.observe(document.body, look)
  media.addEventListener('change', f)
  f()
  return () => {
    page.disconnect()
    media.removeEventListener('change', f)
  }
}
