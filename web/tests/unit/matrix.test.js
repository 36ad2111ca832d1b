import assert from 'node:assert/strict';
import { test } from 'node:test';

import { shorten } from '../../js/attention/labels.js';
import { arrange, plan, readAttention, shapeOf, thumbnail, topOfRow } from '../../js/attention/matrix.js';
import { join, split } from '../../js/attention/parts.js';
import { statistics } from '../../js/attention/patterns.js';
import { chosen, clean, SETTINGS } from '../../js/attention/settings.js';

const piece = (token, word, type = 0, special = false) => ({ token, id: token.length * 7 + token.charCodeAt(0), type, word, special });

const PIECES = [
  piece('[CLS]', -1, 0, true), piece('play', 0), piece('##ing', 0), piece('[SEP]', -1, 0, true),
  piece('ball', 0, 1), piece('[SEP]', -1, 1, true),
];

/** One layer, one head, with rows of the given probabilities. */
const single = (rows) => ({ layers: 1, heads: 1, tokens: rows.length, values: Float32Array.from(rows.flat()), scale: 1 });
const rounded = (cells) => Array.from(cells, (x) => Math.round(x * 1e6) / 1e6);
const EVEN = single(Array.from({ length: 6 }, () => Array.from({ length: 6 }, () => 1 / 6)));

test('the plain plan shows everything as it is', () => {
  const p = plan(PIECES, {});
  assert.equal(p.rows.length, 6);
  assert.equal(p.renormalised, false);
  assert.deepEqual(rounded(arrange(EVEN, 0, 0, p)), Array(36).fill(0.166667));
});

test('rows add up to 1 after special tokens are hidden', () => {
  const p = plan(PIECES, { hideSpecials: true });
  assert.deepEqual(p.columns.map((g) => g.label), ['play', '##ing', 'ball']);
  assert.equal(p.renormalised, true);
  assert.deepEqual(rounded(arrange(EVEN, 0, 0, p)), Array(9).fill(0.333333));
});

test('a row with nothing left stays zero', () => {
  const p = plan(PIECES, { hideSpecials: true });
  const toCLS = single(Array.from({ length: 6 }, () => [1, 0, 0, 0, 0, 0]));
  assert.deepEqual(rounded(arrange(toCLS, 0, 0, p)), Array(9).fill(0));
});

test('words sum over targets and average over sources', () => {
  const rows = Array.from({ length: 6 }, () => [0, 0.5, 0.25, 0, 0.25, 0]);
  rows[2] = [0, 0, 0, 0, 1, 0];
  const p = plan(PIECES, { words: true });
  assert.deepEqual(p.rows.map((g) => g.label), ['[CLS]', 'playing', '[SEP]', 'ball', '[SEP]']);
  assert.equal(p.renormalised, false);
  const cells = rounded(arrange(single(rows), 0, 0, p));
  assert.deepEqual(cells.slice(0, 5), [0, 0.75, 0, 0.25, 0]); // from [CLS]
  assert.deepEqual(cells.slice(5, 10), [0, 0.375, 0, 0.625, 0]); // from playing: the mean of its two pieces
});

test('pieces of equal word index in different segments stay apart', () => {
  const labels = plan([piece('a', 0), piece('b', 0, 1)], { words: true }).rows.map((g) => g.label);
  assert.deepEqual(labels, ['a', 'b']);
});

test('the pair filter chooses rows and columns', () => {
  const p = plan(PIECES, { pair: 'AB' });
  assert.deepEqual(p.rows.map((g) => g.label), ['[CLS]', 'play', '##ing', '[SEP]']);
  assert.deepEqual(p.columns.map((g) => g.label), ['ball', '[SEP]']);
  assert.deepEqual(rounded(arrange(EVEN, 0, 0, p)), Array(8).fill(0.5));
});

