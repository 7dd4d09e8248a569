// Keeps the console's pages live. Every page works without it: it asks for the page
// again and puts the regions marked data-live in place, sends forms marked
// data-ajax in the background and counts waits down.
"use strict";
(() => {
  const body = document.body, words = body.dataset;
  const all = (what, where = document) => [...where.querySelectorAll(what)];
  const one = (what, where = document) => where.querySelector(what);
  document.documentElement.classList.add("scripted");
  const charla = window.charla = {}; // what the other scripts share
  const skew = words.now ? Date.parse(words.now) - Date.now() : 0;
  const now = () => Date.now() + skew;
  // The page's address says what was just done; once is enough.
  const address = new URL(location.href);
  if (address.searchParams.has("done")) { address.searchParams.delete("done"); history.replaceState(history.state, "", address); }

  // Every request says from where on this page links lead to the console's root. An
  // answer is of the console, or nobody is logged in any more.
  async function ask(url, o = {}) {
    const answer = await fetch(url, { ...o, headers: { ...o.headers, "Charla-Root": words.root, ...(o.method && { "Charla-Person": words.person }) } });
    lost(answer.status === 401 ? "out" : "");
    if (answer.status === 409 && (await answer.clone().json().catch(() => null))?.code === "person") another();
    return answer;
  }
  // another loads the page of who has logged in meanwhile: what was typed here is not theirs.
  function another() {
    for (const form of all("form")) form.reset();
    const here = new URL(location.href);
    here.searchParams.set("done", "another");
    location.replace(here);
  }
  // lost says that the server is "down", or the login "out"; empty: neither.
  let missing = "";
  function lost(what) {
    missing = what;
    body.classList.toggle("is-lost", what !== "");
    for (const name of ["down", "out"]) { const p = one("#" + name); if (p) p.hidden = name !== what; }
  }
  function toast(text) {
    const p = document.createElement("p"), span = document.createElement("span");
    p.className = "toast bad";
    span.textContent = text;
    p.append(span);
    one("#toasts").replaceChildren(p);
  }

  // Regions: a newly rendered page takes the place of what changed, except where
  // somebody is typing.
  const touched = new WeakSet();
  document.addEventListener("input", (e) => { const f = e.target.closest("form"); if (f) touched.add(f); });
  const busy = (region) => region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select, summary") ||
    all("form", region).some((f) => touched.has(f)) || all("details[open]", region).length > 0;
  function replace(html, force) {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!page.body.dataset.root) { lost("out"); return null; } // the host's login
    if (page.body.dataset.me !== words.me) { another(); return null; }
    const scroll = one("#scroll"), low = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    for (const region of all("[data-live]")) {
      const fresh = page.getElementById(region.id);
      if (!fresh || region.innerHTML === fresh.innerHTML) continue;
      if (region.id !== "toasts" && busy(region) && !(force && region.contains(force))) continue;
      if (region.id === "toasts" && !fresh.children.length) continue;
      region.replaceChildren(...fresh.childNodes);
      for (const [name, value] of Object.entries(fresh.dataset)) region.dataset[name] = value;
    }
    charla.compose?.(page);
    if (low) scroll.scrollTop = scroll.scrollHeight;
    prepare();
    return page;
  }
  let asking = false, again = false;
  async function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await ask(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) replace(await answer.text());
      else if (answer.status === 403 || answer.status === 404) location.reload();
    } catch { lost("down"); }
    asking = false;
    if (again) { again = false; refresh(); }
  }

  // renew gives a form another key.
  function renew(form) {
    const key = one('[name="key"]', form);
    if (!key) return;
    key.value = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
    if (form.matches("[data-composer]")) charla.keep(form);
  }

  // Forms in the background. What is refused stays as it was typed.
  document.addEventListener("submit", async (e) => {
    const form = e.target;
    if (!form.matches("[data-ajax]")) return;
    e.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "1";
    const data = new FormData(form, e.submitter), sent = data.get("text"), file = one("[data-file]", form)?.files[0];
    try {
      const plain = form.enctype !== "multipart/form-data";
      const answer = await ask(form.action, { method: "POST", body: plain ? new URLSearchParams(data) : data });
      if (!answer.ok) {
        if (answer.status === 401) return;
        const said = await answer.json().catch(() => ({}));
        toast(said.error || words.wordsFailed);
        if (said.seen) one('[name="seen"]', form).value = said.seen; // it was said: the next press sends
        if (said.code === "key_reused") renew(form); // that was said, too: the next press is another request
        if (answer.status === 409 || answer.status === 410) refresh();
        return;
      }
      touched.delete(form);
      if (document.activeElement && form.contains(document.activeElement) && !form.matches("[data-composer]")) document.activeElement.blur();
      const page = replace(await answer.text(), form);
      if (!page) return;
      if (form.matches("[data-composer]")) charla.sent(form, sent, file, page);
      if (form.matches(".presence")) presence?.postMessage("changed");
    } catch { lost("down"); } finally { delete form.dataset.sending; }
  });
  document.addEventListener("change", (e) => {
    const form = e.target.form;
    if (form && form.matches("[data-auto]")) form.requestSubmit();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") all(".menu[open]").forEach((m) => { m.open = false; });
  });
  document.addEventListener("click", (e) => {
    all(".menu[open]").forEach((m) => { if (!m.contains(e.target)) m.open = false; });
    const copy = e.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(one(copy.dataset.copy).textContent).then(() => {
      const label = one("span", copy), before = label.textContent;
      label.textContent = words.wordsCopied;
      setTimeout(() => { label.textContent = before; }, 1800);
    });
  });

  // Dialogs: modal, so that what is behind them waits. Without script they are popovers.
  function show(dialog) {
    dialog.removeAttribute("popover");
    if (!dialog.open) dialog.showModal();
  }
  document.addEventListener("click", (e) => {
    if (e.target.matches("dialog[open]")) {
      const r = e.target.getBoundingClientRect();
      if (e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom) e.target.close();
      return;
    }
    const button = e.target.closest("[popovertarget]"), dialog = button && document.getElementById(button.getAttribute("popovertarget"));
    if (!dialog?.matches("dialog")) return;
    e.preventDefault();
    if (button.getAttribute("popovertargetaction") === "hide") dialog.close(); else show(dialog);
  });

  // Waits: how long until the SLA, or since.
  function clock(ms) { // the two largest units: "19 min" could not be taken for a time of day
    const s = Math.max(0, Math.floor(ms / 1000)), m = Math.floor(s / 60), h = Math.floor(m / 60), d = Math.floor(h / 24);
    const units = d ? [[d, "d"], [h % 24, "h"]] : h ? [[h, "h"], [m % 60, "min"]] : m ? [[m, "min"]] : [[s, "s"]];
    return units.filter(([n], i) => n || !i).map(([n, unit]) => n + "\u00a0" + unit).join(" ");
  }
  function tick() {
    for (const chip of all(".wait[data-since]")) {
      const since = Date.parse(chip.dataset.since), due = Date.parse(chip.dataset.due), label = one(".count", chip);
      let state = "plain", text = words.wordsWaits + " " + clock(now() - since);
      if (due) {
        const left = due - now();
        state = left <= 0 ? "late" : left < 0.25 * (due - since) ? "soon" : "ok";
        text = left <= 0 ? words.wordsLate + " " + clock(now() - since) : words.wordsDue + " " + clock(left + 999);
      }
      if (label.textContent !== text) label.textContent = text;
      for (const s of ["ok", "soon", "late", "plain"]) {
        chip.classList.toggle(s, s === state);
        chip.closest(".row")?.classList.toggle("sla-" + s, s === state);
      }
    }
  }
  setInterval(tick, 1000);

  // Sound: two short notes, made here. Browsers allow it after a first click.
  let audio;
  addEventListener("pointerdown", () => { audio ??= new AudioContext(); audio.resume(); });
  function ring() {
    if (!audio || audio.state !== "running") return;
    [660, 880].forEach((pitch, i) => {
      const t = audio.currentTime + i * 0.13, tone = audio.createOscillator(), gain = audio.createGain();
      tone.frequency.value = pitch;
      gain.gain.setValueAtTime(0.0001, t);
      gain.gain.exponentialRampToValueAtTime(0.16, t + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.0001, t + 0.3);
      tone.connect(gain).connect(audio.destination);
      tone.start(t);
      tone.stop(t + 0.32);
    });
  }

  // Of all tabs the first that can ring does: the message's lock is held while the others hear of it.
  function ringOnce(message) {
    if (!audio || audio.state !== "running") return;
    if (!navigator.locks) { ring(); return; }
    navigator.locks.request("charla-ring:" + message, { ifAvailable: true }, (lock) => lock && new Promise((done) => { ring(); setTimeout(done, 10_000); }));
  }

  // What came while nobody looked is counted in the title, and what came in another account
  // beside its name, until it is opened.
  let missed = 0;
  const title = () => { document.title = (missed ? `(${missed}) ` : "") + document.title.replace(/^\(\d+\) /, ""); };
  const newsBox = "charla-news:" + words.me;
  let news = {};
  try { news = JSON.parse(sessionStorage.getItem(newsBox)) ?? {}; } catch { /* of another version */ }
  if (words.wide !== undefined) news = {};
  else delete news[words.account];
  function showNews() {
    try { sessionStorage.setItem(newsBox, JSON.stringify(news)); } catch { /* forbidden: this page has it */ }
    let sum = 0;
    for (const b of all("[data-news-of]")) { const n = Number(news[b.dataset.newsOf]) || 0; b.hidden = !n; b.textContent = n || ""; }
    for (const n of Object.values(news)) sum += Number(n) || 0;
    for (const b of all("[data-news-others]")) { b.hidden = !sum; b.textContent = sum || ""; }
  }

  // The stream: changes of the accounts, and what the customer on screen does. Other tabs
  // tell of a changed presence: a stream goes by the one with which it began.
  const presence = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("charla-presence:" + new URL(words.root, location.href).pathname);
  const thread = one("[data-thread]");
  let later, typingOff, stream, waiting;
  if (presence) presence.onmessage = () => { listen(); refresh(); };
  function listen() {
    stream?.close();
    clearTimeout(waiting);
    const query = new URLSearchParams(thread ? { conversation: thread.dataset.thread } : {});
    stream = new EventSource(words.root + "a/" + words.account + "/events?" + query);
    let cut = false;
    // It cannot say why it was refused: the page's own answer does.
    const over = () => { stream.close(); waiting = setTimeout(async () => { await refresh(); if (missing !== "out") listen(); }, 1000); };
    stream.onopen = () => { lost(""); if (cut) refresh(); cut = false; };
    stream.onerror = () => { cut = true; if (!missing) lost("down"); if (stream.readyState === EventSource.CLOSED) over(); };
    stream.addEventListener("out", over);
    const soon = () => { clearTimeout(later); later = setTimeout(refresh, 120); };
    stream.addEventListener("again", soon);
    stream.addEventListener("change", (e) => {
      const change = JSON.parse(e.data), other = change.account !== words.account;
      if (change.sound) ringOnce(change.account + change.conversation + change.seq);
      if (body.classList.contains("page-inbox") && (!other || words.wide !== undefined)) soon();
      if (!change.text) return;
      charla.notify?.(change);
      if (document.hidden) { missed++; title(); }
      if (other) { news[change.account] = (news[change.account] ?? 0) + 1; showNews(); }
      else if (!body.classList.contains("page-inbox")) one("[data-news]").hidden = false;
    });
    stream.addEventListener("typing", (e) => {
      const p = one("#typing"), scroll = one("#scroll");
      clearTimeout(typingOff);
      p.hidden = !JSON.parse(e.data);
      if (!p.hidden) {
        if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120) scroll.scrollTop = scroll.scrollHeight;
        typingOff = setTimeout(() => { p.hidden = true; }, 8000);
      }
    });
    stream.addEventListener("read", soon);
    stream.addEventListener("colleague", (e) => charla.colleague(JSON.parse(e.data)));
    stream.addEventListener("ready", () => charla.begin());
  }
  addEventListener("pagehide", () => stream?.close());
  // Who comes back to a tab may have logged in again in another.
  document.addEventListener("visibilitychange", async () => { if (!document.hidden && missing === "out") { await refresh(); if (!missing) listen(); } });
  const post = (path, fields) => ask(thread.dataset.url + path, { method: "POST", body: new URLSearchParams(fields) }).catch(() => {});
  let read = 0;
  function seen() {
    const last = Number(one("#messages")?.dataset.last ?? 0);
    if (thread && !document.hidden && last > read) { read = last; post("/read", { seq: last }); }
    if (!document.hidden) { missed = 0; title(); }
  }
  document.addEventListener("visibilitychange", seen);

  // What has to be done again to what is new on the page.
  function prepare() {
    tick();
    showNews();
    seen();
    for (const t of all(".toast:not(.bad)")) {
      if (t.dataset.timed) continue;
      t.dataset.timed = "1";
      setTimeout(() => { t.classList.add("gone"); setTimeout(() => t.remove(), 500); }, 6000);
    }
  }
  Object.assign(charla, { all, one, words, ask, post, thread, toast, show });
  prepare();
  all("dialog[data-show]").forEach(show);
  const scroll = one("#scroll");
  if (scroll) {
    const hit = /^#m\d+$/.test(location.hash) && one(location.hash);
    if (hit) hit.scrollIntoView({ block: "center" });
    else if (new URLSearchParams(location.search).has("before")) scroll.scrollTop = 0;
    else scroll.scrollTop = scroll.scrollHeight;
    one("#reply")?.focus({ preventScroll: true });
  }
  addEventListener("DOMContentLoaded", () => { if (words.account && words.now) listen(); }); // composer.js is there
})();
