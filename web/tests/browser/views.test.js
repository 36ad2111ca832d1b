// Every task, used by mouse and by keyboard, in a real browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

const VIEWS = ['fill-mask', 'attention', 'sentiment', 'ner', 'classify', 'nsp', 'tokens', 'pretraining'];

for (const view of VIEWS) {
  test(`${view} answers its example at once, in both languages`, async () => {
    for (const locale of ['en-US', 'zh-CN']) {
      const { page, answered, close } = await openPage(`#/${view}`, { locale });
      await answered();
      assert.equal(await page.locator('.problem').count(), 0);
      assert.equal(await page.getAttribute('html', 'lang'), locale === 'zh-CN' ? 'zh-Hans' : 'en');
      const said = await page.locator('#live').textContent();
      assert.notEqual(said, '', 'the answer is said to screen readers');
      await close();
    }
  });
}

test('the first visit shows an answer without a click', async () => {
  const { page, answered, close } = await openPage();
  await answered();
  assert.match(await page.locator('h1').textContent(), /mask/i);
  assert.equal(await page.locator('.bars li').count() >= 5, true);
  await close();
});

test('a word is masked by a click and shown again by another', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&text=Paris%20is%20the%20capital%20of%20France.&mask=');
  const word = page.locator('.words button', { hasText: 'France' });
  await word.click();
  await answered();
  assert.equal(await page.locator('.words button[aria-pressed="true"]').textContent(), '[MASK]');
  assert.match(page.url(), /mask=5/);
  await page.locator('.words button[aria-pressed="true"]').click();
  assert.equal(await page.locator('.words button[aria-pressed="true"]').count(), 0);
  await page.locator('.hint', { hasText: 'Hide a word' }).waitFor();
  await close();
});

test('several masks are filled apart and together', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&text=' + encodeURIComponent('He went to the bank to deposit some money.') + '&mask=4,6&joint=1');
  await answered();
  assert.equal(await page.getByRole('heading', { name: /^Mask \d/ }).count(), 2);
  assert.equal(await page.getByRole('heading', { name: 'All masks together' }).count(), 1);
  assert.equal(await page.getByText('Each mask is predicted on its own').count(), 1);
  await close();
});

test('the same mask is predicted from left, right and both sides', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&text=' + encodeURIComponent('北京是中国的首都。') + '&mask=6');
  await answered();
  for (const name of ['Context before only', 'Context after only', 'Both sides']) {
    assert.equal(await page.getByRole('heading', { name }).count(), 1, name);
  }
  assert.match(await page.locator('.three section').nth(0).textContent(), /“北京是中国的\[MASK\]”/);
  assert.match(await page.locator('.three section').nth(1).textContent(), /“\[MASK\]都。”/);
  assert.match(await page.locator('.three section').nth(2).textContent(), /首/);
  await close();
});

test('fill-mask works by keyboard alone', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&text=' + encodeURIComponent('My dog is very hairy.') + '&mask=');
  await page.locator('textarea').focus();
  await tabTo(page, (element) => element.textContent === 'My');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await answered();
  assert.match(page.url(), /mask=1/);
  // The focus stays on the word, so that Enter shows it again.
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), '[MASK]');
  await page.keyboard.press('Space');
  assert.equal(await page.locator('.words button[aria-pressed="true"]').count(), 0);
  await close();
});

