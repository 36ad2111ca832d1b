import assert from 'node:assert/strict';
import { test } from 'node:test';

import { questions } from '../../js/mask-requests.js';

const state = { text: 'one two three four five six seven', mask: '', targets: '', k: '5', joint: '', sides: '', of: '1' };

test('all words that are asked for are answered, within what the server gives', () => {
  const text = `${state.text} [MASK]`;
  const k = (of) => questions({ ...state, text, ...of }).masks[0].body.top_k;
  assert.equal(k({}), 5);
  assert.equal(k({ targets: 'a, b' }), 5);
  assert.equal(k({ targets: 'a, b, c, d', k: '3' }), 4);
  assert.equal(k({ targets: Array.from({ length: 200 }, (_, i) => `a${i}`).join() }), 100);
  assert.equal(k({ targets: 'a', k: '999' }), 999, 'for the server to refuse');
  assert.equal(questions({ ...state, mask: '0,1,2,3,4,5,6' }).hidden[0].body.top_k, 7);
});
