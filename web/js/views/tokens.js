import { checkbox, exampleButtons, textArea } from '../controls.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';
import { readNotes } from '../notes.js';
import { scrolling } from '../scrolling.js';

const EXAMPLES = [
  { name: 'playing', state: { text: 'Playing embeddings unbelievably well 👍', pair: '' } },
  { name: '[MASK]', state: { text: 'my dog is [MASK].', pair: 'He likes play##ing.' } },
  { name: '我今天要上课', state: { text: '我今天要上课。', pair: '' } },
];

/** @type {import('../views.js').View} */
export const tokens = {
  id: 'tokens',
  settings: { bare: '' },
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 0].state,
  controls: (page) => [
    h('div', { class: 'two' }, textArea(page, 'text', t('text'), { rows: 2 }), textArea(page, 'pair', t('pair'), { rows: 2 })),
    exampleButtons(page, EXAMPLES),
    checkbox(page, 'bare', t('tokens.bare')),
  ],
  requests: (state) => state.text.trim() === '' ? [] : [{
    path: 'tokenize',
    body: {
      text: state.text,
      ...(state.pair && { text_pair: state.pair }),
      offset_unit: 'utf16',
      ...(state.bare && { add_special_tokens: false }),
      ...(state.model && { model: state.model }),
    },
  }],
  show(root, [answer]) {
    const result = answer.data.results[0];
    /** @type {any[]} */
    const pieces = result.pieces;
    root.append(
      h('ol', { class: 'pieces', 'aria-label': t('tokens.title') }, pieces.map((p) => h('li', {
        class: `segment-${p.type}${p.special ? ' special' : ''}${p.token.startsWith('##') ? ' inside-word' : ''}`,
      }, h('span', { dir: 'auto' }, p.token), h('small', {}, p.id)))),
      h('details', {}, h('summary', {}, t('tokens.table')),
        scrolling(h('table', {},
          h('thead', {}, h('tr', {}, ['#', t('tokens.piece'), t('tokens.id'), t('tokens.segment'), t('tokens.word'), t('tokens.start'), t('tokens.end')].map((name) => h('th', {}, name)))),
          h('tbody', {}, pieces.map((p, i) => h('tr', {}, [i, p.token, p.id, p.type, p.special ? '–' : p.word, p.special ? '–' : p.start, p.special ? '–' : p.end].map((v) => h('td', {}, v)))))), t('tokens.title'))),
      readNotes(result));
  },
  summary: ([answer]) => t('tokens.summary', { n: answer.data.results[0].pieces.length }),
  table: ([answer]) => [['token', 'id', 'segment', 'word', 'start', 'end', 'special'],
    ...answer.data.results[0].pieces.map((/** @type {any} */ p) => [p.token, p.id, p.type, p.word, p.start, p.end, String(p.special)])],
};
