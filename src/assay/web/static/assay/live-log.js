// <live-log src="…">: a growing log. It is polled by byte offset, so it continues after a lost connection;
// it folds by step ("== name =="), can be searched, and each line has an anchor (#L12).

const SOON = 300; // milliseconds between requests while text arrives
const LATE = 2000; // while no text arrives
const LOST = 5000; // while the server does not respond
const STEP = /^== (.*) ==$/;
const FAIL = /^(FAILED|error|Traceback|WARNING|\w*Error:)/;

class LiveLog extends HTMLElement {
  connectedCallback() {
    this.box = this.querySelector(".log");
    this.search = this.querySelector("input[type=search]");
    this.found = this.querySelector("output");
    this.into = this.box;
    this.lines = [];
    this.offset = 0;
    this.wait = SOON;
    this.search?.addEventListener("input", () => this.find());
    this.box.addEventListener("click", (event) => this.point(event.target.closest(".line")));
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
      this.wait = part.text ? SOON : Math.min(this.wait * 1.3, LATE);
      this.add(part.text);
      this.offset = part.next;
      done = part.done;
    } catch {
      this.wait = Math.min(this.wait * 2, LOST);
    }
    if (!done && this.isConnected) this.timer = setTimeout(() => this.read(), this.wait);
  }

  add(text) {
    if (!text) return;
    const follows = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 40;
    const parts = text.split("\n");
    if (this.open) this.open.append(parts[0]); // the last response ended within a line
    for (const line of parts.slice(this.open ? 1 : 0)) this.line(line);
    this.close();
    if (this.search?.value) this.find();
    if (!this.jump() && follows) this.box.scrollTop = this.box.scrollHeight;
  }

  line(text) {
    this.open = document.createElement("span");
    this.open.className = "line";
    this.open.append(text);
    this.lines.push(this.open);
    const number = this.lines.length;
    this.open.id = `L${number}`;
    this.open.dataset.number = number;
    if (FAIL.test(text)) this.open.classList.add("fail");
    if (STEP.test(text)) this.into = this.fold(text);
    else this.into.append(this.open);
  }

  // Remove the empty line that was started after the last line end.
  close() {
    if (this.open.textContent) return;
    this.open.remove();
    this.lines.pop();
    this.open = null;
  }

  fold(title) {
    const part = document.createElement("details");
    part.open = true;
    part.append(Object.assign(document.createElement("summary"), { textContent: title }));
    this.box.append(part);
    return part;
  }

  find() {
    const wanted = this.search.value.toLowerCase();
    let found = 0;
    for (const line of this.lines) {
      line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
      if (!line.hidden) found += 1;
    }
    if (wanted) for (const part of this.box.querySelectorAll("details")) part.open = true;
    if (this.found) this.found.textContent = wanted ? `${found} of ${this.lines.length} lines` : "";
  }

  // A click links to a line; dragging selects its text instead.
  point(line) {
    if (!line || getSelection()?.toString()) return;
    history.replaceState(null, "", `#${line.id}`);
    this.mark(line);
  }

  jump() {
    const line = !this.jumped && /^#L\d+$/.test(location.hash) && this.box.querySelector(location.hash);
    if (!line) return false;
    this.jumped = true;
    this.mark(line);
    line.scrollIntoView({ block: "center" });
    return true;
  }

  mark(line) {
    this.box.querySelector(".here")?.classList.remove("here");
    line.classList.add("here");
  }
}
customElements.define("live-log", LiveLog);
