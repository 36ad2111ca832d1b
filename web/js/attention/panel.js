// The widgets of one text, kept from answer to answer so that the keyboard's
// focus and the marked cell stay where they are.

import { field } from '../controls.js';
import { h, replace } from '../dom.js';
import { percent, t } from '../i18n.js';
import { readNotes } from '../notes.js';
import { scrolling } from '../scrolling.js';
import { isDark } from '../theme.js';
import { arcs } from './arcs.js';
import { HeadGrid } from './grid.js';
import { HeatMap } from './heatmap.js';
import { legend } from './legend.js';
import { thumbnail, topOfRow } from './matrix.js';
import { PatternFilter } from './pattern-filter.js';
import { factsOf, statistics } from './patterns.js';
import { chosen } from './settings.js';
import { inSlices } from './slices.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('./shown.js').Shown} Shown */
/**
 * The work on one answer's grid: thumbnails of its heads as the plan arranges
 * them, and what is said of each head.
 * @typedef {{bytes: ArrayBuffer, key: string, done: boolean, thumbnails: ReturnType<typeof thumbnail>[], statistics: import('./patterns.js').HeadStatistics[]}} GridWork
 */

export class AttentionPanel {
  /** @param {HTMLElement} root  @param {import('../controls.js').Page} page */
  constructor(root, page) {
    this.root = root;
    this.page = page;
    this.layers = 1;
    this.heads = 1;
    this.grid = new HeadGrid((layer, head, how) => page.set({ layer: String(layer), head: String(head), mode: page.state.mode === 'rollout' ? '' : page.state.mode }, how));
    this.map = new HeatMap({
      say: (sentence) => page.announce(sentence),
      layer: (step) => this.step('layer', step, this.layers),
      head: (step) => this.step('head', step, this.heads),
    });
    this.layerChoice = h('select', { onchange: () => page.set({ layer: this.layerChoice.value }) });
    this.headChoice = h('select', { onchange: () => page.set({ head: this.headChoice.value }) });
    this.headField = field('head', t('attention.head'), this.headChoice);
    this.keys = h('p', { class: 'hint keys' }, t('attention.keys'));

    this.notes = h('div', {});
    this.patterns = new PatternFilter((pattern) => page.set({ pattern }));
    this.overview = h('section', { class: 'overview' }, h('h3', {}, t('attention.all-heads')), scrolling(this.grid.element), this.patterns.element,
      this.coarse = h('p', { class: 'hint' }, t('attention.coarse')));
    this.closeUp = h('section', { class: 'close-up' },
      h('div', { class: 'row' }, field('layer', t('attention.layer'), this.layerChoice), this.headField),
      this.heading = h('h3', {}), this.facts = h('p', { class: 'hint facts' }), this.renormalised = h('p', { class: 'hint' }, t('attention.renormalised')),
      this.picture = h('div', {}));
    replace(root, this.notes, h('div', { class: 'attention' }, this.overview, this.closeUp));
  }

  /** Moves to the next layer or head, if there is one.
   * @param {'layer'|'head'} name  @param {number} step  @param {number} count */
  step(name, step, count) {
    if (name === 'head' && this.page.state.mode !== '') return;
    const from = chosen(this.page.state[name], count);
    const to = Math.max(0, Math.min(count - 1, from + step));
    if (to !== from) this.page.set({ [name]: String(to) }, { passing: true });
  }

  /** @param {Shown} shown  @param {State} state */
  show(shown, state) {
    const { all, exact, pieces, result, how, picture, layer, head, name } = shown;
    this.layers = all.layers;
    this.heads = all.heads;
    const oneHead = state.mode === '';
    offer(this.layerChoice, all.layers, layer);
    offer(this.headChoice, all.heads, head);
    this.headField.hidden = !oneHead;

    replace(this.notes, readNotes(result));
    this.heading.textContent = name;
    this.facts.textContent = factsOf(statistics(exact, 0, 0, pieces));
    this.renormalised.hidden = !how.renormalised;
    this.coarse.hidden = !how.renormalised;
    this.showPicture(picture, state, name);
    this.says = this.changes(shown, state);

    this.grid.shape(all.layers, all.heads);
    this.grid.mark(layer, head, !oneHead);
    this.showGrid(shown, state);
  }

