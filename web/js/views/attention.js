// Where the encoder looks: all heads at once, and one head closely.

import { arcs } from '../attention/arcs.js';
import { isDark } from '../attention/color.js';
import { HeadGrid } from '../attention/grid.js';
import { HeatMap, heatMapDrawing } from '../attention/heatmap.js';
import { arrange, meanOfHeads, plan, readAttention, shapeOf, statistics, thumbnail, topOfRow } from '../attention/matrix.js';
import { checkbox, exampleButtons, select, textArea } from '../controls.js';
import { h, replace } from '../dom.js';
import { percent, t } from '../i18n.js';
import { readNotes } from '../notes.js';

const EXAMPLES = [
  { name: 'bank', state: { text: 'The bank raised its interest rate because the economy grew.', pair: '' } },
  { name: 'pair', state: { text: 'The cat sat on the mat.', pair: 'It fell asleep at once.' } },
  { name: 'embeddings', state: { text: 'Unbelievably, the embeddings rearranged themselves.', pair: '' } },
  { name: '我今天要上课', state: { text: '我今天要上课，所以不能和你去看电影。', pair: '' } },
];

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../views.js').Page} Page */
/** @typedef {import('../views.js').Answer} Answer */

/** @type {import('../views.js').View} */
export const attention = {
  id: 'attention',
  keepsPanel: true,
  settings: { layer: '0', head: '0', mode: '', view: '', specials: '', direction: '', words: '', scale: 'sqrt', least: '0.05', pinned: '', pinnedPair: '' },
  example: (language) => EXAMPLES[language === 'zh' ? 3 : 0].state,
  controls: (page) => [
    h('div', { class: 'two' }, textArea(page, 'text', t('text'), { rows: 2 }), textArea(page, 'pair', t('pair'), { rows: 2 })),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      select(page, 'mode', t('attention.mode'), () => [['', t('attention.mode.head')], ['mean', t('attention.mode.mean')], ['rollout', t('attention.mode.rollout')]]),
      select(page, 'view', t('attention.view'), () => [['', t('attention.view.map')], ['arcs', t('attention.view.arcs')], ['table', t('attention.view.table')]]),
      select(page, 'scale', t('attention.scale'), () => [['sqrt', t('attention.scale.sqrt')], ['linear', t('attention.scale.linear')], ['log', t('attention.scale.log')]]),
      leastControl(page),
      select(page, 'direction', t('attention.direction'), () => [['', t('attention.direction.all')], ...['AA', 'AB', 'BA', 'BB'].map((d) => /** @type {[string, string]} */ ([d, `${d[0]} → ${d[1]}`]))])),
    h('div', { class: 'row' },
      checkbox(page, 'specials', t('attention.hide-specials')),
      checkbox(page, 'words', t('attention.words')),
      pinButton(page)),
    h('p', { class: 'note' }, t('attention.not-explanation')),
  ],
  variants: (state) => state.pinned === '' ? [state] : [{ ...state, text: state.pinned, pair: state.pinnedPair }, state],
  requests: (state) => {
    if (state.text.trim() === '') return [];
    const body = {
      text: state.text,
      ...(state.pair && { text_pair: state.pair }),
      ...(state.model && { model: state.model }),
    };
    return [
      // All heads, as coarse as the thumbnails need them.
      { path: 'attention', body: { ...body, precision: 'uint8' }, accept: 'application/octet-stream' },
      { path: 'tokenize', body: { ...body, offset_unit: 'utf16' } },
      ...(state.mode === 'rollout' ? [{ path: 'attention', body: { ...body, aggregate: 'rollout' }, accept: 'application/octet-stream' }] : []),
    ];
  },
  // One layer exactly: the model that answered has to have it.
  followUps: ([all], state) => state.mode === 'rollout' ? [] : [{
    path: 'attention',
    body: {
      text: state.text,
      ...(state.pair && { text_pair: state.pair }),
      ...(state.model && { model: state.model }),
      layers: [chosen(state.layer, shapeOf(all.headers).layers)],
    },
    accept: 'application/octet-stream',
  }],
  show(root, answers, state, page) {
    /** @type {any} */ (root).panel ??= new AttentionPanel(root, page);
    /** @type {any} */ (root).panel.show(answers, state);
  },
  summary: (answers) => t('attention.summary', { tokens: answers[1].data.results[0].pieces.length }),
  json: (answers, state) => {
    const { picture, layer, head } = arranged(answers, state);
    const { rows, columns, cells } = picture;
    return {
      name: nameOf(state, layer, head), pieces: answers[1].data.results[0].pieces, from: rows, to: columns,
      attention: rows.map((_, r) => Array.from(cells.subarray(r * columns.length, (r + 1) * columns.length))),
    };
  },
  picture: (answers, state) => {
    const { picture, layer, head } = arranged(answers, state);
    const name = nameOf(state, layer, head);
    if (state.view === 'arcs') return arcs(picture, { least: Number(state.least) || 0, name, say: () => {} });
    return heatMapDrawing(picture, { dark: isDark(), scale: /** @type {any} */ (state.scale), name });
  },
  table: (answers, state) => {
    const { picture } = arranged(answers, state);
    return [['', ...picture.columns], ...picture.rows.map((label, r) => [label, ...picture.cells.subarray(r * picture.columns.length, (r + 1) * picture.columns.length)])];
  },
};

