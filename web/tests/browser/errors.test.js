// What goes wrong is said in place, in the page's language, with what to do.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

const GONE = { status: 502, contentType: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' };
const CUT = { status: 200, contentType: 'application/json', body: '{"results":[{"label":"spo' };
const EMPTY = { status: 200, contentType: 'application/json', body: '{}' };
const HOLLOW = { status: 200, contentType: 'application/json', body: '{"results":[{}]}' };

for (const [locale, said] of [
  ['en-US', { gone: ['Something else answered', 'Ask again in a moment'], cut: ['did not arrive whole', 'Ask again'], strange: ['not what this page expects', 'Reload the page'] }],
  ['zh-CN', { gone: ['回应的不是服务器本身', '请稍后再试'], cut: ['答案没有完整到达', '请重新请求'], strange: ['答案不是本页面所期待的', '请重新载入页面'] }],
]) {
  test(`answers that are none are said so (${locale})`, async () => {
    const { page, answered, close } = await openPage('#/classify', { locale });
    await answered();
    let n = 0;
    for (const [answer, words] of [[GONE, said.gone], [CUT, said.cut], [EMPTY, said.strange], [HOLLOW, said.strange]]) {
      await page.route('**/classify', (route) => route.fulfill(answer));
      await page.locator('textarea').first().fill(`A text ${++n}.`);
      for (const word of words) await page.locator('.answer .problem', { hasText: word }).waitFor();
      assert.doesNotMatch(await page.locator('.problem').textContent(), /Error|JSON|undefined/);
      await page.unroute('**/classify');
      await page.locator('textarea').first().fill(`Another text ${n}.`);
      await page.locator('.answer .bars').waitFor();
    }
    await close();
  });
}

test('an answer that is none is asked for again', async () => {
  const page200 = { status: 200, contentType: 'text/html', body: '<html>Sign in to the network</html>' };
  for (const [view, path, answer, drawn] of [
    ['attention', 'attention', page200, '.heat-map'],
    ['attention', 'attention', { ...page200, headers: { 'X-Attention-Shape': '6,12,9,9', 'X-Attention-Type': 'float32' } }, '.heat-map'],
    ['classify', 'classify', HOLLOW, '.bars'],
  ]) {
    const { page, answered, close } = await openPage(`#/${view}`);
    await answered();
    await page.route(`**/${path}`, (route) => route.fulfill(answer));
    await page.locator('textarea').first().fill('Another text.');
    await page.locator('.answer .problem', { hasText: 'not what this page expects' }).waitFor();
    await page.unroute(`**/${path}`);
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.locator(`.answer ${drawn}`).waitFor();
    await close();
  }
});

test('a list of models that does not come is said so, and asked again', async () => {
  const { page, answered, close } = await openPage();
  await answered();
  for (const answer of [{ abort: true }, GONE, CUT, EMPTY]) {
    await page.route('**/models', (route) => ('abort' in answer ? route.abort() : route.fulfill(answer)));
    await page.reload();
    await page.locator('#failure .problem', { hasText: 'The list of models did not come' }).waitFor();
    assert.doesNotMatch(await page.locator('#failure').textContent(), /Error|JSON|undefined/);
    await page.getByRole('button', { name: '中文' }).click();
    await page.locator('#failure .problem', { hasText: '模型列表没有取到' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.unroute('**/models');
    await page.locator('#failure button').click();
    await page.locator('#failure .problem').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.querySelectorAll('[data-name="model"] option').length === 3);
  }
  await close();
});

test('a field that the server refuses is marked, and its sentence said once', async () => {
  for (const [fragment, label, says] of [
    ['#/fill-mask?v=1&text=a%20%5BMASK%5D&k=999', 'Predictions', 'At most 100.'],
    ['#/pretraining?v=1&text=a%20b&probability=2', 'Share of pieces', 'At most 1.'],
    ['#/ner?v=1&text=Ada&min=7', 'At least', 'At most 1.'],
    ['#/ner?v=1&text=Ada&types=X', 'Only these types', 'no loaded model knows the entity type "X"'],
    ['#/classify?v=1&text=a&head=x', 'Head', 'does not have a head "x"'],
  ]) {
    const { page, close } = await openPage(fragment);
    await page.locator('.problem').waitFor();
    const control = page.getByLabel(label, { exact: true });
    assert.equal(await control.getAttribute('aria-invalid'), 'true', fragment);
    const described = await control.getAttribute('aria-describedby');
    assert.ok((await page.locator(`[id="${described}"]`).textContent()).includes(says), fragment);
    const page_ = await page.locator('main').innerText();
    assert.equal(page_.split(says).length, 2, `${fragment} says it once: ${page_}`);
    await close();
  }
});

test('what may be chosen is said in the page\'s language', async () => {
  const { page, close } = await openPage('#/ner?v=1&text=Ada&types=X', { locale: 'zh-CN' });
  await page.locator('.fault', { hasText: '可选的有：DATE' }).waitFor();
  await close();
});

test('what a reader can be refused is said in Chinese', async () => {
  const { page, answered, close } = await openPage('#/tokens?v=1&text=a', { locale: 'zh-CN' });
  await answered();
  const masks = '[MASK] '.repeat(8);
  for (const [view, state, says] of [
    ['fill-mask', { text: 'a [MASK]', k: 'abc' }, '请写一个整数'],
    ['fill-mask', { text: 'a [MASK]', k: '999' }, '最多为 100'],
    ['fill-mask', { text: masks + 'word '.repeat(400), k: '100', joint: '1' }, '一起填所有的空要读'],
    ['fill-mask', { text: '[MASK] '.repeat(400), k: '100' }, '这样会有 40000 个预测'],
    ['fill-mask', { text: 'a [MASK]', targets: '\u200d' }, '这些词都不是词片'],
    ['fill-mask', { text: 'a [MASK]', model: 'none' }, '可选的有：en, zh'],
    ['classify', { text: 'a', function: 'x' }, '可选的有：softmax'],
    ['classify', { text: 'a', head: 'x' }, '可选的有：'],
    ['ner', { text: 'Ada', aggregation: 'x' }, '可选的有：simple'],
    ['ner', { text: 'Ada', types: 'X' }, '可选的有：DATE'],
    ['sentiment', { text: 'a', aspects: Array.from({ length: 70 }, (_, i) => `b${i}`).join() }, '这里有 70 个方面'],
    ['sentiment', { text: 'a', aspects: 'b'.repeat(500) }, '有一个方面太长'],
    ['pretraining', { text: 'a b. c d.', probability: '2' }, '最多为 1'],
    ['tokens', { text: 'word '.repeat(33000) }, '请缩短文本'],
  ]) {
    await page.evaluate((hash) => { location.hash = hash; }, `#/${view}?v=1&${new URLSearchParams(state)}`);
    await page.locator('main .problem, main .fault', { hasText: says }).first().waitFor();
    const said = await page.locator('main .problem p, main .fault').allTextContents();
    for (const sentence of said) assert.doesNotMatch(sentence.replace(/^请求编号.*|可选的有：.*/, ''), /[a-z]{2,} [a-z]{2,}/, view);
  }
  await close();
});

test('a value that is no number is marked, and nothing is asked', async () => {
  for (const [fragment, label] of [
    ['#/pretraining?v=1&text=a%20b&seed=abc', 'Seed'],
    ['#/pretraining?v=1&text=a%20b&seed=9007199254740993', 'Seed'],
    ['#/pretraining?v=1&text=a%20b&probability=x', 'Share of pieces'],
    ['#/ner?v=1&text=Ada&min=abc', 'At least'],
  ]) {
    const { page, close } = await openPage(fragment);
    await page.locator('.answers', { hasText: 'Correct the marked field' }).waitFor();
    assert.equal(await page.getByLabel(label, { exact: true }).getAttribute('aria-invalid'), 'true', fragment);
    await close();
  }
});

test('the next seed is a seed', async () => {
  const { page, close } = await openPage('#/pretraining?v=1&text=a%20b&seed=9007199254740990');
  const next = page.getByRole('button', { name: 'Next seed' });
  for (const want of ['9007199254740991', '0', '1']) {
    await next.click();
    assert.equal(await page.getByLabel('Seed').inputValue(), want);
  }
  await page.getByLabel('Seed').fill('abc');
  await next.click();
  assert.equal(await page.getByLabel('Seed').inputValue(), '0');
  await close();
});

test('a text that is too long is to be shortened, not truncated by a field of the API', async () => {
  for (const [locale, says] of [['en-US', 'It has 603 word pieces, and the model reads at most 512 at once. Shorten it.'], ['zh-CN', '它有 603 个词片，而模型一次最多读 512 个。请缩短文本。']]) {
    const { page, close } = await openPage(`#/fill-mask?v=1&model=en&text=${encodeURIComponent(`[MASK] ${'word '.repeat(600)}`)}`, { locale });
    await page.locator('.problem', { hasText: says }).waitFor();
    assert.doesNotMatch(await page.locator('.problem').textContent(), /truncat/);
    assert.equal(await page.locator('textarea').getAttribute('aria-invalid'), 'true');
    assert.match(await page.locator('textarea + .fault').textContent(), /603.+512/);
    await close();
  }
});

test('a wait is shown without moving the page, announced, and cancelled in place', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  const top = () => page.locator('h1').evaluate((h1) => h1.getBoundingClientRect().top + scrollY);
  const before = await top();
  await page.setViewportSize({ width: 640, height: 300 });
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  const place = await top();
  await page.route('**/classify', () => { /* never answered */ });
  await page.locator('textarea').first().evaluate((area) => {
    area.value = 'A slow text.';
    area.dispatchEvent(new Event('input'));
  });
  const cancel = page.getByRole('button', { name: 'Cancel' });
  await cancel.waitFor();
  assert.equal(await top(), place);
  assert.ok(before > 0);
  const box = await cancel.boundingBox();
  assert.ok(box.y >= 0 && box.y + box.height <= 300, 'in sight');
  assert.equal(await page.locator('#live').textContent(), 'The model is reading…');
  await cancel.focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Ask again');
  assert.equal(await page.locator('#live').textContent(), 'Cancelled.');
  await page.locator('main .note', { hasText: 'of the text before' }).waitFor();
  assert.equal(await page.locator('.answers.older').count(), 1);
  await page.unroute('**/classify');
  await page.keyboard.press('Enter');
  await page.locator('.answers:not(.older) .bars').waitFor();
  assert.equal(await page.locator('main .note').isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'answer');
  await close();
});

test('"Ask again" leaves the focus at the answer', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  await page.route('**/classify', (route) => route.abort());
  await page.locator('textarea').first().fill('Another text.');
  const again = page.locator('.answer').getByRole('button', { name: 'Ask again' });
  await again.focus();
  await page.unroute('**/classify');
  await page.keyboard.press('Enter');
  await answered();
  await page.locator('.answer .bars').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'answer');
  await close();
});

test('a head that reads two texts is not asked for a second one where there is no field for it', async () => {
  const { page, close } = await openPage('#/classify?v=1&head=aspect&model=en&text=The%20room%20was%20small.');
  await page.locator('.problem', { hasText: 'Choose another head.' }).waitFor();
  await close();
});
