// Elements without markup: text is text, and nothing here is a sink that
// Trusted Types would have to guard.

type Props = Record<string, unknown>
type Tags = HTMLElementTagNameMap
type Name<T> = T extends `${infer K}.${string}` ? K : T
export type Child = Node | string | false | null | undefined

/**
 * Makes an element: "span.name" is one with a class. A prop that begins with "on" is a
 * listener; one that the element has is set, any other is an attribute.
 */
export function h<T extends keyof Tags | `${keyof Tags}.${string}`>(
  tag: T,
  ...parts: (Props | Child)[]
): Tags[Name<T> & keyof Tags] {
  const [name, className] = tag.split('.') as [Name<T> & keyof Tags, string?]
  const el = document.createElement(name)
  if (className) el.className = className
  if (name === 'button') (el as HTMLButtonElement).type = name
  for (const part of parts) {
    if (typeof part === 'string' || (part && part.nodeType)) el.append(part as Node)
    else
      // Not for…in: pages that extend Object.prototype extend props, too.
      for (const [k, v] of Object.entries(part || {})) {
        if (k.startsWith('on')) el.addEventListener(k.slice(2), v)
        else if (k in el) (el as unknown as Props)[k] = v
        else el.setAttribute(k, v)
      }
  }
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
    root.append(h('style', { nonce: document.querySelector<HTMLElement>('script[nonce]')?.nonce || '' }, css))
  }
}
