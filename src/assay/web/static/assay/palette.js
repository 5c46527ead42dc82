// The command palette: Ctrl K or ⌘K opens it; typing searches, the arrow keys choose, Enter opens.

import { on } from "./on.js";

const PAUSE = 120; // milliseconds after the last key
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
let timer, request;

function open() {
  if (dialog.open) return;
  dialog.showModal();
  input.select();
  search();
}

async function search() {
  request?.abort();
  request = new AbortController();
  const address = `${dialog.dataset.src}?q=${encodeURIComponent(input.value)}`;
  try {
    const answer = await fetch(address, { signal: request.signal });
    if (!answer.ok || answer.redirected) throw new Error("The server did not answer. Reload the page.");
    list.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    list.textContent = error.message;
  }
  choose(options()[0]);
}

const options = () => [...list.querySelectorAll("a[role=option]")];
const chosen = () => list.querySelector("[aria-selected=true]");

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  input.setAttribute("aria-activedescendant", option?.id ?? "");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Enter: () => chosen()?.click(),
};

if (dialog) {
  on("click", "[data-palette]", open);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open();
  });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  input.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.isComposing) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  if (/Mac|iPhone|iPad/.test(navigator.platform)) for (const key of document.querySelectorAll("[data-palette] kbd")) key.textContent = "⌘K";
}
