// <library-editor>: edits a textarea as rows or as text. Only the textarea is sent, checked and previewed.

import { Suggestions } from "./library-suggestions.js";

// A name with its extras, then the rest: version specifier, marker, comment.
const LINE = /^\s*([A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?)\s*(.*)$/;

class LibraryEditor extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("textarea");
    this.rows = Object.assign(document.createElement("div"), { className: "rows", hidden: true });
    this.text.after(this.rows);
    if (this.dataset.names) {
      this.suggestions = new Suggestions(this);
      for (const name of ["autocomplete", "aria-autocomplete", "aria-haspopup", "aria-controls"]) {
        this.text.setAttribute(name, { autocomplete: "off", "aria-autocomplete": "list", "aria-haspopup": "listbox" }[name] ?? "library-suggestions");
      }
    }
    this.addEventListener("click", (event) => this.click(event));
    this.rows.addEventListener("input", () => this.write());
    this.rows.addEventListener("keydown", (event) => this.key(event));
    this.text.addEventListener("input", (event) => {
      if (event.target === this.text && !this.writing && !this.rows.hidden) this.read();
    });
  }

  click(event) {
    const button = event.target.closest("button");
    if (button?.dataset.shows) this.show(button.dataset.shows);
    else if (button?.matches(".add")) this.add("", "").querySelector("input").focus();
    else if (button?.matches(".remove")) this.remove(button.closest(".entry"));
  }

  show(view) {
    const rows = view === "rows";
    if (rows) this.read();
    this.suggestions?.close();
    this.rows.hidden = !rows;
    this.text.hidden = rows;
    for (const one of this.querySelectorAll("[data-shows]")) one.setAttribute("aria-pressed", one.dataset.shows === view);
  }

  read() {
    this.rows.replaceChildren(this.adder());
    const lines = this.text.value.split("\n").filter((line) => line.trim());
    for (const line of lines.length ? lines : [""]) {
      const [, name, rest] = LINE.exec(line) ?? ["", line, ""];
      this.add(name, rest);
    }
  }

  write() {
    const lines = [...this.rows.querySelectorAll(".entry")].map((entry) =>
      [...entry.querySelectorAll("input")].map((input) => input.value.trim()).join(""),
    );
    this.text.value = lines.filter(Boolean).join("\n");
    this.writing = true;
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
  }

  adder() {
    return this.button("add", "Add library", "Add library");
  }

  add(name, rest) {
    const entry = Object.assign(document.createElement("div"), { className: "entry" });
    const fields = [this.input("Name", name, "pandas"), this.input("Which versions", rest, "any, or >=2,<3")];
    this.suggestions?.join(fields[0], "names");
    this.suggestions?.join(fields[1], "versions");
    entry.append(...fields, this.button("quiet remove", `Remove ${name || "this row"}`, "✕"));
    this.rows.querySelector(".add").before(entry);
    return entry;
  }

  remove(entry) {
    const near = entry.nextElementSibling ?? entry.previousElementSibling;
    entry.remove();
    this.write();
    (near?.querySelector("input") ?? near)?.focus();
  }

  key(event) {
    if (event.key !== "Enter" || !event.target.matches("input")) return;
    event.preventDefault(); // Enter adds a line here and does not submit the form
    const entry = this.add("", "");
    event.target.closest(".entry").after(entry);
    entry.querySelector("input").focus();
  }

  input(label, value, placeholder) {
    const input = Object.assign(document.createElement("input"), { className: "mono", value, placeholder, spellcheck: false });
    input.setAttribute("aria-label", label);
    return input;
  }

  button(className, label, text) {
    const button = Object.assign(document.createElement("button"), { type: "button", className, textContent: text });
    button.setAttribute("aria-label", label);
    return button;
  }
}
customElements.define("library-editor", LibraryEditor);
