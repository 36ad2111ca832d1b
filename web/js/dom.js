// Elements without a framework: h() builds them, replace() shows them. Text
// only ever becomes text nodes, so no string of a user is parsed as markup
// and the page keeps require-trusted-types-for 'script'.

const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'g', 'path', 'rect', 'line', 'text', 'title', 'image']);

/**
 * Builds an element. Properties that start with "on" become listeners, "class"
 * and attributes with a dash stay attributes, other known properties are set.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node|string|number|null|undefined|false|any[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'style') {
      // Set through the object model: style attributes are refused by the
      // Content-Security-Policy.
      for (const [property, v] of Object.entries(value)) {
        /** @type {HTMLElement} */ (element).style.setProperty(property, String(v));
      }
    } else if (name === 'class' || name.includes('-') || element.namespaceURI === SVG || !(name in element)) {
      element.setAttribute(name, value === true ? '' : String(value));
    } else {
      /** @type {any} */ (element)[name] = value;
    }
  }
  element.append(...children.flat(Infinity).filter((c) => c || c === 0).map((c) => (c instanceof Node ? c : String(c))));
  return element;
}

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex]';

/** Renews what a root holds; what stands at the place of the focused element
 * gets the focus, so that a key pressed twice acts on the same thing.
 * @param {Element} root  @param {() => void} renew */
export function keepingFocus(root, renew) {
  const all = () => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(FOCUSABLE)]);
  const focused = /** @type {any} */ (document.activeElement);
  const at = all().indexOf(focused);
  renew();
  if (at >= 0 && !focused.isConnected) all()[at]?.focus({ preventScroll: true });
}

/** Shows children in place of what root held.
 * @param {Element} root
 * @param {...any} children */
export function replace(root, ...children) {
  root.replaceChildren(...children.flat(Infinity).filter((c) => c || c === 0));
}
