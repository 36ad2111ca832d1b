import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hiddenWords, keptMasks, maskedText, oneSided, partsOf, partsTogether, toggled } from '../../js/masks.js';

test('chosen words are masked by their number', () => {
  assert.equal(maskedText({ text: 'my dog is hairy!', mask: '1,3' }), 'my [MASK] is [MASK]!');
  assert.equal(maskedText({ text: '我今天要上课。', mask: '4' }), '我今天要[MASK]课。');
});

test('a mask that names no word hides nothing, and is gone with the next choice', () => {
  assert.equal(maskedText({ text: 'my dog', mask: '99,x' }), 'my dog');
  assert.equal(toggled({ text: 'my dog', mask: '99,x,0' }, 1), '0,1');
  assert.equal(toggled({ text: 'my dog', mask: '0,1' }, 1), '0');
});

test('one side of the context of a mask is removed', () => {
  assert.deepEqual(oneSided('my [MASK] is [MASK].', 0), ['my [MASK]', '[MASK] is [MASK].']);
  assert.deepEqual(oneSided('my [MASK] is [MASK].', 1), ['my [MASK] is [MASK]', '[MASK].']);
});

test('each mask knows the word that it hides', () => {
  const state = { text: 'He [MASK] to the bank.', mask: '1,4' };
  assert.equal(maskedText(state), 'He [MASK] to the [MASK].');
  assert.deepEqual(hiddenWords(state), [undefined, 'bank']);
});

test('masks stay with their words while the text around them is edited', () => {
  const before = { text: 'He went to the bank', mask: '1,4' };
  assert.equal(keptMasks(before, 'He went to the bank today'), '1,4', 'added after');
  assert.equal(keptMasks(before, 'Then he went to the bank'), '2,5', 'a word changed, one added before');
  assert.equal(keptMasks(before, 'Yes, He went to the bank'), '2,5', 'added before');
  assert.equal(keptMasks(before, 'He went to a bank'), '1,4', 'changed between');
  assert.equal(keptMasks(before, 'He goes to the bank'), '4', 'the hidden word itself changed');
  assert.equal(keptMasks(before, ''), '');
  assert.equal(keptMasks({ text: '我今天要上课。', mask: '4' }, '我明天要上课。'), '4');
  assert.equal(keptMasks({ text: 'a', mask: '0,99,x' }, 'a b'), '0');
});

test('no line of words begins with what closes, or ends with what opens', () => {
  const lines = (text) => partsTogether(partsOf({ text, mask: '' })).map((parts) => parts.map((part) => part.text).join(''));
  assert.deepEqual(lines('He said: “Yes (I do)”, [MASK]!\n- No.'), ['He', 'said:', '“Yes', '(I', 'do)”,', '[MASK]!', '-', 'No.']);
  assert.deepEqual(lines('《晨报》说：“好”。'), ['《晨', '报》', '说：', '“好”。']);
});
