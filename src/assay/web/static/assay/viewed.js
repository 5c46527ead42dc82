// The "viewed" marks of a reviewer. The server stores them by file: a library with another file is not viewed.

import { on } from "./on.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

on("change", "[data-viewed]", async (box) => {
  const { mark, name } = box.closest("tr").dataset;
  const body = new URLSearchParams({ library: name, mark, viewed: box.checked ? "1" : "0" });
  const kept = fetch(box.closest("[data-viewed-at]").dataset.viewedAt, { method: "POST", body, headers: { "X-CSRFToken": token() } });
  report();
  const answer = await kept.catch(() => null);
  if (answer?.ok) return;
  box.checked = !box.checked;
  report("Not saved: the server does not respond");
});

function report(problem) {
  const count = document.getElementById("viewed-count");
  if (!count) return;
  // What is folded counts only where it is read.
  const boxes = [...count.closest("[data-viewed-at]").querySelectorAll("[data-viewed]")].filter((box) => !box.closest(".fold"));
  const done = boxes.filter((box) => box.checked).length;
  count.textContent = problem ?? `${done} of ${boxes.length} viewed`;
  count.classList.toggle("all-done", !problem && done === boxes.length);
}
report();
