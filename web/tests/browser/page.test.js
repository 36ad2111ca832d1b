// What holds for the page as a whole: links, errors, layout, accessibility.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

const VIEWS = ['fill-mask', 'attention', 'sentiment', 'ner', 'classify', 'nsp', 'tokens', 'pretraining'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('a link restores everything, and Back works', async () => {
  const fragment = '#/attention?v=1&direction=AB&head=3&layer=1&pair=It%20slept.&scale=log&text=The%20cat%20sat.&view=table&words=1';
  const { page, answered, close } = await openPage(fragment);
  await answered();
  assert.equal(await page.locator('textarea').nth(0).inputValue(), 'The cat sat.');
  assert.equal(await page.locator('textarea').nth(1).inputValue(), 'It slept.');
  assert.equal(await page.getByLabel('As', { exact: true }).inputValue(), 'table');
  assert.equal(await page.getByLabel('Segments', { exact: true }).inputValue(), 'AB');
  assert.equal(await page.getByLabel('Join pieces to words').isChecked(), true);
  assert.equal(await page.getByLabel('Hide [CLS] and [SEP]').isChecked(), false);
  await page.getByLabel('As', { exact: true }).selectOption('arcs');
  await page.locator('svg.arcs').waitFor();
  await page.goBack();
  await page.locator('.close-up table').waitFor();
  assert.equal(await page.getByLabel('As', { exact: true }).inputValue(), 'table');
  await page.locator('nav a', { hasText: 'Classify' }).click();
  await page.getByRole('heading', { level: 1, name: 'Classify' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Attention' }).waitFor();
  assert.equal(await page.locator('textarea').nth(0).inputValue(), 'The cat sat.');
  await close();
});

test('the skip link moves the focus, and nothing else', async () => {
  const { page, answered, close } = await openPage('#/ner?v=1&text=Ada%20Lovelace');
  await answered();
  const url = page.url();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'app');
  assert.equal(page.url(), url);
  assert.equal(await page.locator('textarea').first().inputValue(), 'Ada Lovelace');
  // Nor does a fragment that somebody else made.
  await page.evaluate(() => { location.hash = 'app'; });
  await page.waitForTimeout(100);
  assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Names and dates');
  await close();
});

test('a task that is chosen by keyboard keeps the focus', async () => {
  const { page, answered, close } = await openPage('#/ner');
  await answered();
  await page.locator('nav a', { hasText: 'Classify' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Classify' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Classify');
  await close();
});

test('the address holds the text as soon as a view is shown, for every reader', async () => {
  const first = await openPage('#/ner');
  await first.answered();
  const [url, text] = [first.page.url(), await first.page.locator('textarea').first().inputValue()];
  assert.match(url, /text=Ada%20Lovelace/);
  await first.close();
  const { page, answered, close } = await openPage(url.slice(url.indexOf('#')), { locale: 'zh-CN' });
  await answered();
  assert.equal(await page.locator('textarea').first().inputValue(), text);
  await close();
});

test('an example is shown in the language that is switched to, one\'s own text stays', async () => {
  const { page, answered, close } = await openPage('#/ner');
  await answered();
  await page.getByRole('button', { name: '中文' }).click();
  assert.match(await page.locator('textarea').first().inputValue(), /鲁迅/);
  await page.locator('textarea').first().fill('Grace Hopper');
  await page.waitForURL(/Grace/);
  await page.getByRole('button', { name: 'English' }).click();
  assert.equal(await page.locator('textarea').first().inputValue(), 'Grace Hopper');
  await close();
});

test('one\'s own text and the models go along to the other tasks, an example does not', async () => {
  const { page, answered, close } = await openPage('#/nsp');
  await answered();
  const text = () => page.locator('textarea').first().inputValue();
  const go = async (name) => {
    await page.locator('nav a', { hasText: name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  };
  await go('Classify');
  assert.match(await text(), /striker/, 'the view\'s own example');
  await page.getByLabel('Model', { exact: true }).selectOption('en');
  await go('Next sentence');
  assert.match(await text(), /store/);
  assert.equal(await page.getByLabel('Model', { exact: true }).inputValue(), 'en');
  await page.locator('textarea').nth(0).fill('He opened a door.');
  await page.locator('textarea').nth(1).fill('Nobody was there.');
  await page.waitForURL(/Nobody/);
  await go('Names and dates');
  assert.equal(await text(), 'He opened a door.');
  assert.match(page.url(), /text=He%20opened%20a%20door/);
  await go('Word pieces');
  assert.equal(await page.locator('textarea').nth(1).inputValue(), 'Nobody was there.');
  await go('Fill the mask');
  assert.equal(await text(), 'He opened a door.');
  await page.locator('.answers .hint', { hasText: 'Hide a word' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { level: 1, name: 'Word pieces' }).waitFor();
  assert.equal(await text(), 'He opened a door.');
  await close();
});

test('what came with an example goes with its text, what the reader chose stays', async () => {
  for (const [view, button, name] of [['sentiment', 'phone', 'aspects'], ['fill-mask', 'capital', 'targets']]) {
    const { page, answered, close } = await openPage(`#/${view}`);
    await answered();
    const value = () => page.evaluate((name) => new URLSearchParams(location.hash.split('?')[1]).get(name), name);
    const example = page.getByRole('button', { name: button, exact: true });
    const area = page.locator('textarea').first();
    await example.click();
    const given = await value();
    assert.notEqual(given, '');
    await area.press('Control+End');
    await area.pressSequentially(' Really.');
    assert.equal(await value(), given, `${view}: an edited example`);
    await area.fill('My [MASK] is here.');
    assert.equal(await value(), '', `${view}: another text`);
    await page.evaluate((fragment) => { location.hash = fragment; }, `#/${view}?v=1&text=Own%20text%20%5BMASK%5D&${name}=${encodeURIComponent(given)}`);
    await page.waitForFunction(() => document.querySelector('textarea').value.startsWith('Own'));
    await area.fill('Other text [MASK]');
    assert.equal(await value(), given, `${view}: a text of one's own`);
    await close();
  }
});

test('a page whose scripts do not start says so, and has nothing to press', async () => {
  for (const options of [{ javaScriptEnabled: false }, {}]) {
    const { page, close } = await openPage('docs', options);
    await page.route('**/js/views.js', (route) => route.abort());
    await page.goto(new URL('/', page.url()).href);
    await page.getByText('its scripts did not start').waitFor();
    assert.equal(await page.getByRole('button').count(), 0);
    await close();
  }
});

test('what is in the other language says so', async () => {
  for (const [locale, button, lang] of [['en-US', '北京', 'zh-Hans'], ['en-US', 'capital', ''], ['zh-CN', 'my dog is hairy', 'en'], ['zh-CN', '北京', '']]) {
    const { page, answered, close } = await openPage('', { locale });
    await answered();
    assert.equal(await page.getByRole('button', { name: button, exact: true }).evaluate((b) => b.lang), lang, button);
    await close();
  }
});

test('a page that may not remember anything works', async () => {
  const { page, answered, close } = await openPage('docs');
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });
  });
  await page.goto(new URL('/', page.url()).href);
  await answered();
  await page.getByRole('button', { name: '中文' }).click();
  await page.getByRole('button', { name: '浅色 / 深色' }).click();
  await page.getByRole('heading', { level: 1, name: '完形填空' }).waitFor();
  await close();
});

test('a link that is long is said so when it is opened', async () => {
  const { page, close } = await openPage(`#/tokens?v=1&text=${'word%20'.repeat(1200)}`);
  await page.locator('.hint', { hasText: 'more than some programs pass on' }).waitFor();
  await close();
});

test('an emptied field stays empty in the link', async () => {
  const { page, answered, close } = await openPage('#/nsp');
  await answered();
  await page.locator('textarea').nth(1).fill('');
  await page.waitForURL(/pair=(&|$)/);
  const url = page.url();
  await page.goto('about:blank');
  await page.goto(url);
  assert.equal(await page.locator('textarea').nth(1).inputValue(), '');
  await close();
});

test('texts are never part of an address that is asked', async () => {
  const { page, answered, close } = await openPage();
  const addresses = [];
  page.on('request', (r) => addresses.push(r.url()));
  await page.locator('textarea').first().fill('a very secret sentence with [MASK]');
  await page.waitForURL(/secret/);
  await answered();
  assert.deepEqual(addresses.filter((a) => a.split('#')[0].includes('secret')), []);
  await close();
});

test('no string becomes markup', async () => {
  const { page, answered, close } = await openPage('', {}, { faults: false });
  await answered();
  const refused = await page.evaluate(() => ['innerHTML', 'outerHTML'].map((sink) => {
    try {
      /** @type {any} */ (document.querySelector('h1'))[sink] = '<b>x</b>';
      return 'taken';
    } catch (error) {
      return /** @type {Error} */ (error).name;
    }
  }));
  assert.deepEqual(refused, ['TypeError', 'TypeError']);
  assert.equal(await page.evaluate(() => { try { window.trustedTypes.createPolicy('default', {}); return 'made'; } catch { return 'refused'; } }), 'refused');
  await close();
});

test('the documentation works under its own policy', async () => {
  const { page, close } = await openPage('docs');
  await page.locator('.opblock').first().waitFor();
  await page.getByRole('link', { name: 'the playground' }).click();
  await page.getByRole('heading', { level: 1, name: 'Fill the mask' }).waitFor();
  await close();
});

test('an error is shown in place, with what to do', async () => {
  const { page, close } = await openPage('#/classify?v=1&text=x&model=nobody');
  await page.locator('.problem').waitFor();
  assert.match(await page.locator('.problem').textContent(), /No such model/);
  assert.equal(await page.getByLabel('Model', { exact: true }).getAttribute('aria-invalid'), 'true');
  assert.match(await page.locator('.fault').textContent(), /no model "nobody"/);
  assert.equal(await page.locator('textarea').first().inputValue(), 'x');
  await page.getByLabel('Model', { exact: true }).selectOption('en');
  await page.locator('.answer .bars').waitFor();
  assert.equal(await page.locator('.problem, .fault, [aria-invalid]').count(), 0);
  await close();
});

test('a server that is gone is said so, and asked again', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  await page.route('**/classify', (route) => route.abort());
  await page.locator('textarea').first().fill('Another text.');
  await page.getByText('The server does not answer').waitFor();
  await page.unroute('**/classify');
  await page.getByRole('button', { name: 'Ask again' }).click();
  await answered();
  await close();
});

test('a long wait is shown and can be cancelled', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  await page.route('**/classify', () => { /* never answered */ });
  await page.locator('textarea').first().fill('A slow text.');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('#status').getByText('Cancelled.').waitFor();
  await page.unroute('**/classify');
  await page.getByRole('button', { name: 'Ask again' }).click();
  await page.waitForFunction(() => !document.querySelector('[aria-busy]') && document.querySelector('.answer .bars'));
  await close();
});

