// Keys: / searches, ? shows help, j and k move through rows, v marks one as viewed; pages add more by data-key.

import { requestChange } from "./requested-changes.js";

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, dialog[open]";

const KEYS = {
  "/": () => document.getElementById("search")?.focus(),
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  v: () => document.querySelector("tr.current [data-viewed]")?.click(),
  f: () => requestChange(document.querySelector("tr.current[data-name]")),
  Enter: () => document.querySelector("tr.current a[href]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
  // Enter on a link or a button activates it.
  if (event.key === "Enter" && event.target !== document.body) return;
  const act = KEYS[event.key] ?? press(event.key);
  if (!act) return;
  event.preventDefault();
  act();
});

function press(key) {
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  return button && (() => button.click());
}

function move(by) {
  const rows = [...document.querySelectorAll("tr[data-row]")].filter((row) => row.checkVisibility());
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("current"));
  rows[at]?.classList.remove("current");
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next.classList.add("current");
  next.cells[0].scrollIntoView({ block: "nearest" });
}
