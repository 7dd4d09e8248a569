// The keyboard: "?" shows what each key does, where they can also be switched off.
"use strict";
(() => {
  const { all, one, words, show } = window.charla;
  const box = "charla-keys:" + words.me, page = one("#keys"), use = one("#use-keys");
  if (!page) return;
  let on = true;
  try { on = localStorage.getItem(box) !== "off"; } catch { /* forbidden: they are on */ }
  use.checked = on;
  use.addEventListener("change", () => {
    on = use.checked;
    try { if (on) localStorage.removeItem(box); else localStorage.setItem(box, "off"); } catch { /* until the next page */ }
  });
  function row(step) {
    const rows = all(".list .row"), at = rows.findIndex((r) => r === document.activeElement);
    const from = at >= 0 ? at : rows.findIndex((r) => r.getAttribute("aria-current") === "true");
    rows[Math.min(Math.max(from + step, 0), rows.length - 1)]?.focus();
  }
  function write(as) {
    const form = one("[data-composer]"), radio = form && one(`[name="as"][value="${as}"]`, form);
    if (radio && !radio.disabled && radio.type === "radio" && !radio.checked) radio.click();
    one("textarea", form ?? document)?.focus();
  }
  const does = {
    "?": () => show(page), "/": () => one("#q")?.focus(), j: () => row(1), k: () => row(-1),
    r: () => write("reply"), n: () => write("note"), t: () => one('.actions form[action$="/take"] button')?.click(), u: () => one(".back")?.click(),
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && e.target.matches?.("#q, #reply") && !e.defaultPrevented) { e.target.blur(); return; }
    if (!on || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || !does[e.key] || one(":popover-open, dialog[open]")) return;
    if (e.target.matches?.("input, textarea, select, [contenteditable]")) return;
    e.preventDefault();
    does[e.key]();
  });
})();