/** @param {State} state  @param {number} layer  @param {number} head */
function nameOf(state, layer, head) {
  if (state.mode === 'rollout') return t('attention.rollout-of', { layer: layer + 1 });
  if (state.mode === 'mean') return t('attention.mean-of', { layer: layer + 1 });
  return t('attention.head-of', { layer: layer + 1, head: head + 1 });
}

/** The layer or head that a link names, if there are so many; else the last.
 * @param {string} index  @param {number} count */
function chosen(index, count) {
  return Math.min(Number(index) || 0, count - 1);
}

/** What is on screen of these answers: rows, columns, and cells of the chosen
 * head, mean or rollout.
 * @param {Answer[]} answers  @param {State} state */
function arranged(answers, state) {
  const pieces = /** @type {import('../attention/matrix.js').Piece[]} */ (answers[1].data.results[0].pieces);
  const how = plan(pieces, { hideSpecials: state.specials === '1', pair: state.direction, words: state.words === '1' });
  const exact = readAttention(answers[2].data, answers[2].headers);
  const all = readAttention(answers[0].data, answers[0].headers);
  const layer = chosen(state.layer, all.layers);
  const head = chosen(state.head, all.heads);
  // A rollout comes with all its layers and one head, a layer alone with its
  // heads.
  const cells = state.mode === 'rollout' ? arrange(exact, layer, 0, how)
    : state.mode === 'mean' ? arrange(meanOfHeads(exact), 0, 0, how)
      : arrange(exact, 0, head, how);
  const picture = { rows: how.rows.map((g) => g.label), columns: how.columns.map((g) => g.label), cells };
  return { all, exact, pieces, how, picture, layer, head };
}

/** The widgets of one text, kept from answer to answer so that the keyboard's
 * focus and the marked cell stay where they are. */
class AttentionPanel {
  /** @param {HTMLElement} root  @param {Page} page */
  constructor(root, page) {
    this.page = page;
    this.grid = new HeadGrid((layer, head) => page.set({ layer: String(layer), head: String(head), mode: page.state.mode === 'rollout' ? '' : page.state.mode }, { typing: false }));
    this.map = new HeatMap({
      say: (sentence) => page.announce(sentence),
      layer: (step) => this.step('layer', step, this.layers),
      head: (step) => this.step('head', step, this.heads),
    });
    this.layers = 1;
    this.heads = 1;
    this.overview = h('section', { class: 'overview' }, h('h3', {}, t('attention.all-heads')), this.grid.element,
      this.facts = h('p', { class: 'hint' }), this.coarse = h('p', { class: 'hint' }, t('attention.coarse')));
    this.closeUp = h('section', { class: 'close-up' });
    this.notes = h('div', {});
    replace(root, h('div', { class: 'attention' }, this.overview, this.closeUp), this.notes);
    /** @type {any} */
    this.drawn = null;
  }

  /** @param {'layer'|'head'} name  @param {number} step  @param {number} count */
  step(name, step, count) {
    const to = Math.max(0, Math.min(count - 1, chosen(this.page.state[name], count) + step));
    this.page.set({ [name]: String(to) });
  }

  /** @param {Answer[]} answers  @param {State} state */
  show(answers, state) {
    const { all, exact, pieces, how, picture, layer, head } = arranged(answers, state);
    this.layers = all.layers;
    this.heads = all.heads;
    this.showGrid(answers[0].data, all, pieces, how, state, layer, head);

    const of = state.mode === 'rollout' ? this.stats[layer * all.heads + head] : statistics(exact, 0, head, pieces);
    this.facts.textContent = t('attention.head-label', {
      layer: layer + 1, head: head + 1, pattern: t(`attention.pattern.${of.pattern}`), entropy: of.entropy.toFixed(2),
    });
    this.coarse.hidden = !how.renormalised;
    const name = nameOf(state, layer, head);
    const heading = h('h3', {}, name);
    const note = how.renormalised && h('p', { class: 'hint' }, t('attention.renormalised'));
    if (picture.rows.length === 0 || picture.columns.length === 0) {
      replace(this.closeUp, heading, h('p', {}, t('attention.nothing-left')));
    } else if (state.view === 'arcs') {
      replace(this.closeUp, heading, note, h('div', { class: 'scroll' }, arcs(picture, { least: Number(state.least) || 0, name, say: (s) => this.page.announce(s) })));
    } else if (state.view === 'table') {
      replace(this.closeUp, heading, note, table(picture));
    } else {
      if (!this.closeUp.contains(this.map.element)) replace(this.closeUp, this.heading = h('h3', {}), this.mapNote = h('p', { class: 'hint' }), this.map.element, h('p', { class: 'hint' }, t('attention.keys')));
      /** @type {HTMLElement} */ (this.heading).textContent = name;
      /** @type {HTMLElement} */ (this.mapNote).textContent = how.renormalised ? t('attention.renormalised') : '';
      this.map.draw(picture, { dark: isDark(), scale: /** @type {any} */ (state.scale), name });
    }
    replace(this.notes, readNotes(answers[1].data.results[0]));
  }

