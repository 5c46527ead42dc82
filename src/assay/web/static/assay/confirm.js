// A form with data-confirm asks for confirmation: data-confirm is the question, data-detail the consequences.
// The dialog sends a copy of the form, because polling may replace the original while the dialog is open.

import { on } from "./on.js";

on("submit", "form[data-confirm]", (form, event) => {
  event.preventDefault();
  delete form.dataset.sent;
  const dialog = document.body.appendChild(document.createElement("dialog"));
  dialog.setAttribute("aria-label", form.dataset.confirm);
  const copy = dialog.appendChild(form.cloneNode(true));
  copy.className = "body";
  for (const part of copy.querySelectorAll("[id]")) part.removeAttribute("id");
  copy.prepend(text("h2", form.dataset.confirm), text("p", form.dataset.detail));
  const [send] = copy.querySelectorAll("button");
  send.classList.add("danger");
  const cancel = Object.assign(text("button", "Go back"), { type: "button" });
  cancel.addEventListener("click", () => dialog.close());
  const actions = Object.assign(document.createElement("div"), { className: "actions" });
  send.before(actions);
  actions.append(send, cancel);
  for (const name of ["confirm", "detail"]) delete copy.dataset[name];
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  cancel.focus();
});

const text = (tag, words) => Object.assign(document.createElement(tag), { textContent: words });
