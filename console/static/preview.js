// The preview's frame: opens the widget in the state that the settings page asks for.
(() => {
  const { state, theme, identity } = document.currentScript.dataset;
  const chat = window.Chat = function () { (chat.q = chat.q || []).push(arguments); };
  chat("theme", theme === "dark" ? "dark" : "light");
  if (theme === "dark") document.documentElement.style.background = "#14171c";
  if (identity) {
    // The conversation begins as if somebody had opened the chat, and takes the focus from
    // nobody who types in the settings.
    const real = navigator.userActivation, focus = HTMLElement.prototype.focus;
    Object.defineProperty(navigator, "userActivation", { value: { isActive: true, hasBeenActive: true } });
    HTMLElement.prototype.focus = function (o) { if (real?.isActive) focus.call(this, o); };
    chat("identify", identity);
  }
  if (state !== "closed") chat("open");
})();
