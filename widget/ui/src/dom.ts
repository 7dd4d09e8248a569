// Elements without markup: text is text, and nothing here is a sink that
// Trusted Types would have to guard.

type Props = Record<string, unknown>
export type Child = Node | string | false | null | undefined

/**
 * Makes an element. A prop that begins with "on" is a listener; one that the
 * element has is set, any other is an attribute.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props?: Props | null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag)
  // Not for…in: pages that extend Object.prototype extend props, too.
  for (const k of Object.keys(props || {})) {
    const v = props![k]
    if (v == null) continue
    if (k.startsWith('on')) el.addEventListener(k.slice(2), v as EventListener)
    else if (k in el) (el as unknown as Props)[k] = v
    else el.setAttribute(k, v as string)
  }
  el.append(...(children.filter(Boolean) as (Node | string)[]))
  return el
}

/** An icon on a 24×24 grid, drawn by strokes. */
export function icon(d: string, fill?: boolean): SVGElement {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  const path = document.createElementNS(ns, 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  if (fill) svg.setAttribute('class', 'solid')
  path.setAttribute('d', d)
  svg.append(path)
  return svg
}

/** Adds a style sheet that any content security policy lets pass; in Safari before 16.4 one that needs the scripts' nonce. */
export function style(root: ShadowRoot, css: string): void {
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet]
  } catch {
    root.append(h('style', { nonce: document.querySelector<HTMLElement>('script[nonce]')?.nonce }, css))
  }
}
