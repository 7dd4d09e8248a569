// Texts with variables: what a button inserts goes where the caret was.
"use strict";
(() => {
  let last = null;
  document.addEventListener("focusin", (e) => { if (e.target.matches("[data-texts] textarea")) last = e.target; });
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-insert]"), set = button?.closest("[data-texts]");
    if (!set) return;
    const text = last && set.contains(last) ? last : set.querySelector("textarea");
    text.focus();
    text.setRangeText(button.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
