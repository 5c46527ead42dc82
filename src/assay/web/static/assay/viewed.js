// What a reviewer looked at. The server keeps it, under the file that was looked at: another file, another look.

import { on } from "./on.js";

const token = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

on("change", "[data-viewed]", async (box) => {
  const { mark, name } = box.closest("tr").dataset;
  const body = new URLSearchParams({ library: name, mark, viewed: box.checked ? "1" : "0" });
  const kept = fetch(box.closest("[data-viewed-at]").dataset.viewedAt, { method: "POST", body, headers: { "X-CSRFToken": token() } });
  tell();
  const answer = await kept.catch(() => null);
  if (answer?.ok) return;
  box.checked = !box.checked;
  tell("Not kept: the server does not answer");
});

function tell(problem) {
  const count = document.getElementById("viewed-count");
  if (!count) return;
  const boxes = [...count.closest("[data-viewed-at]").querySelectorAll("[data-viewed]")];
  const done = boxes.filter((box) => box.checked).length;
  count.textContent = problem ?? `${done} of ${boxes.length} viewed`;
  count.classList.toggle("all-done", !problem && done === boxes.length);
}
tell();