test('a slow request that fails, or is no longer asked, ends the wait', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  const waits = () => page.locator('#status progress');
  await page.route('**/classify', (route) => setTimeout(() => route.abort(), 1000));
  await page.locator('textarea').first().fill('A slow text.');
  await waits().waitFor();
  await page.locator('.problem').waitFor();
  assert.equal(await waits().count(), 0);
  assert.equal(await page.locator('[aria-busy]').count(), 0);

  await page.locator('textarea').first().fill('Another slow text.');
  await waits().waitFor();
  await page.locator('textarea').first().fill('');
  await page.locator('.hint', { hasText: 'Write something' }).waitFor();
  assert.equal(await waits().count(), 0);
  assert.equal(await page.locator('[aria-busy]').count(), 0);
  await close();
});

test('an answer to an older text is not drawn over a newer one', async () => {
  const { page, answered, close } = await openPage('#/ner?v=1&text=' + encodeURIComponent('Ada Lovelace met Charles Babbage.'));
  await answered();
  let asked = () => {};
  const late = new Promise((resolve) => { asked = () => resolve(undefined); });
  await page.route('**/ner', async (route) => {
    if (!route.request().postData()?.includes('Grace')) { await route.continue(); return; }
    asked();
    await new Promise((resolve) => { setTimeout(resolve, 150); });
    await route.continue().catch(() => {});
  });
  const drawn = await page.evaluateHandle(() => {
    const drawn = [];
    new MutationObserver(() => drawn.push([...document.querySelectorAll('.marked mark')].map((m) => m.firstChild?.textContent).join()))
      .observe(document.getElementById('app'), { childList: true, subtree: true });
    return drawn;
  });
  const area = page.locator('textarea').first();
  await area.fill('Grace Hopper met John Backus.');
  await late;
  await area.fill('In Paris, Grace Hopper met John Backus.');
  await page.locator('.marked mark', { hasText: 'Paris' }).waitFor();
  for (const marks of await drawn.jsonValue()) {
    for (const mark of marks.split(',').filter(Boolean)) {
      assert.ok(['Ada Lovelace', 'Charles Babbage', 'Paris', 'Grace Hopper', 'John Backus'].includes(mark), `marked “${mark}”`);
    }
  }
  await close();
});

