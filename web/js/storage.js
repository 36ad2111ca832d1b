// What is remembered from visit to visit. A browser may refuse to remember
// anything, by throwing: then each visit is the first.

/** @param {string} name  @returns {string|null} */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** @param {string} name  @param {string} value */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Not remembered.
  }
}
