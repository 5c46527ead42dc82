// Forms: sent once, kept across a reload, filled from files.

import { on } from "./on.js";

// A select that submits its form when it changes.
on("change", "select[data-goes]", (select) => select.form.requestSubmit());

// A second click within 3 s sends no second request.
on("submit", "form", (form, event) => {
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post" && !form.hasAttribute("hx-post")) {
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  }
});

// Unsaved input is kept across a reload, in the session storage.
function keep(form) {
  const key = `keep:${form.dataset.keep}`;
  const fields = [...form.elements].filter((one) => one.name && !["hidden", "file", "submit"].includes(one.type));
  const state = (field) => (field.type === "checkbox" ? (field.checked ? field.value : "") : field.value);
  const restore = (field, value) => {
    if (field.type === "checkbox") field.checked = value !== "";
    else field.value = value;
  };
  const from = JSON.stringify(fields.map((field) => [field.name, state(field)]));
  const kept = JSON.parse(sessionStorage.getItem(key) ?? "null");
  // Kept input is restored only into the form it was typed into: not when the form was saved elsewhere since.
  if (kept?.from === from) for (const field of fields) restore(field, kept.values[field.name] ?? state(field));
  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, state(field)]));
    sessionStorage.setItem(key, JSON.stringify({ from, values }));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}
document.querySelectorAll("form[data-keep]").forEach(keep);

// A selected file is read into the text field, where it can be checked before it is used.
on("change", "input[data-reads]", async (input) => {
  const [file] = input.files;
  if (!file) return;
  document.getElementById(input.dataset.reads).value = await file.text();
  const name = document.getElementById(`${input.dataset.reads}-name`);
  if (name) name.value = file.name;
});

// Imported lines are appended to the list, or replace it.
on("click", "[data-takes]", (button) => {
  const into = document.getElementById(button.dataset.into);
  const lines = document.getElementById(button.dataset.takes).textContent.trim();
  into.value = "replaces" in button.dataset ? lines : [into.value.trim(), lines].filter(Boolean).join("\n");
  const cleared = document.getElementById(button.dataset.clears);
  if (cleared) cleared.value = "";
  into.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("dialog")?.close();
});

// Requests may overtake each other; the server finds the newest of a page by its number.
let sent = 0;
document.addEventListener("htmx:configRequest", ({ detail: { headers } }) => {
  headers["Assay-Request"] = `${performance.timeOrigin} ${++sent}`;
});

// htmx logs a request that a newer keystroke aborted as an error on the console; suppress that message.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
  const ended = xhr.onabort;
  xhr.onabort = (event) => {
    const report = console.error;
    console.error = () => {};
    ended.call(xhr, event);
    console.error = report;
  };
});
