// The page frame: theme, sidebar, dialogs, copying.

import { on } from "./on.js";

// The server reads the cookie, so that a page does not flash in the other theme.
on("click", "[data-theme-toggle]", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
});

on("click", "[data-menu]", (button) => {
  const open = document.getElementById(button.getAttribute("aria-controls")).classList.toggle("open");
  button.setAttribute("aria-expanded", open);
});

on("click", "[data-opens]", (button) => document.getElementById(button.dataset.opens)?.showModal());
// A dialog that the server rendered open, with the submitted values, is made modal.
for (const dialog of document.querySelectorAll("dialog[data-modal]")) {
  dialog.close();
  dialog.showModal();
}
on("click", "[data-closes]", (button) => button.closest("dialog")?.close());

// Copy buttons; the button shows the result.
on("click", "[data-copy]", (button) => copy(button, document.getElementById(button.dataset.copy).textContent.trim()));

// A link to a text copies it; with a modifier it is a link.
on("click", "a[data-copies]", async (link, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  copy(link, await (await fetch(link.href)).text());
});

async function copy(button, text) {
  const word = button.querySelector("span") ?? button;
  const before = word.textContent;
  try {
    await navigator.clipboard.writeText(text);
    word.textContent = "Copied";
  } catch {
    word.textContent = "Not allowed; select it";
  }
  setTimeout(() => (word.textContent = before), 1600);
}
