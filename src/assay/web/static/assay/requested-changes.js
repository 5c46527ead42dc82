// <requested-changes>: requested changes to single libraries, one per row; a button shows the next row.

const EXAMPLES = { raise: "2.2", swap: "another-library>=1", drop: "", wait: "2030-01-31", note: "what should change" };

class RequestedChanges extends HTMLElement {
  connectedCallback() {
    this.more = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "Another library" });
    this.more.addEventListener("click", () => this.show()?.querySelector("input").focus());
    this.append(this.more);
    this.addEventListener("change", (event) => this.fit(event.target.closest(".change-row")));
    for (const row of this.rows) this.fit(row);
    for (const row of this.rows.slice(1)) row.hidden = !row.querySelector("[name=library]").value;
  }

  get rows() {
    return [...this.querySelectorAll(".change-row")];
  }

  // Show the first hidden row, or a new one.
  show() {
    const row = this.rows.find((one) => one.hidden) ?? this.grow();
    row.hidden = false;
    return row;
  }

  grow() {
    const row = this.rows.at(-1).cloneNode(true);
    const number = this.rows.length + 1;
    for (const field of row.querySelectorAll("input, select")) {
      if (field.matches("input")) field.value = "";
      field.setAttribute("aria-label", field.getAttribute("aria-label").replace(/\d+/, number));
    }
    this.more.before(row);
    return row;
  }

  fit(row) {
    const kind = row.querySelector("select").value;
    const to = row.querySelector("[name=to]");
    to.placeholder = EXAMPLES[kind];
    to.type = kind === "wait" ? "date" : "text";
    to.hidden = kind === "drop";
    if (to.hidden) to.value = "";
  }

  // Show the row of a library, or the first empty one.
  request(name) {
    const named = (value) => (row) => row.querySelector("[name=library]").value === value;
    const row = this.rows.find(named(name)) ?? this.rows.find((one) => !one.hidden && named("")(one)) ?? this.show();
    row.hidden = false;
    row.querySelector("[name=library]").value = name;
    row.querySelector("select").focus();
  }
}
customElements.define("requested-changes", RequestedChanges);

// Open the dialog with the row of a library, unless its button is disabled.
export function requestChange(row) {
  const rows = document.querySelector("requested-changes");
  const dialog = rows?.closest("dialog");
  if (!row || !dialog || !document.querySelector(`[data-opens="${dialog.id}"]:not(:disabled)`)) return;
  dialog.showModal();
  rows.request(row.dataset.name);
}
