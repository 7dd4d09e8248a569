// Notifications on the desktop of what customers write: asked for in the preferences, one for
// all tabs, and none while somebody looks at the ticket.
"use strict";
(() => {
  const charla = window.charla, { all, one, words, thread } = charla;
  const box = "charla-notify:" + words.me, page = one("#notify");
  if (!page) return;
  if (!window.Notification || !navigator.locks) { one("#notify-none").hidden = false; one("fieldset", page).disabled = true; return; }
  let mine = "off"; // where nothing can be stored: until the next page
  function chosen() {
    try { mine = localStorage.getItem(box) ?? "off"; } catch { /* forbidden */ }
    return Notification.permission === "granted" && ["name", "words"].includes(mine) ? mine : "off";
  }
  function show() {
    const how = chosen();
    for (const choice of all("input", page)) choice.checked = choice.value === how;
    one("#notify-denied").hidden = Notification.permission !== "denied";
  }
  page.addEventListener("change", async (e) => {
    mine = e.target.value;
    if (mine !== "off" && Notification.permission !== "granted") await Notification.requestPermission();
    try { localStorage.setItem(box, mine); } catch { /* forbidden */ }
    show();
  });
  addEventListener("storage", show);
  show();

  // Who looks at a ticket holds a lock of it, and what other tabs showed of it goes.
  const shown = new Map(), looked = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("charla-looked:" + words.me);
  const clear = (conversation) => { shown.get(conversation)?.close(); shown.delete(conversation); };
  if (looked) looked.onmessage = (e) => clear(e.data);
  const lockOf = (conversation) => `charla-at:${words.me}:${conversation}`;
  let leave = null;
  function attend() {
    const looks = !document.hidden && document.hasFocus();
    if (!thread || looks === Boolean(leave)) return;
    if (!looks) { leave(); leave = null; return; }
    const until = new Promise((resolve) => { leave = resolve; });
    navigator.locks.request(lockOf(thread.dataset.thread), { mode: "shared" }, () => until);
    clear(thread.dataset.thread);
    looked?.postMessage(thread.dataset.thread);
  }
  for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, attend);
  document.addEventListener("visibilitychange", attend);
  attend();

  const cut = (text) => [...text].slice(0, 200).join("");
  function tell(change) {
    let note;
    const body = chosen() === "words" ? cut(change.text) : words.wordsNew;
    try {
      note = new Notification(cut(change.name), { body, tag: "charla:" + change.conversation, lang: document.documentElement.lang, renotify: true });
    } catch { return; } // a telephone's browser
    shown.set(change.conversation, note);
    note.addEventListener("click", () => {
      window.focus();
      clear(change.conversation);
      if (thread?.dataset.thread === change.conversation) return;
      const to = new URL(`${words.root}a/${change.account}/inbox/${change.conversation}/${change.ticket}`, location.href);
      // What is not sent yet stays where it is: the text of an answer is a draft anyway.
      if (document.body.classList.contains("page-inbox") && !one("[data-file]")?.files.length) location.assign(to); else window.open(to);
    });
  }
  charla.notify = async (change) => {
    if (chosen() === "off") return;
    const { held } = await navigator.locks.query();
    if (held.some((lock) => lock.name === lockOf(change.conversation))) return;
    // The first tab that gets the message's lock shows it, and holds that while the others hear of it.
    navigator.locks.request(`charla-notify:${words.me}:${change.conversation}:${change.seq}`, { ifAvailable: true }, (lock) => lock && new Promise((done) => { tell(change); setTimeout(done, 10_000); }));
  };
})();