  /** Redraws the grid only where what it shows changed: choosing a head or
   * hovering costs nothing.
   * @param {ArrayBuffer} bytes  @param {import('../attention/matrix.js').Attention} all  @param {import('../attention/matrix.js').Piece[]} pieces
   * @param {import('../attention/matrix.js').Plan} how  @param {State} state  @param {number} layer  @param {number} head */
  showGrid(bytes, all, pieces, how, state, layer, head) {
    const key = [state.specials, state.direction, state.words].join();
    if (this.drawn?.bytes !== bytes || this.drawn.key !== key) {
      const indices = Array.from({ length: all.layers * all.heads }, (_, i) => [Math.floor(i / all.heads), i % all.heads]);
      this.thumbnails = indices.map(([l, i]) => thumbnail(all, l, i, how));
      if (this.drawn?.bytes !== bytes) this.stats = indices.map(([l, i]) => statistics(all, l, i, pieces));
    }
    const look = { rows: how.rows.length, columns: how.columns.length, dark: isDark(), scale: /** @type {any} */ (state.scale) };
    const lookKey = JSON.stringify(look);
    if (this.drawn?.bytes !== bytes || this.drawn.key !== key || this.drawn.lookKey !== lookKey) {
      if (look.rows > 0 && look.columns > 0) this.grid.draw(all, /** @type {Uint8Array[]} */ (this.thumbnails), look);
    }
    this.drawn = { bytes, key, lookKey };
    this.grid.label(all.layers, all.heads, layer, head, this.stats);
  }

  /** @type {import('../attention/matrix.js').HeadStatistics[]} */
  stats = [];
  /** @type {Uint8Array[]|undefined} */
  thumbnails;
  /** @type {HTMLElement|undefined} */
  heading;
  /** @type {HTMLElement|undefined} */
  mapNote;
}

/** The five strongest targets of each token. @param {import('../attention/heatmap.js').Picture} picture */
function table({ rows, columns, cells }) {
  return h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': t('attention.view.table') }, h('table', {},
    h('thead', {}, h('tr', {}, h('th', {}, t('attention.from')), h('th', { colSpan: 5 }, t('attention.strongest')))),
    h('tbody', {}, rows.map((label, r) => h('tr', {}, h('th', { scope: 'row' }, label),
      topOfRow(cells, columns.length, r, 5).map(({ column, value }) => h('td', {}, `${columns[column]} ${percent(value)}`)))))));
}

/** A range with buttons beside it, for those who cannot drag. @param {Page} page */
function leastControl(page) {
  const range = h('input', {
    type: 'range', min: '0', max: '0.5', step: '0.01', id: 'attention-least',
    oninput: () => page.set({ least: range.value }, { typing: true }),
  });
  const output = h('output', {});
  const step = (/** @type {number} */ by) => page.set({ least: Math.max(0, Math.min(0.5, Number(page.state.least) + by)).toFixed(2) });
  const element = h('div', { class: 'field' }, h('label', { 'for': 'attention-least' }, t('attention.least')),
    h('span', { class: 'stepper' },
      h('button', { type: 'button', 'aria-label': t('attention.less'), onclick: () => step(-0.05) }, '−'), range,
      h('button', { type: 'button', 'aria-label': t('attention.more'), onclick: () => step(0.05) }, '+'), output));
  page.follow((state) => {
    range.value = state.least;
    output.textContent = Number(state.least).toFixed(2);
    element.hidden = state.view !== 'arcs';
  });
  return element;
}

/** Keeps this input beside the next. @param {Page} page */
function pinButton(page) {
  const button = h('button', {
    type: 'button',
    onclick: () => page.set(page.state.pinned === '' ? { pinned: page.state.text, pinnedPair: page.state.pair } : { pinned: '', pinnedPair: '' }),
  });
  page.follow((state) => {
    button.setAttribute('aria-pressed', String(state.pinned !== ''));
    button.textContent = state.pinned === '' ? t('attention.pin') : t('attention.unpin');
  });
  return button;
}
