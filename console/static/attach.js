// The file of an answer: chosen, pasted or dropped on the conversation; seen with its size before
// it goes, taken out again, and what the server would refuse is said at once. One to a message.
"use strict";
(() => {
  const charla = window.charla, { one } = charla;
  const inputOf = (form) => one("[data-file]", form);
  const size = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  const sizeOf = (n) => n < 1000 ? n + " B" : n < 1e6 ? size.format(n / 1000) + " kB" : size.format(n / 1e6) + " MB";
  const kept = new WeakMap(); // the file of each input: one that is refused does not take its place

  function say(form, text) {
    const p = one("[data-file-problem]", form);
    p.hidden = !text;
    one("span", p).textContent = text;
  }
  // refusal says why a file would be refused, as the server does; empty: it may go.
  function refusal(file, { dataset: rules, accept }) {
    const ending = /\.[^.]+$/.exec(file.name.toLowerCase())?.[0];
    if (!file.size) return rules.empty;
    if (file.size > Number(rules.max)) return rules.large;
    return accept.split(",").includes(file.type) || rules.endings.split(" ").includes(ending) ? "" : rules.kind;
  }
  function put(input, file) {
    const list = new DataTransfer();
    if (file) list.items.add(file);
    input.files = list.files;
  }
  // show shows the file that goes with the next message.
  async function show(form) {
    const file = inputOf(form).files[0], box = one("[data-attached]", form), canvas = one("canvas", box);
    kept.set(inputOf(form), file);
    box.hidden = !file;
    one("[data-chosen]", box).textContent = file?.name ?? "";
    one("[data-size]", box).textContent = file ? sizeOf(file.size) : "";
    canvas.hidden = true;
    const picture = file?.type.startsWith("image/") && await createImageBitmap(file).catch(() => null);
    if (!picture || kept.get(inputOf(form)) !== file) return;
    const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height), w = picture.width * scale, h = picture.height * scale;
    const draw = canvas.getContext("2d");
    draw.clearRect(0, 0, canvas.width, canvas.height);
    draw.drawImage(picture, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
    canvas.hidden = false;
  }
  charla.attached = show;
  // take takes the first of some files; if it is refused, what was there before stays.
  function take(form, files) {
    const input = inputOf(form), file = files[0];
    if (!file) return;
    const why = refusal(file, input);
    put(input, why ? kept.get(input) : file);
    say(form, why || (files.length > 1 ? input.dataset.one : ""));
    show(form);
  }
  document.addEventListener("change", (e) => {
    if (!e.target.matches("[data-file]")) return;
    const files = [...e.target.files];
    if (files.length) take(e.target.form, files); else show(e.target.form);
  });
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-detach]");
    if (!button) return;
    put(inputOf(button.form), null);
    say(button.form, "");
    show(button.form);
    one("textarea", button.form).focus();
  });
  document.addEventListener("paste", (e) => {
    const form = e.target.closest?.("[data-composer]"), files = [...e.clipboardData?.files ?? []];
    if (!form || !files.length || e.clipboardData.types.includes("text/plain")) return; // words come with a picture of themselves
    e.preventDefault();
    if (inputOf(form)) take(form, files);
  });
  // A file that is dropped anywhere does not take the page's place.
  const hasFiles = (e) => e.dataTransfer?.types.includes("Files") && !e.target.closest?.('input[type="file"]');
  const target = (e) => { const form = e.target.closest?.(".thread") && one("[data-composer]"); return form && inputOf(form) ? form : null; };
  const mark = (form) => one(".thread")?.classList.toggle("dropping", Boolean(form));
  document.addEventListener("dragover", (e) => {
    if (!hasFiles(e)) return;
    e.preventDefault();
    e.dataTransfer.dropEffect = target(e) ? "copy" : "none";
    mark(target(e));
  });
  document.addEventListener("dragleave", (e) => { if (!e.relatedTarget) mark(null); });
  document.addEventListener("drop", (e) => {
    if (!hasFiles(e)) return;
    e.preventDefault();
    mark(null);
    if (target(e)) take(target(e), [...e.dataTransfer.files]);
  });
})();
