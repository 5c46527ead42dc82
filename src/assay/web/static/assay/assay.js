// Small behaviours over pages that work without them. No inline code anywhere: the content policy forbids it.

const on = (event, selector, act) =>
  document.addEventListener(event, (given) => {
    const found = given.target.closest?.(selector);
    if (found) act(found, given);
  });

// Theme: the server reads the cookie, so that no page flashes.
on("click", "[data-theme-toggle]", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
});

// Dialogs by name.
on("click", "[data-opens]", (button) => document.getElementById(button.dataset.opens)?.showModal());
on("click", "[data-closes]", (button) => button.closest("dialog")?.close());

// Copying, with the answer on the button.
on("click", "[data-copy]", async (button) => {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = before), 1200);
});

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
for (const form of document.querySelectorAll("form[data-keep]")) {
  const key = `keep:${form.dataset.keep}`;
  const fields = [...form.elements].filter((field) => field.name && !["hidden", "file", "submit"].includes(field.type));
  const saved = JSON.stringify(fields.map((field) => [field.name, field.value]));
  const kept = sessionStorage.getItem(key);
  if (kept) {
    const { from, values } = JSON.parse(kept);
    if (from === saved) for (const field of fields) if (field.name in values) field.value = values[field.name];
  }
  form.addEventListener("input", () => {
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value]));
    sessionStorage.setItem(key, JSON.stringify({ from: saved, values }));
  });
  form.addEventListener("submit", () => sessionStorage.removeItem(key));
}

// A chosen file goes into the text, where it can be read before it is used.
on("change", "input[data-reads]", async (input) => {
  const file = input.files[0];
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

// Keys: / searches, ? explains, and pages add their own through data-key.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog[open]")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search")?.focus();
  } else if (event.key === "?") document.getElementById("keys")?.showModal();
  else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
  else document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not(:disabled)`)?.click();
});

function move(by) {
  const rows = [...document.querySelectorAll("tr[data-row]")].filter((row) => row.offsetParent);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("current"));
  rows[at]?.classList.remove("current");
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next.classList.add("current");
  next.scrollIntoView({ block: "nearest" });
}

// A log that grows: read by offset, so that a reload or a lost connection costs nothing.
class LiveLog extends HTMLElement {
  connectedCallback() {
    this.box = this.querySelector(".log");
    this.search = this.querySelector("input[type=search]");
    this.offset = 0;
    this.number = 0;
    this.wait = 300;
    this.search?.addEventListener("input", () => this.find());
    this.read();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
  }

  async read() {
    let done = false;
    try {
      const answer = await fetch(`${this.getAttribute("src")}?offset=${this.offset}`);
      if (!answer.ok) throw new Error(answer.status);
      const part = await answer.json();
      this.wait = part.text ? 300 : Math.min(this.wait * 1.3, 2000);
      this.add(part.text);
      this.offset = part.next;
      done = part.done;
    } catch {
      this.wait = Math.min(this.wait * 2, 5000);
    }
    if (!done && this.isConnected) this.timer = setTimeout(() => this.read(), this.wait);
  }

  add(text) {
    if (!text) return;
    const atEnd = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    const lines = document.createDocumentFragment();
    for (const line of text.replace(/\n$/, "").split("\n")) lines.append(this.line(line));
    this.box.append(lines);
    if (location.hash && !this.jumped) {
      const target = this.box.querySelector(CSS.escape ? `#${CSS.escape(location.hash.slice(1))}` : "");
      if (target) {
        this.jumped = true;
        target.classList.add("here");
        target.scrollIntoView({ block: "center" });
        return;
      }
    }
    if (atEnd) this.box.scrollTop = this.box.scrollHeight;
  }

  line(text) {
    const line = document.createElement("span");
    line.className = "line";
    line.id = `L${++this.number}`;
    if (/^== .* ==$/.test(text)) line.classList.add("step");
    if (/^(FAILED|error|Traceback|WARNING)/.test(text)) line.classList.add("fail");
    line.textContent = `${text}\n`;
    return line;
  }

  find() {
    const wanted = this.search.value.toLowerCase();
    for (const line of this.box.children) line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
  }
}
customElements.define("live-log", LiveLog);
