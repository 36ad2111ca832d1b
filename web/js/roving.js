// Many buttons in a row that Tab reaches as one: arrow keys lead from each to the
// next, and Tab comes back to where one was.

/** @param {HTMLElement} row
 * @returns {() => void} to be called when its buttons are others */
export function roving(row) {
  let current = 0;
  const buttons = () => [...row.querySelectorAll('button')];
  const mark = () => {
    const all = buttons();
    current = Math.max(0, Math.min(current, all.length - 1));
    all.forEach((button, i) => { button.tabIndex = i === current ? 0 : -1; });
  };
  row.addEventListener('focusin', ({ target }) => {
    current = buttons().indexOf(/** @type {HTMLButtonElement} */ (target));
    mark();
  });
  row.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    const all = buttons();
    const to = { Home: all[0], End: all.at(-1) }[event.key] ?? all[current + stepOf(event.key, row)];
    if (!to || to === all[current]) return;
    event.preventDefault();
    to.focus();
  });
  return mark;
}

/** How far an arrow key leads: the arrows point where the words stand.
 * @param {string} key  @param {HTMLElement} row */
export function stepOf(key, row) {
  const right = getComputedStyle(row).direction === 'rtl' ? -1 : 1;
  return { ArrowRight: right, ArrowLeft: -right }[key] ?? 0;
}