  /** @param {import('./heatmap.js').Picture} picture  @param {State} state  @param {string} name */
  showPicture(picture, state, name) {
    const look = { dark: isDark(), scale: /** @type {import('./color.js').Scale} */ (state.scale), name };
    if (picture.rows.length === 0 || picture.columns.length === 0) {
      replace(this.picture, h('p', {}, t('attention.nothing-left')));
    } else if (state.view === 'arcs') {
      replace(this.picture, arcs(picture, { least: Number(state.least), name, room: this.picture.clientWidth, say: (s) => this.page.announce(s) }));
    } else if (state.view === 'table') {
      replace(this.picture, table(picture));
    } else {
      const key = legend(look);
      if (this.picture.contains(this.map.element)) this.legend.replaceWith(key);
      else replace(this.picture, key, this.map.element, this.keys);
      this.legend = key;
      this.map.draw(picture, look);
    }
  }

  /** Redraws the grid only where what it shows changed: choosing a head or
   * hovering costs nothing. All heads of a long text are millions of cells, so
   * they are worked through in slices, after the close-up is there.
   * @param {Shown} shown  @param {State} state */
  showGrid({ bytes, all, pieces, how }, state) {
    const key = [state.specials, state.direction, state.words].join();
    const before = this.work;
    if (before?.bytes === bytes && before.key === key) {
      if (before.done) this.showWork(before);
      return;
    }
    const known = before?.bytes === bytes && before.done;
    /** @type {GridWork} */
    const work = { bytes, key, done: false, thumbnails: [], statistics: known ? before.statistics : [] };
    this.work = work;
    this.grid.label(work.statistics);
    this.grid.element.setAttribute('aria-busy', 'true');
    inSlices(all.layers * all.heads, (i) => {
      const layer = Math.floor(i / all.heads);
      const head = i % all.heads;
      work.thumbnails.push(thumbnail(all, layer, head, how));
      if (!known) work.statistics.push(statistics(all, layer, head, pieces));
    }, () => this.work === work && this.root.isConnected).then((done) => {
      if (!done) return;
      work.done = true;
      this.grid.element.removeAttribute('aria-busy');
      this.grid.label(work.statistics);
      this.showWork(work);
    });
  }

  /** Shows it as the page is now, which may have become dark meanwhile.
   * @param {GridWork} work */
  showWork({ thumbnails, statistics }) {
    const { state } = this.page;
    this.patterns.show(statistics, /** @type {import('./patterns.js').Pattern|''} */ (state.pattern));
    this.grid.outline(statistics.map(({ pattern }) => pattern === state.pattern));
    const { rows, columns } = thumbnails[0];
    if (rows === 0 || columns === 0) return;
    const scale = /** @type {import('./color.js').Scale} */ (state.scale);
    this.grid.draw({ layers: this.layers, heads: this.heads }, thumbnails.map(({ cells }) => cells), { rows, columns, dark: isDark(), scale });
  }

  /** What is to be said of this answer after the one before: of a new text how
   * much was read, of a new head what it does and what the current cell holds,
   * otherwise nothing.
   * @param {Shown} shown  @param {State} state  @returns {string} */
  changes({ bytes, result, name, layer, head }, state) {
    const before = this.before;
    this.before = { bytes, head: [state.mode, layer, head].join() };
    const facts = t('attention.of', { name, facts: this.facts.textContent });
    if (before?.bytes !== bytes) {
      return [t('attention.summary', { tokens: result.pieces.length }), result.truncated && t('read-truncated'), facts].filter(Boolean).join('. ');
    }
    if (before.head === this.before.head) return '';
    return this.map.element.contains(document.activeElement) ? `${facts}. ${this.map.sentence()}` : facts;
  }

  says = '';
  /** @type {GridWork|undefined} */
  work;
  /** @type {{bytes: ArrayBuffer, head: string}|undefined} */
  before;
  /** @type {any} */
  legend;
}

/** Fills a choice with numbers as people count.
 * @param {HTMLSelectElement} control  @param {number} count  @param {number} current */
function offer(control, count, current) {
  if (control.options.length !== count) replace(control, Array.from({ length: count }, (_, i) => h('option', { value: String(i) }, i + 1)));
  control.value = String(current);
}

/** The five strongest targets of each token. @param {import('./heatmap.js').Picture} picture */
function table({ rows, columns, cells }) {
  return scrolling(h('table', {},
    h('thead', {}, h('tr', {}, h('th', {}, t('attention.from')), h('th', { colSpan: 5 }, t('attention.strongest')))),
    h('tbody', {}, rows.map((label, r) => h('tr', {}, h('th', { scope: 'row' }, label),
      topOfRow(cells, columns.length, r, 5).map(({ column, value }) => h('td', {}, `${columns[column]}\u00a0${percent(value)}`)))))), t('attention.view.table'));
}
