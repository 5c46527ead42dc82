// Import of files: dropped anywhere on the page, and their list put into the editor.

import { on } from "./on.js";

const dialog = document.getElementById("intake");
const input = document.getElementById("intake-files");
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

if (dialog && input) {
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.add("dragging");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("dragging");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    document.body.classList.remove("dragging");
    if (!dialog.open) dialog.showModal();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

const lines = (text) => (text ?? "").split("\n").filter((line) => line.trim());
// What a line is about: its normalised name, and its marker.
const key = (line) => {
  const [, name = "", marker = ""] = /^\s*([A-Za-z0-9][\w.-]*)[^;]*;?\s*(.*)$/.exec(line) ?? [];
  return `${name.toLowerCase().replace(/[-_.]+/g, "-")};${marker}`;
};

// Imported lines take the place of those of the same library; the others are added at the end.
on("click", "[data-imports]", (button) => {
  const list = document.getElementById(button.dataset.imports);
  const imported = lines(document.getElementById("taken-lines").textContent);
  const into = document.getElementById("libraries");
  const merged = new Map(lines(into.value).map((line) => [key(line), line]));
  for (const line of imported) merged.set(key(line), line);
  into.value = [...merged.values()].join("\n");
  const held = document.getElementById("taken-constraints");
  if (held) {
    document.getElementById("constraints").value = held.textContent.trim();
    document.getElementById("constraints-part").open = true;
  }
  const python = document.getElementById("python");
  if ([...python.options].some((option) => option.value === list.dataset.python)) python.value = list.dataset.python;
  into.dispatchEvent(new Event("input", { bubbles: true }));
  python.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("dialog")?.close();
});
