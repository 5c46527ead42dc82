// One listener for all elements that match a selector, also those added later.

export const on = (event, selector, act) =>
  document.addEventListener(event, (given) => {
    const found = given.target.closest?.(selector);
    if (found) act(found, given);
  });
