// Rows that are selected for one action: all of a page at once, and how many.

import { on } from "./on.js";

const boxes = (form) => [...form.querySelectorAll("input[name=rows]")];

function report(form) {
  const all = boxes(form);
  const chosen = all.filter((box) => box.checked).length;
  const page = form.querySelector("[data-select-page]");
  page.checked = chosen === all.length;
  page.indeterminate = chosen > 0 && chosen < all.length;
  form.querySelector("[data-selected]").textContent = chosen ? `${chosen} selected` : "";
}

on("change", "[data-select-page]", (page) => {
  for (const box of boxes(page.form)) box.checked = page.checked;
  report(page.form);
});
on("change", "[data-select-rows] input[name=rows]", (box) => report(box.form));
document.querySelectorAll("[data-select-rows]").forEach(report); // a browser restores ticks when one goes back