test('heads are found in the bytes by layer and head', () => {
  const values = Uint8Array.from({ length: 2 * 3 * 4 }, (_, i) => i);
  const headers = new Headers({ 'X-Attention-Shape': '2,3,2,2', 'X-Attention-Type': 'uint8' });
  const attention = readAttention(values.buffer, headers);
  const all = { rows: [0, 1].map((i) => ({ label: '', tokens: [i] })), columns: [0, 1].map((i) => ({ label: '', tokens: [i] })), renormalised: false };
  assert.deepEqual(rounded(arrange(attention, 1, 2, all)), rounded([20, 21, 22, 23].map((v) => v / 255)));
  assert.throws(() => readAttention(values.buffer.slice(1), headers));
});

test('patterns of heads are named', () => {
  const T = PIECES.length;
  const toward = (target) => single(Array.from({ length: T }, (_, i) => Array.from({ length: T }, (_, j) => (j === target(i) ? 1 : 0))));
  const pattern = (attention) => statistics(attention, 0, 0, PIECES).pattern;
  assert.equal(pattern(toward((i) => Math.min(i + 1, T - 1))), 'next');
  assert.equal(pattern(toward((i) => Math.max(i - 1, 0))), 'previous');
  assert.equal(pattern(toward((i) => i)), 'self');
  assert.equal(pattern(toward(() => 3)), 'sep');
  assert.equal(pattern(toward(() => 0)), 'cls');
  assert.equal(pattern(EVEN), 'broad');
});

test('entropy is in bits', () => {
  assert.equal(statistics(single([[1, 0], [0, 1]]), 0, 0, PIECES).entropy, 0);
  assert.equal(statistics(single([[0.5, 0.5], [0.5, 0.5]]), 0, 0, PIECES).entropy, 1);
});

test('what 255ths leave of a long row is spread over its zeros', () => {
  const T = 512;
  const pieces = Array.from({ length: T }, (_, i) => ({ token: `t${i}`, id: i, type: 0, word: i, special: false }));
  const inBytes = (row) => ({ layers: 1, heads: 1, tokens: T, scale: 1 / 255, values: Uint8Array.from(Array.from({ length: T * T }, (_, i) => Math.round(255 * row[i % T]))) });
  const even = Array(T).fill(1 / T);
  assert.ok(Math.abs(statistics(inBytes(even), 0, 0, pieces).entropy - 9) < 1e-6);
  assert.equal(statistics(inBytes(even), 0, 0, pieces).pattern, 'broad');
  // Half on one token, the rest even.
  const peaked = Array.from({ length: T }, (_, j) => (j === 7 ? 0.5 : 0.5 / (T - 1)));
  const exact = -peaked.reduce((sum, p) => sum + p * Math.log2(p), 0);
  assert.ok(Math.abs(statistics(inBytes(peaked), 0, 0, pieces).entropy - exact) < 0.05);
});

test('the strongest targets come first, ties from the left', () => {
  assert.deepEqual(topOfRow(Float32Array.of(9, 9, 9, 0.25, 0.5, 0.25), 3, 1, 2), [{ column: 1, value: 0.5 }, { column: 0, value: 0.25 }]);
});

test('a [MASK] is neither hidden with [CLS] and [SEP] nor taken for one', () => {
  const pieces = [piece('[CLS]', -1, 0, true), piece('[MASK]', 0, 0, true), piece('sat', 1), piece('[SEP]', -1, 0, true)];
  assert.deepEqual(plan(pieces, { hideSpecials: true }).rows.map((g) => g.label), ['[MASK]', 'sat']);
  const toMask = single(Array.from({ length: 4 }, () => [0, 1, 0, 0]));
  assert.notEqual(statistics(toMask, 0, 0, pieces).pattern, 'sep');
});

test('entropies of 255ths and of exact probabilities agree', () => {
  const exact = single([[0.2, 0.8], [0.4, 0.6]]);
  const small = { ...exact, values: Uint8Array.from(exact.values, (p) => Math.round(255 * p)), scale: 1 / 255 };
  assert.ok(Math.abs(statistics(small, 0, 0, PIECES).entropy - statistics(exact, 0, 0, PIECES).entropy) < 1e-6);
});