test('a link opens the same in another language', async () => {
  const first = await openPage('#/attention');
  await first.answered();
  await first.page.getByLabel('As', { exact: true }).selectOption('table');
  await first.page.waitForURL(/view=table/);
  const [url, text] = [first.page.url(), await first.page.locator('textarea').first().inputValue()];
  await first.close();
  const { page, answered, close } = await openPage(url.slice(url.indexOf('#')), { locale: 'zh-CN' });
  await answered();
  assert.equal(await page.locator('textarea').first().inputValue(), text);
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { level: 1, name: 'Attention' }).waitFor();
  assert.equal(await page.locator('textarea').first().inputValue(), text);
  await close();
});

test('a text by hand in a link meets no part of the example', async () => {
  const { page, close } = await openPage('#/fill-mask?text=' + encodeURIComponent('He is a very kind man.'));
  await page.locator('.words button', { hasText: 'kind' }).waitFor();
  assert.equal(await page.locator('.words button[aria-pressed="true"]').count(), 0);
  await close();
});

test('models that cannot be listed are said so until they are asked again', async () => {
  const { page, answered, close } = await openPage();
  await answered();
  await page.route('**/models', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'Busy', status: 503, detail: 'Ask later.' }) }));
  await page.reload();
  await page.getByText('Ask later.').waitFor();
  await answered();
  await page.locator('textarea').first().fill('Another [MASK] here.');
  await page.waitForURL(/Another/);
  await answered();
  assert.equal(await page.getByText('Ask later.').count(), 1);
  await close();
});

