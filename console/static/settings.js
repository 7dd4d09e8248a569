// The settings page: what is not saved, the menu's filter, hours, texts, pictures and the
// preview. The page works without it.
"use strict";
(() => {
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const one = (what, where = document) => where.querySelector(what);
  const config = one("[data-config]"), menu = one("#contents");
  const typed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  // What is not saved. Its buttons send all of the form: nothing typed is lost by them.
  const warn = (e) => e.preventDefault();
  const unsaved = () => { const hint = one("[data-dirty]"); if (hint) hint.hidden = false; addEventListener("beforeunload", warn); };
  if ("unsaved" in config.dataset) unsaved();
  config.addEventListener("submit", () => removeEventListener("beforeunload", warn));
  document.addEventListener("input", (e) => {
    if (e.target.form !== config || e.target.type === "file" || e.target.name === "overlap") return;
    if (e.target.dataset.picks) document.getElementById(e.target.dataset.picks).value = e.target.value;
    unsaved();
    draw();
  });

  // The menu: a filter over everything that a group says, and the section that is read.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const said = new Map(all("[data-group]").map((g) => [g, plain(g.textContent)]));
  function filter(text) {
    const words = plain(text).split(/\s+/).filter(Boolean);
    for (const [group, says] of said) group.hidden = !words.every((w) => says.includes(w));
    for (const link of all("ul ul a", menu)) link.parentElement.hidden = document.getElementById(link.hash.slice(1)).hidden;
    for (const section of all(".section")) section.hidden = words.length > 0 && !all("[data-group]", section).some((g) => !g.hidden);
    for (const link of all(":scope > ul > li > a", menu)) link.parentElement.hidden = document.getElementById(link.hash.slice(1)).hidden;
    one("[data-none]").hidden = [...said.keys()].some((g) => !g.hidden);
    menu.classList.toggle("finding", words.length > 0);
  }
  const find = one("[data-find]");
  find.addEventListener("input", () => filter(find.value));
  find.addEventListener("keydown", (e) => { if (e.key === "Escape" && find.value) { e.preventDefault(); find.value = ""; filter(""); } });
  menu.addEventListener("click", (e) => { if (e.target.closest("a") && menu.matches(":popover-open")) menu.hidePopover(); });
  const seen = new Set();
  const spy = new IntersectionObserver((entries) => {
    for (const e of entries) e.isIntersecting ? seen.add(e.target) : seen.delete(e.target);
    const first = all(".section").find((s) => seen.has(s));
    for (const link of all(":scope > ul > li > a", menu)) link.toggleAttribute("aria-current", first !== undefined && link.hash === "#" + first.id);
  }, { rootMargin: "-15% 0px -60%" });
  all(".section").forEach((s) => spy.observe(s));
  // A field that an address or a problem names is shown, whatever hides it.
  function go(hash) {
    const target = hash && document.getElementById(hash.slice(1));
    if (!target) return;
    const folded = target.closest("details");
    if (folded) folded.open = true;
    target.closest("[data-blank]")?.removeAttribute("data-blank");
    if (target.matches("input, select, textarea")) { target.scrollIntoView({ block: "center" }); target.focus({ preventScroll: true }); }
  }
  go(location.hash);

  // Rows of hours: a copy of the last one, with the next number.
  function addRow(box) {
    const set = box.closest("fieldset"), row = box.lastElementChild.cloneNode(true), n = set.dataset.next++;
    row.hidden = false;
    all(".note", row).forEach((x) => x.remove());
    all("input", row).forEach((i) => {
      i.name = i.name.replace(/\[\d+\]/, "[" + n + "]");
      if (i.id) i.id = i.id.replace(/-\d+-/, "-" + n + "-");
      i.removeAttribute("aria-invalid");
      if (i.type !== "hidden") { i.value = ""; i.checked = false; }
    });
    box.append(row);
    return row;
  }
  const times = (row) => all('input:not([type="hidden"])', row);
  function clear(row) {
    for (const i of times(row)) { i.value = ""; i.checked = false; }
    if (row.parentElement.children.length > 1) row.hidden = true;
  }
  // copyDay gives a day the intervals of another.
  function copyDay(from, to) {
    const box = one(".spans", to), rows = () => [...box.children];
    const source = all(".span:not([hidden])", from).map((row) => times(row).map((i) => i.value)).filter((v) => v.some(Boolean));
    while (rows().length < source.length) addRow(box);
    rows().forEach((row, n) => {
      row.hidden = n > 0 && n >= source.length;
      times(row).forEach((i, k) => { i.value = source[n]?.[k] ?? ""; });
    });
  }
  const day = (name) => one(`[data-day="${name}"]`);

  // Texts: a variant is one more box.
  for (const set of all("[data-texts]")) all(":scope > div", set)[0].removeAttribute("data-blank");
  const variants = (set) => { one("[data-variant]", set).hidden = !one(":scope > [data-blank]", set); };
  all("[data-texts]").forEach(variants);

  document.addEventListener("click", (e) => {
    const on = (what) => e.target.closest(what);
    const link = on('a[href^="#"]');
    if (link) { if (find.value) { find.value = ""; filter(""); } go(link.hash); }
    let b;
    if ((b = on("[data-clear]"))) { const row = b.closest(".span"); clear(row); typed(times(row)[0]); }
    if ((b = on("[data-add-span]"))) times(addRow(one(".spans", b.parentElement)))[0].focus();
    if ((b = on("[data-add-date]"))) times(addRow(one(".dates", b.closest("fieldset"))))[0].focus();
    if ((b = on("[data-same]"))) { const to = b.closest("[data-day]"); copyDay(day(b.dataset.same), to); typed(times(to)[0]); }
    if (on("[data-spread]")) { for (const name of ["tuesday", "wednesday", "thursday", "friday"]) copyDay(day("monday"), day(name)); typed(times(day("friday"))[0]); }
    if ((b = on("[data-variant]"))) { const box = one(":scope > [data-blank]", b.parentElement); box.removeAttribute("data-blank"); one("textarea", box).focus(); variants(b.parentElement); }
  });

  // Pictures: one of another shape is cut around its middle, a logo made as large as it must be.
  async function square(input) {
    const file = input.files[0];
    one("[data-picked]", input.closest(".fill")).textContent = file?.name ?? "";
    if (!file) return;
    const image = await createImageBitmap(file).catch(() => null); // what is no picture the server refuses
    if (!image) return;
    const short = Math.min(image.width, image.height), side = Number(input.dataset.square) || Math.min(short, 512);
    if (image.width === image.height && (!input.dataset.square || side === short)) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
    canvas.getContext("2d").drawImage(image, (image.width - short) / 2, (image.height - short) / 2, short, short, 0, 0, side, side);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob || input.files[0] !== file) return;
    const cut = new DataTransfer();
    cut.items.add(new File([blob], file.name.replace(/\.\w+$/, "") + ".png", { type: "image/png" }));
    input.files = cut.files;
  }
  document.addEventListener("change", (e) => { if (e.target.matches("[data-square]")) square(e.target); });

  // The preview is the widget with what the form says, in a frame of its own.
  const value = (path) => { const i = config.elements.namedItem(path); return i ? i.type === "checkbox" ? i.checked : i.value : ""; };
  const hex = (text) => { const m = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(text.trim()); return m ? "#" + (m[1].length === 3 ? m[1].replace(/./g, "$&$&") : m[1]) : ""; };
  const light = (c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16) / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4).reduce((s, x, i) => s + x * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  const preview = one("#preview"), frame = one("[data-frame]"), stage = one("[data-stage]"), says = one("[data-preview-says]"), usual = says.textContent;
  let shown = "", made = "", drawing, asking;
  const look = () => {
    const state = one('[data-state][aria-pressed="true"]').dataset.state, dark = one("[data-dark]").getAttribute("aria-pressed") === "true";
    const to = made && `${made}?${new URLSearchParams({ state, theme: dark ? "dark" : "light" })}`;
    if (to !== shown) frame.src = shown = to;
  };
  async function make() {
    asking?.abort();
    const mine = asking = new AbortController(), form = new FormData(config);
    for (const [name, field] of [...form]) if (field instanceof File) form.delete(name);
    try {
      const answer = await fetch(preview.dataset.preview, { method: "POST", body: new URLSearchParams(form), headers: { Accept: "application/json" }, signal: mine.signal });
      const { frame: at, problem } = await answer.json();
      says.textContent = at ? usual : problem || says.dataset.failed;
      if (at) { made = new URL(at, answer.url).href; look(); }
    } catch { if (!mine.signal.aborted) says.textContent = says.dataset.failed; }
  }
  function draw() {
    const p = hex(value("chat.primaryColor")) || "#1d4ed8", want = hex(value("chat.textColor")) || "#ffffff";
    one("[data-contrast]").hidden = contrast(p, want) >= 4.5;
    for (const x of all("[data-if]", preview)) x.hidden = !value(x.dataset.if);
    for (const pick of all("[data-picks]")) { const c = hex(document.getElementById(pick.dataset.picks).value); if (c) pick.value = c; }
    clearTimeout(drawing);
    if (preview.checkVisibility?.() ?? true) drawing = setTimeout(make, shown ? 600 : 0);
  }
  const press = (what) => { for (const b of all(what, preview)) b.addEventListener("click", () => { for (const x of all(what, preview)) x.setAttribute("aria-pressed", x === b); look(); stage.className = "stage " + one('[data-screen][aria-pressed="true"]').dataset.screen; }); };
  press("[data-state]");
  press("[data-screen]");
  one("[data-dark]").addEventListener("click", (e) => { e.currentTarget.setAttribute("aria-pressed", e.currentTarget.getAttribute("aria-pressed") !== "true"); look(); });
  draw();
})();
