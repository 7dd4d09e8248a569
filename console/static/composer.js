// The composer of replies and notes: drafts, quick replies by "/", what colleagues do, and
// the warning that somebody answered meanwhile. Without it the form sends all the same.
"use strict";
(() => {
  const charla = window.charla, { all, one, words, ask, post, thread } = charla;
  const touch = matchMedia("(pointer: coarse)").matches;
  const fieldOf = (form) => one("textarea", form);
  const isNote = (form) => (one('[name="as"]:checked', form) ?? one('[name="as"]', form))?.value === "note";
  const keyOf = (form) => one('[name="key"]', form);
  const composer = (where = document) => one("[data-composer]", where);

  // Drafts: what is typed stays in this browser until it has been sent or its person has
  // logged out, by conversation; the fifty newest, for thirty days. A note stays a note, and a draft
  // has the key of its form: sent again after its answer was lost, it is stored once.
  const box = "charla-drafts:" + words.me, most = 50, longest = 30 * 86_400_000;
  function drafts() {
    try {
      const all = Object.entries(JSON.parse(localStorage.getItem(box)) ?? {});
      return Object.fromEntries(all.filter(([, d]) => typeof d?.text === "string" && Math.abs(Date.now() - d.at) < longest)
        .sort(([, a], [, b]) => b.at - a.at).slice(0, most));
    } catch { return {}; } // of another version
  }
  function keep(form) {
    const list = drafts(), text = form ? fieldOf(form).value : "";
    delete list[thread.dataset.thread];
    if (text) list[thread.dataset.thread] = { text, note: isNote(form), key: keyOf(form).value, at: Date.now() };
    try { localStorage.setItem(box, JSON.stringify(list)); } catch { /* full or forbidden: it stays on the page */ }
  }
  charla.keep = keep;
  function restore() {
    const form = composer(), kept = thread && drafts()[thread.dataset.thread];
    for (const p of all("[data-kept]")) p.hidden = !kept;
    if (!form || !kept || !["", kept.text].includes(fieldOf(form).value) || form.matches(".only-note") && !kept.note) return;
    fieldOf(form).value = kept.text;
    if (kept.key) keyOf(form).value = kept.key;
    const as = one(`[name="as"][value="${kept.note ? "note" : "reply"}"]`, form);
    if (as) as.checked = true;
  }
  document.addEventListener("submit", (e) => { if (e.target.matches("[data-logout]")) localStorage.removeItem(box); });

  // A composer of replies that a colleague's close takes away comes back as it was.
  let shelved = null;
  charla.compose = (page) => {
    const here = one("#compose"), fresh = page.getElementById("compose");
    if (!here || !fresh) return;
    const form = one("[data-composer]:not(.only-note)", here), next = one("[data-composer]:not(.only-note)", fresh);
    if (form && next) meet(form, next);
    if (Boolean(form) === Boolean(next)) return;
    here.replaceChildren(...(next && shelved ? [shelved] : fresh.childNodes));
    shelved = form;
    restore();
    dress();
  };
  // What was sent goes out of the composer; what was typed or chosen meanwhile stays. Who noted
  // may go on noting, and neither a word nor the file of a note goes to the customer.
  charla.sent = (form, text, file, page) => {
    const field = fieldOf(form), files = one("[data-file]", form), fresh = composer(page);
    if (field.value === text) { field.value = ""; keep(null); }
    if (file && files.files[0] === file) { files.value = ""; charla.attached(form); }
    for (const name of ["key", "seen"]) if (fresh) one(`[name="${name}"]`, form).value = one(`[name="${name}"]`, fresh).value;
    if (field.value) keep(form);
    one(".meanwhile", form)?.remove();
    dress();
    does(field.value ? doing(form) : "looking");
    const scroll = one("#scroll");
    scroll.scrollTop = scroll.scrollHeight;
  };

  // Somebody answers while something is typed: it is said at once, and the server says it
  // once more before it sends, since the form still says what was there before.
  function meet(form, next) {
    const seen = one('[name="seen"]', form), fresh = one('[name="seen"]', next);
    if (!fieldOf(form).value) { seen.value = fresh.value; one(".meanwhile", form)?.remove(); return; }
    const answer = all("#messages .msg.agent, #messages .msg.bot").filter((m) => Number(m.dataset.seq) > Number(seen.value) && (m.matches(".bot") || m.dataset.agent !== words.me)).pop();
    if (!answer || one(".meanwhile", form)) return;
    const p = document.createElement("p");
    p.className = "meanwhile";
    p.setAttribute("role", "alert");
    p.textContent = words.wordsMeanwhile.replace("%s", answer.dataset.name);
    form.prepend(p);
  }

  // What colleagues do here, and what this person does.
  const here = new Map();
  charla.begin = () => { here.clear(); show(); does(composer() && fieldOf(composer()).value ? doing(composer()) : "looking"); };
  charla.colleague = (c) => { if (c.does) here.set(c.agent, c); else here.delete(c.agent); show(); };
  function show() {
    const p = one("#here");
    if (!p) return;
    p.textContent = [...here.values()].map((c) => words["does" + c.does[0].toUpperCase() + c.does.slice(1)].replace("%s", c.name)).join(" · ");
    p.hidden = !here.size;
  }
  const doing = (form) => isNote(form) ? "noting" : "replying";
  let told = "", at = 0;
  function does(what) {
    if (!thread || document.hidden && what) return;
    told = what;
    at = Date.now();
    post("/activity", { does: what });
  }
  if (thread) {
    setInterval(() => does("looking"), 20_000);
    document.addEventListener("visibilitychange", () => does(document.hidden ? "" : "looking"));
    addEventListener("pagehide", () => navigator.sendBeacon(thread.dataset.url + "/activity", new URLSearchParams({ does: "", person: words.person })));
  }

  // Quick replies: "/" and a part of the shortcut or the title.
  let open = null; // {from, to, options, at}
  function offer(form) {
    const field = fieldOf(form), to = field.selectionStart, typed = /(?:^|\s)\/(\S*)$/.exec(field.value.slice(0, to));
    const want = typed?.[1].toLowerCase();
    const options = typed ? all("[data-quick] option", form).filter((o) => o.value && o.textContent.toLowerCase().includes(want)) : [];
    options.sort((a, b) => b.value.toLowerCase().startsWith(want) - a.value.toLowerCase().startsWith(want));
    open = options.length ? { form, from: to - typed[1].length - 1, to, options: options.slice(0, 8), at: 0 } : null;
    list();
  }
  function list() {
    const box = one("#quick-list"), field = one("#reply");
    if (!box) return;
    box.hidden = !open;
    box.replaceChildren(...(open?.options ?? []).map((o, i) => {
      const li = document.createElement("li");
      li.id = "quick-" + i;
      li.setAttribute("role", "option");
      li.setAttribute("aria-selected", i === open.at);
      li.textContent = o.textContent;
      li.addEventListener("pointerdown", (e) => { e.preventDefault(); open.at = i; choose(); });
      return li;
    }));
    if (open) field.setAttribute("aria-activedescendant", "quick-" + open.at);
    else field.removeAttribute("aria-activedescendant");
    one('[aria-selected="true"]', box)?.scrollIntoView({ block: "nearest" });
  }
  function choose() {
    const { form, from, to, options, at } = open;
    open = null;
    list();
    insert(form, options[at].value, from, to);
  }
  async function insert(form, shortcut, from, to) {
    const answer = await ask(thread.dataset.url + "/quick", { method: "POST", body: new URLSearchParams({ quick: shortcut }) }).catch(() => null);
    const said = await answer?.json().catch(() => ({}));
    if (!answer?.ok || !said.text) { charla.toast(said?.error || words.wordsFailed); return; }
    const field = fieldOf(form);
    field.focus();
    field.setRangeText(said.text, from, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  document.addEventListener("change", (e) => {
    const form = e.target.closest("[data-composer]");
    if (form && e.target.matches("[data-quick]") && e.target.value) {
      const field = fieldOf(form);
      insert(form, e.target.value, field.selectionStart, field.selectionEnd);
      e.target.value = "";
    }
    if (form && e.target.name === "as") { dress(); keep(form); fieldOf(form).focus(); }
  });

  document.addEventListener("input", (e) => {
    const form = e.target.matches("[data-composer] textarea") && e.target.form;
    if (!form) return;
    keep(form);
    offer(form);
    const what = e.target.value ? doing(form) : "looking";
    if (what !== told || what !== "looking" && Date.now() - at > 3000) does(what);
  });
  document.addEventListener("keydown", (e) => {
    if (!e.target.matches?.("[data-composer] textarea") || e.isComposing) return;
    if (open) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (step) { open.at = (open.at + step + open.options.length) % open.options.length; list(); }
      else if (e.key === "Enter" || e.key === "Tab") choose();
      else if (e.key === "Escape") { open = null; list(); }
      else return;
      e.preventDefault();
      return;
    }
    const form = e.target.form;
    if (e.key === "Enter" && !e.shiftKey && !touch) { // a telephone's key breaks the line
      e.preventDefault();
      if (e.target.value.trim() || one("[data-file]", form)?.files.length) form.requestSubmit();
    }
  });
  document.addEventListener("focusout", (e) => { if (open && e.target.matches("#reply")) { open = null; list(); } });

  // What the field asks for: a reply, a note, or on a telephone less.
  function dress() {
    const form = composer(), field = form && fieldOf(form);
    if (!field) return;
    field.dataset.reply ??= touch ? field.dataset.touch : field.placeholder;
    field.placeholder = isNote(form) ? field.dataset.note : field.dataset.reply;
  }
  restore();
  dress();
})();
