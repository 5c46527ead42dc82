// Suggestions in the library editor: names of libraries, then versions that fit. A combobox with a listbox (WAI-ARIA),
// for the fields of a row and for the current line of the text. Without it, both are plain fields.

const PAUSE = 150; // milliseconds after the last key
const LOOK = 250; // before the facts of a chosen library are fetched
const TYPED = /^(insert(Composition|Replacement)?Text|deleteContent)/;
const NAME = /^\s*[A-Za-z0-9][\w.-]*$/;
const VERSION = /^\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*([<>=!~]=?=?\s*[\w.*+!-]*)$/;

const element = (tag, properties) => Object.assign(document.createElement(tag), properties);
const bare = (name) => name.replace(/\[.*$/, "").trim();

export class Suggestions {
  constructor(editor) {
    this.editor = editor;
    this.form = editor.closest("form");
    this.list = element("div", { id: "library-suggestions", className: "options" });
    this.list.setAttribute("role", "listbox");
    this.about = element("div", { className: "about stack tight", hidden: true });
    this.about.setAttribute("aria-live", "polite");
    this.popup = element("div", { className: "suggestions", hidden: true });
    this.popup.append(this.list, this.about);
    this.state = element("p", { className: "visually-hidden" });
    this.state.setAttribute("role", "status");
    editor.append(this.popup, this.state);
    editor.addEventListener("input", (event) => this.typed(event));
    editor.addEventListener("keydown", (event) => this.key(event), true);
    editor.addEventListener("focusout", (event) => editor.contains(event.relatedTarget) || this.close());
    this.popup.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("pointermove", (event) => this.choose(event.target.closest("[data-write]")));
    this.list.addEventListener("click", (event) => event.target.closest("[data-write]") && this.pick());
  }

  // Makes an input of a row a combobox.
  join(input, offers) {
    input.dataset.offers = offers;
    const known = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id, autocomplete: "off" };
    for (const [name, value] of Object.entries(known)) input.setAttribute(name, value);
  }

  // What is typed in a field: the beginning of a name or of a version, and where it stands; null for neither.
  read(field) {
    if (field.dataset.offers === "names") return bare(field.value) && { kind: "names", text: field.value };
    if (field.dataset.offers === "versions") {
      const name = bare(field.closest(".entry").querySelector("[data-offers=names]").value);
      return name && { kind: "versions", name, text: field.value };
    }
    if (field.tagName !== "TEXTAREA" || field.hidden || field.selectionStart !== field.selectionEnd) return null;
    const caret = field.selectionStart;
    const start = field.value.lastIndexOf("\n", caret - 1) + 1;
    const before = field.value.slice(start, caret);
    const after = /^[^\n]*/.exec(field.value.slice(caret))[0];
    const line = field.value.slice(0, start).split("\n").length;
    if (NAME.test(before) && !/^[\w.-]/.test(after)) {
      return { kind: "names", text: before.trim(), from: caret - before.trimStart().length, to: caret, line };
    }
    const [, name, text] = (!after.trim() && VERSION.exec(before)) || [];
    return name ? { kind: "versions", name, text, from: caret - text.length, to: caret + after.length, line } : null;
  }

  // Only what is typed opens the list: pasted and imported text, and text that comes at once, has its names already.
  typed({ target: field, inputType, data }) {
    if (this.writing) return;
    clearTimeout(this.timer);
    const atOnce = inputType === "insertText" && (data?.length ?? 0) > 1;
    const wanted = !atOnce && TYPED.test(inputType ?? "") && this.read(field);
    if (!wanted) this.close();
    else this.timer = setTimeout(() => this.search(field, wanted), PAUSE);
  }

  async fetch(address, values) {
    this.request?.abort();
    this.request = new AbortController();
    const chosen = Object.fromEntries(["python", "base", "slug"].map((name) => [name, this.form?.elements[name]?.value ?? ""]));
    const answer = await fetch(`${address}?${new URLSearchParams({ ...chosen, ...values })}`, { signal: this.request.signal });
    if (!answer.ok || answer.redirected) throw new Error("The server did not answer.");
    return answer.text();
  }

  async search(field, wanted) {
    const names = wanted.kind === "names";
    const address = names ? this.editor.dataset.names : this.editor.dataset.versions;
    try {
      this.list.innerHTML = await this.fetch(address, { q: wanted.text, name: wanted.name ?? "" });
    } catch (error) {
      if (error.name !== "AbortError") this.close();
      return;
    }
    if (document.activeElement !== field) return;
    this.open(field, wanted);
    const count = this.options().length;
    this.state.textContent = count ? `${count} ${names ? "libraries" : "versions"}. Use the arrow keys to choose, Enter to insert.` : this.list.textContent.trim();
  }

  open(field, wanted) {
    this.field = field;
    this.wanted = wanted;
    this.about.hidden = true;
    this.list.setAttribute("aria-label", wanted.kind === "names" ? "Suggested libraries" : "Suggested versions");
    this.popup.hidden = false;
    this.place();
    this.mark("true");
    this.choose(null);
    this.list.scrollTop = 0;
  }

  // Puts the list below the field, or below the current line of the text.
  place() {
    const own = this.editor.getBoundingClientRect();
    const box = this.field.getBoundingClientRect();
    let bottom = box.bottom;
    if (this.wanted.line) {
      const style = getComputedStyle(this.field);
      const height = Number.parseFloat(style.lineHeight) || 1.5 * Number.parseFloat(style.fontSize);
      const end = box.top + Number.parseFloat(style.paddingTop) + this.wanted.line * height - this.field.scrollTop;
      bottom = Math.min(end, box.bottom);
    }
    this.popup.style.top = `${bottom - own.top + 4}px`;
  }

  mark(expanded) {
    if (this.field?.getAttribute("role") === "combobox") this.field.setAttribute("aria-expanded", expanded);
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.looking);
    this.request?.abort();
    this.mark("false");
    this.field?.removeAttribute("aria-activedescendant");
    this.popup.hidden = true;
    this.state.textContent = "";
  }

  options = () => [...this.list.querySelectorAll("[data-write]")];
  chosen = () => this.list.querySelector("[aria-selected=true]");

  choose(option) {
    if (option && option === this.chosen()) return;
    this.chosen()?.setAttribute("aria-selected", "false");
    clearTimeout(this.looking);
    if (!option) return this.field?.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", option.id);
    if (option.dataset.name) this.looking = setTimeout(() => this.look(option), LOOK);
  }

  // Shows the facts of a chosen library.
  async look(option) {
    this.about.hidden = false;
    this.about.innerHTML = '<p class="soft small">Asking the index …</p>';
    try {
      const text = await this.fetch(this.editor.dataset.details, { name: option.dataset.name });
      if (this.chosen() === option) this.about.innerHTML = text;
    } catch (error) {
      if (error.name !== "AbortError") this.about.textContent = error.message;
    }
  }

  move(by) {
    const all = this.options();
    const at = all.indexOf(this.chosen());
    if (all.length) this.choose(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]);
  }

  key(event) {
    if (event.isComposing || !event.target.matches("textarea, [data-offers]")) return;
    const act = this.popup.hidden ? this.closed(event) : this.opened(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  closed(event) {
    const wanted = event.key === "ArrowDown" && event.target.dataset.offers && this.read(event.target);
    return wanted ? () => this.search(event.target, wanted) : null;
  }

  opened(event) {
    if (event.key === "Tab") this.close();
    const keys = { ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), Escape: () => this.close() };
    if (event.key === "Enter" && this.chosen()) return () => this.pick();
    return event.altKey || event.ctrlKey || event.metaKey ? null : keys[event.key];
  }

  // Writes the chosen name or version into the field, and goes on to the versions of a name.
  pick() {
    const { field, wanted } = this;
    const text = this.chosen().dataset.write;
    this.close();
    if (wanted.line) field.setRangeText(text, wanted.from, wanted.to, "end");
    else field.value = wanted.kind === "names" ? text + (/\[.*$/.exec(field.value)?.[0] ?? "") : text;
    this.writing = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
    const next = wanted.kind === "names" && field.closest(".entry")?.querySelector("[data-offers=versions]");
    if (!next) return;
    next.focus();
    if (!next.value) this.search(next, this.read(next));
  }
}
