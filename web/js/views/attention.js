// Where the encoder looks: all heads at once, and one head closely.

import { arcs } from '../attention/arcs.js';
import { captioned, heatMapDrawing } from '../attention/drawing.js';
import { LEGEND, legendDrawing } from '../attention/legend.js';
import { AttentionPanel } from '../attention/panel.js';
import { CHOICES, clean, MOST_LEAST, SETTINGS } from '../attention/settings.js';
import { closeRequest, firstRequests, shownOf } from '../attention/shown.js';
import { checkbox, exampleButtons, select, textArea } from '../controls.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { isDark } from '../theme.js';

const EXAMPLES = [
  { name: 'bank', state: { text: 'The bank raised its interest rate because the economy grew.', pair: '' } },
  { name: 'pair', state: { text: 'The cat sat on the mat.', pair: 'It fell asleep at once.' } },
  { name: 'embeddings', state: { text: 'Unbelievably, the embeddings rearranged themselves.', pair: '' } },
  { name: '我今天要上课', state: { text: '我今天要上课，所以不能和你去看电影。', pair: '' } },
];

/** @typedef {import('../views.js').Page} Page */

/** @type {import('../views.js').View} */
export const attention = {
  id: 'attention',
  keepsPanel: true,
  settings: SETTINGS,
  clean,
  example: (language) => EXAMPLES[language === 'zh' ? 3 : 0].state,
  controls: (page) => [
    h('div', { class: 'two' }, textArea(page, 'text', t('text'), { rows: 2 }), textArea(page, 'pair', t('pair'), { rows: 2 })),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      choice(page, 'mode', (mode) => t(`attention.mode.${mode || 'head'}`)),
      choice(page, 'view', (view) => t(`attention.view.${view || 'map'}`)),
      choice(page, 'scale', (scale) => t(`attention.scale.${scale}`)),
      leastControl(page),
      choice(page, 'direction', (way) => (way === '' ? t('attention.direction.all') : `${way[0]} → ${way[1]}`))),
    h('div', { class: 'row' },
      checkbox(page, 'specials', t('attention.hide-specials')),
      checkbox(page, 'words', t('attention.words')),
      pinButton(page)),
    h('p', { class: 'note' }, t('attention.not-explanation')),
  ],
  variants: (state) => state.pinned === '' ? [state] : [{ ...state, text: state.pinned, pair: state.pinnedPair }, state],
  requests: firstRequests,
  followUps: (answers, state) => [closeRequest(answers, state)],
  show(root, answers, state, page) {
    const holder = /** @type {{panel?: AttentionPanel}} */ (/** @type {unknown} */ (root));
    holder.panel ??= new AttentionPanel(root, page);
    holder.panel.show(shownOf(answers, state), state);
  },
  summary: (_answers, _state, root) => /** @type {{panel: AttentionPanel}} */ (/** @type {unknown} */ (root)).panel.says,
  json: (answers, state) => {
    const { result, pieces, picture, layer, head, name } = shownOf(answers, state);
    const { rows, columns, cells } = picture;
    return {
      model: result.model, text: state.text, ...(state.pair && { text_pair: state.pair }), truncated: result.truncated,
      name, mode: state.mode || 'head', layer, ...(state.mode === '' && { head }),
      pieces, from: rows, to: columns,
      attention: rows.map((_, r) => Array.from(cells.subarray(r * columns.length, (r + 1) * columns.length))),
    };
  },
  picture: (answers, state) => {
    const { picture, name, result } = shownOf(answers, state);
    const caption = `${name} · ${result.model}`;
    if (state.view === 'arcs') {
      const least = Number(state.least);
      const key = h('text', { y: 12, fill: 'currentColor' }, t('attention.lines-legend', { least: least.toFixed(2) }));
      return captioned(arcs(picture, { least, name, room: Infinity, say: () => {} }), caption, key, { ...LEGEND, height: 16 });
    }
    const look = { dark: isDark(), scale: /** @type {import('../attention/color.js').Scale} */ (state.scale) };
    return captioned(heatMapDrawing(picture, look), caption, legendDrawing(look), LEGEND);
  },
  table: (answers, state) => {
    const { rows, columns, cells } = shownOf(answers, state).picture;
    return [['', ...columns], ...rows.map((label, r) => [label, ...cells.subarray(r * columns.length, (r + 1) * columns.length)])];
  },
};

/** @param {Page} page  @param {'mode'|'view'|'scale'|'direction'} name  @param {(value: string) => string} say */
function choice(page, name, say) {
  return select(page, name, t(`attention.${name}`), () => CHOICES[name].map((value) => [value, say(value)]));
}

/** A range with buttons beside it, for those who cannot drag. @param {Page} page */
function leastControl(page) {
  const range = h('input', {
    type: 'range', min: '0', max: String(MOST_LEAST), step: '0.01', id: 'attention-least',
    oninput: () => page.set({ least: range.value }, { typing: true }),
  });
  const output = h('output', {});
  const step = (/** @type {number} */ by) => page.set({ least: Math.max(0, Math.min(MOST_LEAST, Number(page.state.least) + by)).toFixed(2) });
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