test('the timing of a proxy is shown by its own name', async () => {
  const { page, answered, close } = await openPage('#/classify');
  await answered();
  await page.route('**/classify', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'server-timing': `${response.headers()['server-timing']}, cdn-cache;dur=7` } });
  });
  await page.locator('textarea').first().fill('Behind a proxy.');
  await page.locator('.timings', { hasText: 'cdn-cache' }).waitFor();
  assert.equal(await page.locator('.problem').count(), 0);
  await close();
});

test('a model that refuses leaves the other its answer', async () => {
  const { page, answered, close } = await openPage('#/classify?v=1&text=The%20team%20won.&model=en&model2=nobody');
  await answered();
  await page.locator('.answer').nth(1).locator('.problem', { hasText: 'No such model' }).waitFor();
  assert.equal(await page.getByLabel('Beside it').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Model', { exact: true }).getAttribute('aria-invalid'), null);
  assert.equal(await page.locator('.answer').nth(0).locator('.bars li').count() > 0, true);
  await page.getByLabel('Beside it').selectOption('zh');
  await page.locator('.answer').nth(1).locator('.bars').waitFor();
  assert.equal(await page.locator('.problem').count(), 0);
  await close();
});

test('the request on screen can be copied as code', async () => {
  const { page, answered, close } = await openPage('#/classify?v=1&text=It%27s%20a%20goal', { permissions: ['clipboard-read', 'clipboard-write'] });
  await answered();
  await page.locator('summary', { hasText: 'as code' }).click();
  for (const [name, holds] of [['curl', "It'\\''s a goal"], ['Python', 'urllib.request'], ['Go', 'http.NewRequest'], ['TypeScript', 'await fetch']]) {
    await page.getByRole('button', { name, exact: true }).click();
    await page.getByRole('button', { name: 'Copy' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.includes(holds), copied);
    assert.match(copied, /classify/);
  }
  await close();
});

test('every answer is saved as JSON, CSV, SVG and PNG', async () => {
  for (const view of VIEWS) {
    const { page, answered, close } = await openPage(`#/${view}`);
    await answered();
    for (const [name, begins] of [['JSON', /^[[{]/], ['CSV', /^\xef\xbb\xbf[^\n]+\r\n/], ['SVG', /^<svg/], ['PNG', /^\x89PNG/]]) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
      const content = await readFile(await download.path(), 'latin1');
      assert.match(content, begins, `${view} as ${name}`);
      assert.equal(download.suggestedFilename(), `cloze-${view}.${name.toLowerCase()}`);
      if (name === 'JSON') JSON.parse(content);
    }
    await close();
  }
});

test('the language is switched and remembered', async () => {
  const { page, answered, close } = await openPage('#/ner?v=1&text=Ada%20Lovelace');
  await answered();
  await page.getByRole('button', { name: '中文' }).click();
  await page.getByRole('heading', { level: 1, name: '人名、地名与日期' }).waitFor();
  assert.equal(await page.locator('textarea').first().inputValue(), 'Ada Lovelace');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: '人名、地名与日期' }).waitFor();
  await close();
});

for (const width of [320, 768, 1440]) {
  test(`nothing is wider than ${width} pixels`, async () => {
    for (const view of VIEWS) {
      const { page, answered, close } = await openPage(`#/${view}`, { viewport: { width, height: 800 } });
      await answered();
      // And with words that are longer than the page is wide.
      if (view !== 'attention') {
        await page.locator('textarea').first().fill(`${'W'.repeat(50)} ${'w'.repeat(300)} [MASK]`);
        await page.waitForURL(/WWW/);
        await page.waitForTimeout(400);
        await answered();
      }
      for (const code of await page.locator('summary', { hasText: 'as code' }).all()) await code.click();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${view} is ${overflow} pixels too wide`);
      await close();
    }
  });
}

for (const [colorScheme, width] of /** @type {const} */ ([['light', 1280], ['dark', 1280], ['light', 320]])) {
  test(`axe finds nothing at WCAG 2.2 A and AA (${colorScheme}, ${width} pixels)`, async () => {
    for (const view of [...VIEWS, 'attention?v=1&view=arcs', 'attention?v=1&view=table&specials=1', 'ner?v=1&text=it', 'classify?v=1&text=x&model=nobody',
      'pretraining?v=1&text=x&seed=abc', 'fill-mask?v=1&text=x%20y&mask=', 'classify?v=1&text=x&model=en&model2=zh']) {
      // axe is put into the page, which the page's policy rightly forbids.
      const { page, close } = await openPage(`#/${view}`, { bypassCSP: true, colorScheme, viewport: { width, height: 900 } });
      await page.locator('.answer .result > *, .problem, .answers > .hint').first().waitFor();
      await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
      assert.deepEqual(violations.map((v) => `${view}: ${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`), []);
      await close();
    }
  });
}

test('the words of a text that reads from right to left stand so', async () => {
  for (const mask of ['1', '0']) {
    const { page, answered, close } = await openPage(`#/fill-mask?v=1&mask=${mask}&text=${encodeURIComponent('كلبي مشعر جدا')}`);
    await answered();
    const lefts = await page.locator('.words button').evaluateAll((all) => all.map((b) => b.getBoundingClientRect().left));
    assert.deepEqual(lefts, lefts.toSorted((a, b) => b - a), 'the first word stands rightmost');
    assert.equal(await page.locator('.three section .hint').nth(2).evaluate((text) => getComputedStyle(text).direction), 'rtl');
    await close();
  }
});

test('the label of a span stands after it, whichever way the text reads', async () => {
  const { page, answered, close } = await openPage(`#/sentiment?v=1&text=${encodeURIComponent('كان الفندق جميلا جدا.')}`);
  await answered();
  const [text, label] = await page.locator('mark').first().evaluate((mark) => {
    const range = document.createRange();
    range.selectNode(mark.firstChild);
    return [range, mark.lastChild].map((part) => part.getBoundingClientRect()).map(({ left, right }) => ({ left, right }));
  });
  assert.ok(text.left - label.right >= 3, `the text begins at ${text.left}, its label ends at ${label.right}`);
  await close();
});

test('both columns of a comparison are said to screen readers', async () => {
  const { page, close } = await openPage('#/classify?v=1&text=The%20team%20won%20the%20cup.&model=en&model2=zh');
  await page.locator('.answer').nth(1).locator('.bars').waitFor();
  assert.match(await page.locator('#live').textContent(), /^en: .+ — zh: .+/);
  await close();
});

test('with forced colours, what a colour says is still to be seen', async () => {
  const { page, answered, close } = await openPage('#/fill-mask', { forcedColors: 'active' });
  await answered();
  const look = (selector) => page.locator(selector).first().evaluate((e) => {
    const { backgroundColor, borderTopWidth, borderBottomStyle, borderBottomWidth, color } = getComputedStyle(e);
    return { backgroundColor, borderTopWidth, borderBottom: `${borderBottomWidth} ${borderBottomStyle}`, color };
  });
  const { backgroundColor: canvas } = await look('main');
  const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.notEqual((await look('.bars .fill')).backgroundColor, paper, `bars are painted, on ${canvas}`);
  assert.equal((await look('.bars .track')).borderTopWidth, '1px');
  for (const [on, off] of [['.words [aria-pressed="true"]', '.words [aria-pressed="false"]'], ['nav [aria-current]', 'nav a:not([aria-current])']]) {
    assert.notEqual((await look(on)).backgroundColor, (await look(off)).backgroundColor, on);
  }
  await page.locator('nav a', { hasText: 'Sentiment' }).click();
  await page.locator('mark.negative').first().waitFor();
  assert.notEqual((await look('mark.negative')).borderBottom, (await look('mark.positive')).borderBottom);
  await close();
});

test('on paper stands the answer, whole, without what is pressed', async () => {
  const { page, answered, close } = await openPage(`#/attention?v=1&text=${encodeURIComponent('The river ran past an old mill. '.repeat(8))}`);
  await answered();
  await page.emulateMedia({ media: 'print' });
  for (const part of ['nav', '#theme', 'select', '.check', '.tools']) assert.equal(await page.locator(part).first().isVisible(), false, part);
  for (const part of ['h1', 'textarea', '.close-up h3', '.head-grid', '.heat-map']) assert.equal(await page.locator(part).first().isVisible(), true, part);
  assert.equal(await page.locator('.close-up .scroll').evaluate((scroll) => scroll.scrollHeight - scroll.clientHeight), 0);
  await page.goto(new URL('#/sentiment', page.url()).href);
  await page.locator('.bars .fill').first().waitFor();
  assert.equal(await page.locator('.bars .fill').first().evaluate((fill) => getComputedStyle(fill).printColorAdjust), 'exact');
  await close();
});

test('paper is light, and the page as dark as before afterwards', async () => {
  for (const chosen of [false, true]) {
    const { page, answered, close } = await openPage('#/attention', { colorScheme: chosen ? 'light' : 'dark' });
    await answered();
    if (chosen) await page.getByRole('button', { name: 'Light / dark' }).click();
    const brightness = () => page.locator('.row-labels canvas').evaluate((canvas) => canvas.getContext('2d').getImageData(1, 1, 1, 1).data[0]);
    assert.ok(await brightness() < 60);
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    assert.ok(await brightness() > 200);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    assert.ok(await brightness() < 60);
    await close();
  }
});
