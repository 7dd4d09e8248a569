// What is typed, pasted and dropped in the widget is none of the page's business.

const types =
  'keydown keypress keyup beforeinput input compositionstart compositionupdate compositionend paste copy cut focusin focusout dragenter dragover dragleave drop'

/**
 * Keeps the events of a shadow tree from the page's listeners. Those that hear an event
 * on its way down (capture) hear it before us: to them the element says that it is
 * being edited, which is what shortcuts ask.
 */
export function keepEvents(root: ShadowRoot): void {
  const { host } = root
  for (const type of types.split(' '))
    host.addEventListener(type, (e) => {
      e.stopPropagation()
      // A dropped file would take the page's place.
      if ((e as DragEvent).dataTransfer?.types.includes('Files')) e.preventDefault()
    })
  Object.defineProperty(host, 'isContentEditable', {
    get: () => /^(INPUT|TEXTAREA)$/.test(root.activeElement?.tagName || ''),
  })
}
