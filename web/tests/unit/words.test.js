import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAnother, splitList, splitWords } from '../../js/words.js';

const words = (text) => splitWords(text).filter((w) => w.word).map((w) => w.text);

test('words are runs of letters, and Han characters alone', () => {
  assert.deepEqual(words("My dog isn't hairy, naïve 3rd."), ['My', 'dog', "isn't", 'hairy', 'naïve', '3rd']);
  assert.deepEqual(words('我今天要上课。'), ['我', '今', '天', '要', '上', '课']);
  assert.deepEqual(words('iPhone手机ok'), ['iPhone', '手', '机', 'ok']);
});

test('[MASK] is one word', () => {
  assert.deepEqual(words('my [MASK] is [MASK].'), ['my', '[MASK]', 'is', '[MASK]']);
});

test('parts join to the text, with offsets that cut them out', () => {
  for (const text of ['a 👩‍🚀 b\n\tc', '', '𠀀字 é', 'x'.repeat(50)]) {
    const parts = splitWords(text);
    assert.equal(parts.map((p) => p.text).join(''), text);
    for (const p of parts) assert.equal(text.slice(p.start, p.end), p.text);
  }
});

test('a list is written with the commas of either language, each thing once', () => {
  assert.deepEqual(splitList(' room, battery life，屏幕、room,, '), ['room', 'battery life', '屏幕']);
  assert.deepEqual(splitList(''), []);
});

test('an edited text is the same, a new one another', () => {
  const before = 'The room was small. The staff were nice.';
  for (const same of ['The rooms were small. The staff were nice.', 'Yes. ' + before, before + ' And cheap!']) assert.equal(isAnother(before, same), false, same);
  for (const other of ['', 'The', 'The phone was large. The screen was bad.']) assert.equal(isAnother(before, other), true, other);
});