test('many words are one stop of Tab, and leave room for the answer', async () => {
  const text = 'one two three four five six seven eight nine ten '.repeat(30);
  for (const [view, key, next] of [['fill-mask', 'ArrowRight', 'two'], ['sentiment', 'ArrowRight', 'two'], ['fill-mask', 'End', 'ten']]) {
    const { page, close } = await openPage(`#/${view}?v=1&text=${encodeURIComponent(text)}`);
    const row = page.locator('.words');
    assert.equal(await row.locator('button[tabindex="0"]').count(), 1);
    assert.ok((await row.locator('..').boundingBox()).height < 300);
    await row.locator('button').first().focus();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    await page.keyboard.press(key);
    assert.equal(await focused(), next);
    const place = await page.evaluate(() => [document.activeElement, document.querySelector('.scroll:has(> .words)')].map((e) => e.getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
    assert.ok(place[0].top >= place[1].top && place[0].bottom <= place[1].bottom, 'the word in focus is in sight');
    await page.keyboard.press('Tab');
    assert.equal(await row.evaluate((words) => words.contains(document.activeElement)), false);
    await page.keyboard.press('Shift+Tab');
    assert.equal(await focused(), next);
    await close();
  }
  // To the left is on where the text reads so.
  const { page, close } = await openPage(`#/fill-mask?v=1&text=${encodeURIComponent('كلبي مشعر جدا')}`);
  await page.locator('.words button').first().press('ArrowLeft');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'مشعر');
  await close();
});

test('entities are marked exactly, also after emoji', async () => {
  const text = '👩‍🚀👍🏽: Neil Armstrong was born in Ohio in 1930.';
  const { page, answered, close } = await openPage('#/ner?v=1&text=' + encodeURIComponent(text));
  await answered();
  const marks = await page.locator('.marked mark').evaluateAll((all) => all.map((m) => m.firstChild?.textContent));
  assert.ok(marks.includes('Neil Armstrong'), `marks: ${marks}`);
  const shown = await page.locator('.marked').evaluate((p) => [...p.childNodes].map((n) => (n.nodeType === Node.TEXT_NODE ? n.textContent : n.firstChild?.textContent)).join(''));
  assert.equal(shown, text);
  await close();
});

test('types are listed with spaces or with the commas of either language', async () => {
  for (const types of ['per loc', 'PER, LOC', 'PER，LOC']) {
    const { page, answered, close } = await openPage(`#/ner?v=1&${new URLSearchParams({ text: 'Ada Lovelace met Charles Babbage in London on 5 June 1833.', types })}`);
    await answered();
    assert.deepEqual(await page.locator('mark small').allTextContents(), ['PER', 'PER', 'LOC'], types);
    await close();
  }
});

test('no entity is said so', async () => {
  const { page, answered, close } = await openPage('#/ner?v=1&text=it%20rains');
  await answered();
  await page.locator('.result').getByText('No name and no date was found.').waitFor();
  await close();
});

test('aspects are chosen by a click on a word', async () => {
  const { page, answered, close } = await openPage('#/sentiment?v=1&aspects=&text=' + encodeURIComponent('The screen is great. The battery is bad.'));
  await answered();
  assert.equal(await page.locator('.marked mark').count(), 2);
  await page.locator('.words button', { hasText: 'battery' }).click();
  await page.locator('.result .chips li').waitFor();
  assert.match(await page.locator('.result .chips li').textContent(), /battery/);
  await close();
});

/** Opens sentiment without aspects, and reads those chosen. */
async function aspectPage(text, locale = 'en-US') {
  const opened = await openPage(`#/sentiment?v=1&aspects=&text=${encodeURIComponent(text)}`, { locale });
  await opened.answered();
  const word = (name) => opened.page.locator('.picker button', { hasText: new RegExp(`^${name}$`) });
  const chosen = () => opened.page.locator('.controls .chips li > span').allTextContents();
  return { ...opened, word, chosen };
}

test('neighbouring words are one aspect: by shift and a click, and by dragging', async () => {
  const { page, word, chosen, close } = await aspectPage('The battery life is bad, the front desk was nice.');
  await word('battery').click();
  await word('life').click({ modifiers: ['Shift'] });
  assert.deepEqual(await chosen(), ['battery life']);
  await word('front').hover();
  await page.mouse.down();
  await word('desk').hover();
  await page.mouse.up();
  assert.deepEqual(await chosen(), ['battery life', 'front desk']);
  await page.locator('.result .chips li', { hasText: 'front desk' }).waitFor();
  assert.deepEqual(await page.locator('.picker [aria-pressed="true"]').allTextContents(), ['battery', 'life', 'front', 'desk']);
  await word('life').click();
  assert.deepEqual(await chosen(), ['front desk']);
  await close();
});

test('aspects are chosen and removed by keyboard alone, and the focus stays', async () => {
  const { page, word, chosen, close } = await aspectPage('The battery life is bad.');
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await word('battery').focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await chosen(), ['battery']);
  assert.equal(await focused(), 'battery');
  await page.keyboard.press('Enter');
  assert.deepEqual(await chosen(), []);
  await page.keyboard.press('Shift+ArrowRight');
  assert.equal(await page.locator('#live').textContent(), 'battery life');
  await page.keyboard.press('Enter');
  assert.deepEqual(await chosen(), ['battery life']);
  assert.equal(await focused(), 'life');
  await page.getByLabel('Add an aspect').fill('price');
  await page.keyboard.press('Enter');
  assert.deepEqual(await chosen(), ['battery life', 'price']);
  await page.getByRole('button', { name: 'Remove battery life' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Remove price');
  await page.keyboard.press('Enter');
  assert.deepEqual(await chosen(), []);
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'INPUT');
  await close();
});

test('a run of Chinese characters is one aspect', async () => {
  const { page, word, chosen, close } = await aspectPage('屏幕很清晰。', 'zh-CN');
  await word('屏').click();
  await word('幕').focus();
  await page.keyboard.press('Shift+Enter');
  assert.deepEqual(await chosen(), ['屏幕']);
  await close();
});

test('logits are shown as numbers', async () => {
  const { page, answered, close } = await openPage('#/classify?v=1&model=en&function=none&text=The%20team%20won');
  await answered();
  const figures = await page.locator('.bars .share').allTextContents();
  assert.ok(figures.every((figure) => /^-?\d+\.\d{3}$/.test(figure)), `${figures}`);
  assert.doesNotMatch(await page.locator('#live').textContent(), /%/);
  const bars = await page.locator('.bars .fill').evaluateAll((all) => all.map((fill) => fill.getBoundingClientRect()).map(({ left, right }) => ({ left, right })));
  const { x, width } = await page.locator('.bars .track').first().boundingBox();
  const scores = figures.map(Number);
  const scale = width / (scores[0] - scores.at(-1));
  const zero = x - scores.at(-1) * scale;
  assert.ok(scores[0] > 0 && scores.at(-1) < 0);
  for (const [i, { left, right }] of bars.entries()) {
    assert.ok(Math.abs(left - (zero + Math.min(0, scores[i]) * scale)) < 2 && Math.abs(right - (zero + Math.max(0, scores[i]) * scale)) < 2, `the bar of ${scores[i]} from ${left} to ${right}`);
  }
  await close();
});

test('what the page knows of a model is in its language', async () => {
  const { page, answered, close } = await openPage('#/classify?v=1&model=en&text=The%20team%20won', { locale: 'zh-CN' });
  await answered();
  assert.match(await page.locator('.bars').textContent(), /体育/);
  const offered = await page.getByLabel('任务头').locator('option').allTextContents();
  assert.deepEqual(offered, ['主题', '情感']);
  await page.locator('nav a', { hasText: '人名' }).click();
  assert.match(await page.getByLabel('词片合并方式').textContent(), /首片/);
  await close();
});

test('every line of pieces begins where the others do', async () => {
  const { page, answered, close } = await openPage(`#/tokens?v=1&model=en&text=${encodeURIComponent('unbelievably embeddings '.repeat(8))}`, { viewport: { width: 360, height: 800 } });
  await answered();
  const lines = await page.locator('.pieces li').evaluateAll((all) => {
    const lefts = {};
    for (const { top, left } of all.map((li) => li.getBoundingClientRect())) lefts[top] = Math.min(lefts[top] ?? Infinity, left);
    return Object.values(lefts);
  });
  assert.ok(lines.length > 3);
  assert.deepEqual([...new Set(lines)], [lines[0]]);
  await close();
});

test('white space is nothing to ask', async () => {
  const { page, close } = await openPage('#/tokens?v=1&text=%20');
  await page.locator('.answers .hint', { hasText: 'Write something' }).waitFor();
  await close();
});

test('the sentences of a pair are swapped and drawn at random', async () => {
  const { page, answered, close } = await openPage('#/nsp?v=1&text=One.&pair=Two.');
  await answered();
  await page.getByRole('button', { name: 'Swap' }).click();
  assert.equal(await page.locator('textarea').nth(0).inputValue(), 'Two.');
  await page.getByRole('button', { name: 'A random second sentence' }).click();
  const second = await page.locator('textarea').nth(1).inputValue();
  assert.ok(second.length > 10 && second !== 'One.');
  await close();
});

test('a hidden word keeps its own probability', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&mask=1,4&text=' + encodeURIComponent('He walked to the Café.'));
  await answered();
  assert.equal(await page.locator('.result > .bars li', { hasText: 'hidden word: walked' }).count(), 1);
  assert.equal(await page.locator('.result > .bars li', { hasText: 'hidden word: cafe' }).count(), 1);
  const [shown, want] = await page.evaluate(async () => {
    const response = await fetch('fill-mask', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: 'He [MASK] to the [MASK].', targets: ['walked'] }),
    });
    const row = [...document.querySelectorAll('.bars li')].find((li) => li.textContent.includes('hidden word: walked'));
    return [parseFloat(row.querySelector('.share').textContent) / 100, (await response.json()).results[0].masks[0].predictions[0].score];
  });
  assert.ok(Math.abs(shown - want) <= Math.max(0.0005, 0.06 * want), `${shown}, the server ${want}`);
  await close();
});

test('two models stand side by side', async () => {
  const { page, answered, close } = await openPage('#/tokens?v=1&text=BERT%20reads%20%E4%BD%A0%E5%A5%BD');
  await answered();
  await page.getByLabel('Beside it').selectOption('zh');
  await page.locator('.answer').nth(1).waitFor();
  assert.deepEqual(await page.locator('.answer h2').allTextContents(), ['en', 'zh']);
  await close();
});

/** Presses Tab until the focused element is the one. */
async function tabTo(page, is) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(`(${is})(document.activeElement)`)) return;
  }
  assert.fail('Tab does not reach it');
}
