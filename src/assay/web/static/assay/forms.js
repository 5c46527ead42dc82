// Forms: sent once, kept through a reload, filled from files.

import { on } from "./on.js";

// A select that goes where it points.
on("change", "select[data-goes]", (select) => select.form.requestSubmit());

// One click is one request.
on("submit", "form", (form, event) => {
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post" && !form.hasAttribute("hx-post")) {
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
  }
});

// What was typed survives a reload until it is saved.
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
  // Kept words count only for the form they were typed into: not when it was saved since, elsewhere.
  if (kept?.from === from) for (const field of fields) restore(field, kept.values[field.name] ?? state(field));
  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, state(field)]));
    sessionStorage.setItem(key, JSON.stringify({ from, values }));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}
document.querySelectorAll("form[data-keep]").forEach(keep);

// A chosen file goes into the text, where it can be read before it is used.
on("change", "input[data-reads]", async (input) => {
  const [file] = input.files;
  if (!file) return;
  document.getElementById(input.dataset.reads).value = await file.text();
  const name = document.getElementById(`${input.dataset.reads}-name`);
  if (name) name.value = file.name;
});

// Lines that were read go into the list, behind what is there.
on("click", "[data-takes]", (button) => {
  const into = document.getElementById(button.dataset.into);
  const lines = document.getElementById(button.dataset.takes).textContent.trim();
  into.value = "replaces" in button.dataset ? lines : [into.value.trim(), lines].filter(Boolean).join("\n");
  into.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("dialog")?.close();
});

// htmx reports a question that a newer keystroke ended as an error on the console, where only errors belong.
document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
  const ended = xhr.onabort;
  xhr.onabort = (event) => {
    const report = console.error;
    console.error = () => {};
    ended.call(xhr, event);
    console.error = report;
  };
});
