// <scroll-box label="…">: content that may be larger than its box. It is focusable only while it scrolls,
// so that a table that fits adds no tab stop.

class ScrollBox extends HTMLElement {
  connectedCallback() {
    this.watch = new ResizeObserver(() => this.look());
    this.watch.observe(this);
    if (this.firstElementChild) this.watch.observe(this.firstElementChild);
    this.look();
  }

  disconnectedCallback() {
    this.watch.disconnect();
  }

  look() {
    const scrolls = this.scrollWidth > this.clientWidth || this.scrollHeight > this.clientHeight;
    if (!scrolls) for (const name of ["tabindex", "role", "aria-label"]) this.removeAttribute(name);
    else {
      this.tabIndex = 0;
      this.setAttribute("role", "region");
      this.setAttribute("aria-label", this.getAttribute("label"));
    }
  }
}
customElements.define("scroll-box", ScrollBox);
