// One listener for all elements that fit a selector, also those that come later.

export const on = (event, selector, act) =>
  document.addEventListener(event, (given) => {
    const found = given.target.closest?.(selector);
    if (found) act(found, given);
  });