test('a large thumbnail keeps the strongest of each square', () => {
  const T = 300; // three cells a side make one
  const values = new Uint8Array(2 * T * T);
  values[T * T + 299 * T + 4] = 200;
  values[T * T + 298 * T + 3] = 100;
  const groups = Array.from({ length: T }, (_, i) => ({ label: '', tokens: [i] }));
  const small = thumbnail({ layers: 1, heads: 2, tokens: T, values, scale: 1 / 255 }, 0, 1, { rows: groups, columns: groups, renormalised: false });
  assert.deepEqual([small.rows, small.columns], [100, 100]);
  assert.equal(small.cells[99 * 100 + 1], 200);
  assert.equal(small.cells.filter((v) => v > 0).length, 1);
});

test('a thumbnail of few cells is as arranged', () => {
  const words = plan(PIECES, { words: true });
  const small = thumbnail(EVEN, 0, 0, words);
  assert.deepEqual([small.rows, small.columns], [5, 5]);
  assert.deepEqual([...small.cells], Array.from(arrange(EVEN, 0, 0, words), (p) => Math.round(255 * p)));
});

test('nonsense in a link becomes the default, numbers stay within bounds', () => {
  const nonsense = { layer: '-5', head: '1.5', mode: 'x', view: '3d', scale: 'toString', direction: 'XX', specials: 'yes', words: '2', pattern: 'no', least: 'abc' };
  const cleaned = clean(nonsense);
  for (const name of Object.keys(nonsense)) assert.equal(cleaned[name], SETTINGS[name], name);
  for (const [least, want] of [['-1', '0'], ['7', '0.5'], ['0.25', '0.25'], ['', '0.05'], ['NaN', '0.05'], ['Infinity', '0.5']]) {
    assert.equal(clean({ least }).least, want, `least ${least}`);
  }
  for (const layer of ['1e3', '0x1', ' 1', '', 'NaN']) assert.equal(clean({ layer }).layer, '0', `layer ${layer}`);
  const good = { ...SETTINGS, layer: '5', head: '11', mode: 'rollout', view: 'arcs', scale: 'log', direction: 'BA', specials: '1', words: '1', text: 'toString', pair: '-1' };
  assert.deepEqual(clean(good), good);
  assert.equal(chosen('999999999', 6), 5);
});

test('labels are cut to their room, wide characters counted twice', () => {
  assert.equal(shorten('pneumonoultramicroscopic', 12), 'pneumonoult…');
  assert.equal(shorten('exactlytwelv', 12), 'exactlytwelv');
  assert.equal(shorten('我今天要上课', 12), '我今天要上课');
  assert.equal(shorten('我今天要上课了', 12), '我今天要上…');
  assert.equal(shorten('😀😀😀', 4), '😀…');
});

test('layers that are too much for one answer are split into equal parts', () => {
  assert.deepEqual(split(12, 33 / 37), [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
  assert.deepEqual(split(5, 0.5).map((p) => p.length), [2, 2, 1]);
  assert.deepEqual(split(3, 0.34), [[0], [1], [2]]);
  assert.deepEqual(split(3, 0.3), [], 'one layer is too much');
  assert.deepEqual(split(3, NaN), []);
});

test('parts are put together in their order', () => {
  const part = (layers, ...bytes) => ({ data: Uint8Array.from(bytes).buffer, headers: new Headers({ 'X-Attention-Shape': `${layers},1,1,1`, 'X-Attention-Type': 'uint8' }) });
  const { data, headers } = join([part(2, 1, 2), part(1, 3)]);
  assert.deepEqual([...new Uint8Array(data)], [1, 2, 3]);
  assert.deepEqual(shapeOf(headers), { layers: 3, heads: 1, tokens: 1 });
});
