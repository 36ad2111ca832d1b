// The attention view, by mouse, touch and keyboard, with short texts and long.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

/** A link to the view. */
const link = (state) => `#/attention?v=1&${new URLSearchParams(state)}`;
const wordsOf = (count) => Array.from({ length: count }, (_, i) => ['the', 'river', 'ran', 'past', 'an', 'old', 'mill'][i % 7]).join(' ');
/** The grid is worked out, as far as it takes. */
const gridReady = (page) => page.waitForFunction(() => document.querySelector('.head-grid canvas')?.width > 300 && !document.querySelector('.head-grid[aria-busy]'));
/** What a button saves. */
const saved = async (page, name) => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
  return readFile(await download.path());
};
const live = (page) => page.locator('#live');

test('a head is chosen in the grid by mouse and by arrow keys', async () => {
  const { page, answered, close } = await openPage('#/attention');
  await answered();
  await page.locator('.heads button').nth(14).click(); // layer 2, head 3 of 12
  assert.match(page.url(), /head=2/);
  assert.match(page.url(), /layer=1/);
  await page.getByRole('heading', { name: 'Layer 2, head 3', exact: true }).waitFor();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('heading', { name: 'Layer 2, head 4', exact: true }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('heading', { name: 'Layer 3, head 4', exact: true }).waitFor();
  await close();
});

test('the heat map says each cell under the pointer and the keyboard', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20cat%20sat.&layer=0&head=2');
  await answered();
  const grid = page.getByRole('grid');
  await grid.focus();
  assert.match(await page.locator('.readout').textContent(), /from “\[CLS\]” to “\[CLS\]”: \d\.\d{3}/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.match(await page.locator('.readout').textContent(), /from “the” to “cat”/);
  await page.keyboard.press('Control+End');
  assert.match(await page.locator('.readout').textContent(), /from “\[SEP\]” to “\[SEP\]”/);
  await page.keyboard.press('PageDown');
  await page.getByRole('heading', { name: 'Layer 2, head 3', exact: true }).waitFor();
  assert.match(await page.locator('.readout').textContent(), /from “\[SEP\]” to “\[SEP\]”/, 'the cell stays');
  const box = await page.locator('.heat-map .cells').boundingBox();
  await page.mouse.move(box.x + 3, box.y + 3);
  assert.match(await page.locator('.readout').textContent(), /from “\[CLS\]” to “\[CLS\]”/);
  await close();
});

test('the heat map paints each cell in the colour of its value', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20cat%20sat.');
  await answered();
  const differences = await page.evaluate(async () => {
    const { HeatMap } = await import('/web/js/attention/heatmap.js');
    const { cssColor } = await import('/web/js/attention/color.js');
    // Also what 512 tokens have: much less than one 255th.
    const cells = Float32Array.of(0, 0.0005, 0.002, 0.03, 0.5, 1);
    const map = new HeatMap({ say() {}, layer() {}, head() {} });
    /** @type {number[]} */
    const differences = [];
    for (const scale of ['sqrt', 'linear', 'log']) {
      for (const dark of [false, true]) {
        map.draw({ rows: ['a', 'b'], columns: ['x', 'y', 'z'], cells }, { dark, scale, name: '' });
        const context = map.canvas.getContext('2d');
        cells.forEach((value, i) => {
          const painted = context.getImageData(i % 3, Math.floor(i / 3), 1, 1).data;
          const wanted = cssColor(value, dark, scale).match(/\d+/g).map(Number);
          differences.push(Math.max(...wanted.map((channel, k) => Math.abs(channel - painted[k]))));
        });
      }
    }
    return differences;
  });
  assert.equal(differences.length, 36);
  assert.ok(Math.max(...differences) <= 2, `colours differ by ${differences}`);
  await close();
});

test('no label of small cells is cut at an edge', async () => {
  const { page, answered, close } = await openPage(link({ text: wordsOf(130) }));
  await answered();
  const cut = await page.evaluate(() => ['.row-labels canvas', '.column-labels canvas'].map((labels) => {
    const canvas = document.querySelector(labels);
    const [width, height] = labels.startsWith('.row') ? [canvas.width, 1] : [1, canvas.height];
    const edge = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    return edge.some((v, i) => v !== edge[i % 4]);
  }));
  assert.deepEqual(cut, [false, false]);
  await close();
});

test('on a fine screen cells are sharp, and many of them few pixels', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }), { deviceScaleFactor: 3 });
  await answered();
  const cells = page.locator('.heat-map .cells');
  const shot = (await cells.screenshot()).toString('base64');
  const differences = await page.evaluate(async (shot) => {
    const image = new Image();
    image.src = `data:image/png;base64,${shot}`;
    await image.decode();
    const copy = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height }).getContext('2d');
    copy.drawImage(image, 0, 0);
    const map = document.querySelector('.heat-map .cells');
    const side = image.width / 6;
    const differences = [];
    // Those that the cross does not lie on, near their corners.
    for (const at of [1, 2, 3, 4, 5]) {
      const wanted = map.getContext('2d').getImageData(6 - at, at, 1, 1).data;
      for (const share of [0.06, 0.94]) {
        const shown = copy.getImageData(Math.floor((6 - at + share) * side), Math.floor((at + share) * side), 1, 1).data;
        differences.push(Math.max(...[0, 1, 2].map((c) => Math.abs(shown[c] - wanted[c]))));
      }
    }
    return differences;
  }, shot);
  assert.ok(Math.max(...differences) <= 2, `colours differ by ${differences}`);
  await page.locator('textarea').first().fill(wordsOf(900));
  await page.locator('.heat-map[aria-rowcount="512"]').waitFor();
  const pixels = await page.locator('canvas').evaluateAll((all) => all.reduce((sum, { width, height }) => sum + width * height, 0));
  assert.ok(pixels < 1 << 23, `${pixels} pixels are painted`);
  await close();
});

test('what the heat map says is what the server answers', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20cat%20sat.&layer=3&head=5');
  await answered();
  const want = await page.evaluate(async () => {
    const response = await fetch('attention', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ text: 'The cat sat.', layers: [3], heads: [5] }),
    });
    return (await response.json()).results[0].attention[0][0][1][2];
  });
  await page.getByRole('grid').focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  const said = Number((await page.locator('.readout').textContent()).match(/[\d.]+$/)[0]);
  assert.ok(Math.abs(said - want) < 0.001, `said ${said}, the server ${want}`);
  await close();
});

test('lines and table show the chosen head', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&view=arcs&specials=1');
  await answered();
  await page.locator('svg.arcs path').first().waitFor({ state: 'attached' });
  await page.getByText('Some tokens are left out').waitFor();
  await page.getByLabel('As', { exact: true }).selectOption('table');
  await page.locator('.close-up table').waitFor();
  await page.getByLabel('Show', { exact: true }).selectOption('rollout');
  await page.getByRole('heading', { name: 'Rollout up to layer 1' }).waitFor();
  await close();
});

test('two texts are pinned side by side', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20river%20bank.');
  await answered();
  await page.getByRole('button', { name: 'Pin this text' }).click();
  await page.locator('textarea').first().fill('The savings bank.');
  await page.locator('.answer').nth(1).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.head-grid canvas').length === 2);
  assert.equal(await page.locator('textarea').first().inputValue(), 'The savings bank.');
  await close();
});

test('an emptied text leaves the pinned one', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20river%20bank.');
  await answered();
  await page.getByRole('button', { name: 'Pin this text' }).click();
  await page.locator('textarea').first().fill('');
  await page.waitForFunction(() => document.querySelectorAll('.answer').length === 1 && document.querySelectorAll('.head-grid canvas').length === 1);
  assert.equal(await page.locator('.problem').count(), 0);
  await page.locator('textarea').first().fill('The savings bank.');
  await page.locator('.answer').nth(1).waitFor();
  assert.deepEqual(await page.locator('.answer h2').allTextContents(), ['“The river bank.”', '“The savings bank.”']);
  await close();
});

test('a layer that a model lacks is its last', async () => {
  const { page, answered, close } = await openPage('#/attention?v=1&text=The%20cat%20sat.&layer=99&head=99&model=en&model2=zh');
  await answered();
  await page.locator('.answer').nth(1).getByRole('heading', { name: 'Layer 4, head 8', exact: true }).waitFor();
  await page.locator('.answer').nth(0).getByRole('heading', { name: 'Layer 6, head 12', exact: true }).waitFor();
  assert.equal(await page.locator('.problem').count(), 0);
  await close();
});

test('the entropy of a head is that of exact probabilities', async () => {
  const text = Array.from({ length: 120 }, (_, i) => ['The river', 'ran past', 'an old mill,', 'and nobody'][i % 4]).join(' ');
  const { page, answered, close } = await openPage(`#/attention?v=1&layer=5&head=0&text=${encodeURIComponent(text)}`);
  await answered();
  const entropies = await page.evaluate(async (text) => {
    const response = await fetch('attention', {
      method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/octet-stream' },
      body: JSON.stringify({ text, layers: [5] }),
    });
    const [, heads, tokens] = response.headers.get('X-Attention-Shape').split(',').map(Number);
    const values = new Float32Array(await response.arrayBuffer());
    return Array.from({ length: heads }, (_, h) => values.subarray(h * tokens * tokens, (h + 1) * tokens * tokens)
      .reduce((sum, p) => sum - (p > 0 ? p * Math.log2(p) : 0), 0) / tokens);
  }, text);
  await gridReady(page);
  const said = async (selector) => (await page.locator(selector).getAttribute('aria-label') ?? '').match(/([\d.]+) bits/)[1];
  for (const [head, want] of entropies.entries()) {
    const estimated = Number(await said(`.heads button >> nth=${5 * entropies.length + head}`));
    assert.ok(Math.abs(estimated - want) < 0.5, `head ${head + 1}: ${estimated} bits in the grid, ${want} exactly`);
  }
  assert.match(await page.locator('.facts').textContent(), new RegExp(`entropy ${entropies[0].toFixed(2)} bits`));
  await close();
});

test('pictures follow the light and the dark', async () => {
  const { page, answered, close } = await openPage('#/attention', { colorScheme: 'light' });
  await answered();
  const paper = () => page.locator('.row-labels canvas').evaluate((canvas) => [...canvas.getContext('2d').getImageData(1, 1, 1, 1).data.subarray(0, 3)].reduce((a, b) => a + b));
  assert.ok(await paper() > 600);
  await page.getByRole('button', { name: 'Light / dark' }).click();
  assert.ok(await paper() < 200, 'after the button');
  await close();
  const other = await openPage('#/attention', { colorScheme: 'light' });
  await other.answered();
  await other.page.emulateMedia({ colorScheme: 'dark' });
  await other.page.waitForFunction(() => [...document.querySelector('.row-labels canvas').getContext('2d').getImageData(1, 1, 1, 1).data.subarray(0, 3)].reduce((a, b) => a + b) < 200);
  await other.close();
});

test('of a text beyond the model its beginning is shown, and the cut is said', async () => {
  const [long, longer] = [wordsOf(900), wordsOf(700)];
  for (const state of [{ text: long }, { text: 'A short one.', pair: long }, { text: long, pair: longer }]) {
    const { page, answered, close } = await openPage(link({ ...state, layer: '3', head: '5' }));
    await answered();
    await page.locator('.answer strong', { hasText: 'The end of the text was not read.' }).waitFor();
    assert.match(await live(page).textContent(), /between 512 tokens. The end of the text was not read/);
    const { pieces, truncated, attention } = JSON.parse(await saved(page, 'JSON'));
    const want = await page.evaluate(async ({ text, pair }) => {
      const response = await fetch('attention', {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ text, ...(pair && { text_pair: pair }), layers: [3], heads: [5] }),
      });
      const { pieces, attention } = (await response.json()).results[0];
      return { pieces, row: attention[0][0][511] };
    }, state);
    assert.equal(truncated, true);
    assert.deepEqual(pieces.map((p) => `${p.token} ${p.type}`), want.pieces.map((p) => `${p.token} ${p.type}`));
    assert.equal(attention.length, 512);
    for (const row of attention) assert.ok(Math.abs(row.reduce((sum, p) => sum + p) - 1) < 1e-3);
    assert.ok(attention[511].every((p, i) => Math.abs(p - want.row[i]) < 1e-5), 'the last row is the server’s');
    await page.getByRole('grid').press('Control+End');
    assert.match(await page.locator('.readout').textContent(), /from “\[SEP\]” to “\[SEP\]”/);
    await close();
  }
});

test('a text of any length leaves the page answering', async () => {
  const { page, answered, close } = await openPage(link({ text: 'A short one.' }));
  await answered();
  await page.evaluate(() => {
    window.gap = 0;
    let last = performance.now();
    setInterval(() => { window.gap = Math.max(window.gap, performance.now() - last); last = performance.now(); }, 5);
  });
  await page.locator('textarea').first().fill(wordsOf(1500));
  await page.waitForFunction(() => document.querySelector('.heat-map')?.getAttribute('aria-rowcount') === '512', null, { timeout: 15000 });
  await gridReady(page);
  const gap = await page.evaluate(() => window.gap);
  assert.ok(gap < 1500, `the page did not answer for ${gap.toFixed()} ms`);
  // A newer text takes the place of one whose grid is not ready yet.
  await page.getByLabel('Join pieces to words').check();
  await page.locator('textarea').first().fill('The cat sat.');
  await page.waitForFunction(() => document.querySelector('.heat-map')?.getAttribute('aria-rowcount') === '6' && !document.querySelector('.head-grid[aria-busy]'));
  assert.equal(await page.locator('.head-grid canvas').evaluate((canvas) => canvas.width), 12 * 6);
  await close();
});

test('a long text is saved as a picture', async () => {
  const { page, answered, close } = await openPage(link({ text: wordsOf(1500) }));
  await answered();
  const svg = String(await saved(page, 'SVG'));
  assert.match(svg, /<image [^>]*href="data:image\/png;base64,/);
  assert.ok(svg.length < 2e6, `${svg.length} bytes`);
  const png = (await saved(page, 'PNG')).toString('base64');
  // The upper left and the lower right cell have the colours on screen.
  const [printed, shown] = await page.evaluate(async (png) => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [image.width, image.height];
    copy.getContext('2d').drawImage(image, 0, 0);
    const colors = (canvas, { left, top, right }) => [0, 511 * 5].map((at) => {
      const zoom = canvas.width / (left + 512 * 5 + right);
      return [...canvas.getContext('2d').getImageData(Math.floor((left + at + 2.5) * zoom), Math.floor((top + at + 2.5) * zoom), 1, 1).data];
    });
    // Around the cells there are labels, a margin and the caption.
    return [colors(copy, { left: 16 + 96, top: 16 + 28 + 96, right: 16 }), colors(document.querySelector('.heat-map .cells'), { left: 0, top: 0, right: 0 })];
  }, png);
  for (const [i, color] of printed.entries()) assert.ok(color.every((v, k) => Math.abs(v - shown[i][k]) <= 3), `${printed} on paper, ${shown} on screen`);
  await close();
});

test('a saved picture says which head it shows, of which model, and what its colours or lines mean', async () => {
  for (const [state, key] of [[{ scale: 'log' }, ['≤ 0.001', '0.01', '0.1', '1']], [{ view: 'arcs', least: '0.1' }, ['lines from 0.10 on']]]) {
    const { page, answered, close } = await openPage(link({ text: 'The cat sat.', layer: '1', head: '2', model: 'en', ...state }));
    await answered();
    const svg = String(await saved(page, 'SVG'));
    await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`);
    const texts = await page.locator('text').allTextContents();
    for (const text of ['Layer 2, head 3 · en', ...key]) assert.ok(texts.some((t) => t.includes(text)), `${text} in ${texts}`);
    await close();
  }
});

test('a picture that cannot be saved says so', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  await answered();
  await page.evaluate(() => { HTMLCanvasElement.prototype.toBlob = () => { throw new Error('too large'); }; });
  await page.getByRole('button', { name: 'PNG', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'too large' }).waitFor();
  await close();
});

test('nonsense in a link is as if it were not there', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', scale: 'foo', mode: 'x', view: '3d', direction: 'XX', layer: '1.5', head: '-1' }));
  await answered();
  for (const [i, nonsense] of [{ scale: 'toString' }, { head: '-1' }, { head: '1.5' }, { layer: '-5' }, { layer: 'NaN' }, { least: 'abc', view: 'arcs' }, { least: '-9', view: 'arcs' },
    { direction: '__proto__' }, { mode: 'constructor' }, { view: 'toString' }, { words: 'x' }, { pattern: 'x' }].entries()) {
    const text = `The cat sat ${i}.`;
    await page.evaluate((fragment) => { location.hash = fragment; }, link({ text, ...nonsense }));
    await page.waitForFunction((text) => document.querySelector('textarea')?.value === text && document.querySelector('.tools code')?.textContent.includes(text), text);
    assert.equal(await page.locator('.close-up h3').textContent(), 'Layer 1, head 1', JSON.stringify(nonsense));
    for (const [choice, want] of [['Show', ''], ['As', nonsense.view === 'arcs' ? 'arcs' : ''], ['Colour scale', 'sqrt'], ['Segments', '']]) {
      assert.equal(await page.getByLabel(choice, { exact: true }).inputValue(), want, JSON.stringify(nonsense));
    }
    if (nonsense.view === 'arcs') assert.equal(await page.locator('.stepper output').textContent(), nonsense.least === 'abc' ? '0.05' : '0.00');
    else assert.match(await page.locator('.readout').textContent(), /from “\[CLS\]” to “\[CLS\]”: \d\.\d{3}/, JSON.stringify(nonsense));
  }
  await close(); // and nothing was thrown
});

test('a tap reads a cell', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }), { hasTouch: true, isMobile: true, viewport: { width: 320, height: 800 } });
  await answered();
  const canvas = page.locator('.heat-map .cells');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.touchscreen.tap(box.x + 2.5 * 26, box.y + 1.5 * 26);
  assert.match(await page.locator('.readout').textContent(), /from “the” to “cat”/);
  assert.match(await live(page).textContent(), /from “the” to “cat”/);
  await close();
});

test('the keyboard’s cell is on screen, and a narrow page shows that the map scrolls', async () => {
  const { page, answered, close } = await openPage(link({ text: wordsOf(20) }), { viewport: { width: 320, height: 600 } });
  await answered();
  await page.locator('.close-up').getByText('it scrolls').waitFor();
  /** The edges beyond which there is more, each with its shade. */
  const edges = () => page.locator('.close-up .edges').evaluate((edges) => {
    const shades = getComputedStyle(edges).boxShadow.match(/inset/g)?.length ?? 0;
    return shades === edges.classList.length - 1 ? [...edges.classList].slice(1).sort().join() : `${edges.className} with ${shades} shades`;
  });
  await page.waitForFunction(() => document.querySelector('.close-up .edges.more-right'));
  assert.equal(await edges(), 'more-below,more-right');
  const visible = () => page.locator('.cross-cell').evaluate((cell) => {
    const [box, room] = [cell, document.querySelector('.close-up .scroll')].map((e) => e.getBoundingClientRect());
    const [besides, above] = ['.row-labels', '.column-labels'].map((labels) => document.querySelector(labels).getBoundingClientRect());
    // The labels are on screen, and the cell beside them.
    return besides.left >= room.left && above.top >= Math.max(room.top, 0)
      && box.left >= besides.right && box.right <= room.right && box.top >= above.bottom && box.bottom <= Math.min(room.bottom, innerHeight);
  });
  const grid = page.getByRole('grid');
  await grid.press('End');
  assert.ok(await visible(), 'the last column');
  await page.waitForFunction(() => document.querySelector('.close-up .edges.more-left'));
  assert.equal(await edges(), 'more-below,more-left');
  await grid.press('Control+End');
  assert.ok(await visible(), 'the last cell');
  assert.ok((await page.locator('.readout').boundingBox()).y >= 0, 'what it says is on screen too');
  await grid.press('Control+Home');
  assert.ok(await visible(), 'the first cell');
  await page.getByLabel('As', { exact: true }).selectOption('table');
  await page.locator('.close-up').getByText('it scrolls').waitFor();
  assert.equal(await edges(), 'more-right');
  await close();
});

test('the map in focus has a frame that does not scroll away', async () => {
  const { page, answered, close } = await openPage(link({ text: wordsOf(60) }));
  await answered();
  await page.getByLabel('Head', { exact: true }).focus();
  await page.keyboard.press('Tab');
  const outlined = await page.evaluate(() => ['.heat-map', '.scroll-frame:has(.heat-map)'].map((part) => getComputedStyle(document.querySelector(part)).outlineStyle));
  assert.deepEqual(outlined, ['none', 'solid']);
  await close();
});

test('what changes nothing adds no step of Back', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', layer: '0', head: '0' }));
  await answered();
  const steps = await page.evaluate(() => history.length);
  await page.getByRole('grid').press('PageUp');
  await page.getByRole('grid').press('[');
  await page.locator('.heads button').first().click();
  assert.equal(await page.evaluate(() => history.length), steps);
  await page.locator('.heads button').nth(14).click();
  await page.getByRole('heading', { name: 'Layer 2, head 3', exact: true }).waitFor();
  assert.equal(await page.evaluate(() => history.length), steps + 1);
  await close();
});

test('the heads that keys pass through are one step of Back', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  await answered();
  await page.locator('.heads button').nth(14).click();
  const steps = await page.evaluate(() => history.length);
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await page.keyboard.press(key);
  for (const key of ['PageDown', ']']) await page.getByRole('grid').press(key);
  await page.getByRole('heading', { name: 'Layer 4, head 6', exact: true }).waitFor();
  assert.equal(await page.evaluate(() => history.length), steps);
  await page.goBack();
  await page.getByRole('heading', { name: 'Layer 1, head 1', exact: true }).waitFor();
  await close();
});

test('the code holds every request, also after the page is drawn again', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', layer: '2', head: '4' }));
  await answered();
  const code = page.locator('.tools code');
  const before = await code.textContent();
  assert.equal(before.match(/curl/g).length, 3);
  assert.match(before, /"layers":\[2\],"heads":\[4\]/);
  await page.getByRole('button', { name: 'Light / dark' }).click();
  assert.equal(await code.textContent(), before);
  await close();
});

test('layer and head are chosen by name, in step with the grid', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  await answered();
  const [layer, head] = ['Layer', 'Head'].map((name) => page.getByLabel(name, { exact: true }));
  assert.deepEqual([await layer.locator('option').allTextContents(), await head.locator('option').count()], [['1', '2', '3', '4', '5', '6'], 12]);
  await layer.selectOption('3');
  await head.selectOption('7');
  await page.getByRole('heading', { name: 'Layer 3, head 7', exact: true }).waitFor();
  assert.match(await page.locator('.heads [aria-pressed="true"]').getAttribute('aria-label'), /^Layer 3, head 7:/);
  await page.locator('.heads button').nth(14).click();
  await page.getByRole('heading', { name: 'Layer 2, head 3', exact: true }).waitFor();
  assert.deepEqual([await layer.inputValue(), await head.inputValue()], ['1', '2']);
  assert.deepEqual(await page.locator('.layer-numbers span').allTextContents(), ['1', '2', '3', '4', '5', '6']);
  assert.equal(await page.locator('.head-numbers span').count(), 12);
  for (const mode of ['mean', 'rollout']) {
    await page.getByLabel('Show', { exact: true }).selectOption(mode);
    await page.getByRole('heading', { name: mode === 'mean' ? 'Layer 2, mean of its heads' : 'Rollout up to layer 2', exact: true }).waitFor();
    assert.equal(await head.isVisible(), false, mode);
    assert.equal(await layer.isVisible(), true, mode);
    assert.equal(await page.locator('.heads [aria-pressed="true"]').count(), 12);
  }
  await close();
});

test('the mean of a layer is that of its heads', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', layer: '3', mode: 'mean' }));
  await answered();
  const { attention } = JSON.parse(await saved(page, 'JSON'));
  const want = await page.evaluate(async () => {
    const response = await fetch('attention', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: 'The cat sat.', layers: [3] }) });
    const [heads] = (await response.json()).results[0].attention;
    return heads[0].map((row, r) => row.map((_, c) => heads.reduce((sum, head) => sum + head[r][c], 0) / heads.length));
  });
  want.forEach((row, r) => row.forEach((p, c) => assert.ok(Math.abs(p - attention[r][c]) < 1e-5, `${r}, ${c}: ${attention[r][c]}, want ${p}`)));
  await close();
});

test('what changed is said: the head, what it does, and the cell', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  await answered();
  await page.getByRole('button', { name: 'Light / dark' }).click(); // draws anew, and has nothing to say
  assert.match(await live(page).textContent(), /^Attention between 6 tokens\. Layer 1, head 1: .+, entropy \d\.\d\d bits$/);
  const grid = page.getByRole('grid');
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight']) await grid.press(key);
  assert.match(await live(page).textContent(), /^from “the” to “cat”: \d\.\d{3}$/);
  for (const [key, name] of [[']', 'Layer 1, head 2'], ['PageDown', 'Layer 2, head 2']]) {
    await grid.press(key);
    await page.getByRole('heading', { name, exact: true }).waitFor();
    assert.match(await live(page).textContent(), new RegExp(`^${name}: .+, entropy \\d\\.\\d\\d bits\\. from “the” to “cat”: \\d\\.\\d{3}$`));
  }
  await page.locator('.heads button').nth(14).click();
  await page.getByRole('heading', { name: 'Layer 2, head 3', exact: true }).waitFor();
  assert.match(await live(page).textContent(), /^Layer 2, head 3: .+ bits$/);
  await page.getByLabel('Show', { exact: true }).selectOption('mean');
  await page.getByRole('heading', { name: 'Layer 2, mean of its heads', exact: true }).waitFor();
  assert.match(await live(page).textContent(), /^Layer 2, mean of its heads: .+ bits$/);
  await close();
});

test('the legend has the colours of the scale', async () => {
  for (const scale of ['sqrt', 'linear', 'log']) {
    const { page, answered, close } = await openPage(link({ text: 'The cat sat.', scale }));
    await answered();
    const different = await page.evaluate(async (scale) => {
      const { cssColor } = await import('/web/js/attention/color.js');
      const canvas = document.querySelector('.legend canvas');
      const room = canvas.getBoundingClientRect();
      return [...document.querySelectorAll('.legend .ticks span')].map((tick) => {
        const p = Number(tick.textContent.replace('≤', ''));
        const x = Math.min(255, Math.round(256 * (parseFloat(tick.style.left) / 100)));
        const painted = canvas.getContext('2d').getImageData(x, 0, 1, 1).data;
        const wanted = cssColor(p, false, scale).match(/\d+/g).map(Number);
        return { p, room: room.width, off: Math.max(...wanted.map((v, k) => Math.abs(v - painted[k]))) };
      });
    }, scale);
    assert.ok(different.length >= 4 && different.at(-1).p === 1);
    assert.ok(different.every(({ off }) => off <= 4), JSON.stringify(different));
    await close();
  }
});

test('lines shorten long words from their end, and have them whole', async () => {
  const { page, answered, close } = await openPage(link({ text: 'Pneumonoultramicroscopicsilicovolcanoconiosis hurts.', words: '1', view: 'arcs' }));
  await answered();
  const labels = page.locator('svg.arcs text').filter({ hasText: /^pneumono/ });
  assert.equal(await labels.count(), 2);
  for (const label of await labels.all()) {
    assert.match(await label.evaluate((text) => text.firstChild.nodeValue), /^pneumonoultra\w*…$/);
    assert.equal(await label.locator('title').textContent(), 'pneumonoultramicroscopicsilicovolcanoconiosis');
    const [box, room] = [await label.boundingBox(), await page.locator('svg.arcs').boundingBox()];
    assert.ok(box.x >= room.x && box.x + box.width <= room.x + room.width);
  }
  await close();
});

test('a saved answer says what it is of', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', pair: 'It slept.', layer: '1', head: '2' }));
  await answered();
  const { attention, pieces, from, to, ...of } = JSON.parse(await saved(page, 'JSON'));
  assert.deepEqual(of, { model: 'en', text: 'The cat sat.', text_pair: 'It slept.', truncated: false, name: 'Layer 2, head 3', mode: 'head', layer: 1, head: 2 });
  assert.deepEqual([attention.length, pieces.length, from, to], [10, 10, to, pieces.map((p) => p.token)]);
  await page.getByLabel('Show', { exact: true }).selectOption('mean');
  await page.getByRole('heading', { name: 'Layer 2, mean of its heads', exact: true }).waitFor();
  const mean = JSON.parse(await saved(page, 'JSON'));
  assert.deepEqual([mean.mode, mean.layer, 'head' in mean], ['mean', 1, false]);
  await close();
});

test('the heads of a pattern are outlined', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat on the mat.' }));
  await answered();
  const patterns = page.getByRole('group', { name: 'Outline the heads of a pattern' }).getByRole('button');
  const counts = (await patterns.allTextContents()).map((text) => Number(text.match(/\d+$/)[0]));
  assert.equal(counts.reduce((a, b) => a + b), 72);
  assert.deepEqual(counts, counts.toSorted((a, b) => b - a));
  const pattern = (await patterns.nth(1).textContent()).replace(/: \d+$/, '');
  await patterns.nth(1).press('Enter');
  assert.equal(await patterns.nth(1).getAttribute('aria-pressed'), 'true');
  const outlined = await page.locator('.heads .outlined').evaluateAll((buttons) => buttons.map((b) => b.getAttribute('aria-label')));
  assert.equal(outlined.length, counts[1]);
  for (const label of outlined) assert.ok(label.includes(`: ${pattern}, entropy`), label);
  // A text without such a head keeps the button that takes the outlines away.
  const url = page.url();
  await page.evaluate((fragment) => { location.hash = fragment; }, `${url.slice(url.indexOf('#')).replace(/pattern=\w+/, 'pattern=same')}&k=1`);
  const same = page.locator('.patterns button', { hasText: 'the same token' });
  await same.waitFor();
  assert.equal(await same.getAttribute('aria-pressed'), 'true');
  await same.click();
  assert.equal(await page.locator('.heads .outlined').count(), 0);
  assert.ok(!page.url().includes('pattern='));
  await close();
});

test('on a narrow page lines are drawn large enough to be read', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.', view: 'arcs' }), { viewport: { width: 320, height: 800 } });
  await answered();
  const size = await page.locator('svg.arcs').evaluate((svg) => 14 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width);
  assert.ok(size >= 10, `letters of ${size} pixels`);
  await close();
});

test('all heads are asked once, however many are looked at', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  let all = 0;
  page.on('request', (request) => { if (request.postData()?.includes('uint8')) all++; });
  await answered();
  for (let i = 1; i <= 30; i++) {
    await page.getByRole('grid').press(i % 11 === 0 ? 'PageDown' : Math.floor(i / 11) % 2 === 0 ? ']' : '[');
    await page.waitForFunction((n) => document.querySelectorAll('.heads button')[n]?.ariaPressed === 'true',
      12 * Math.floor(i / 11) + (Math.floor(i / 11) % 2 === 0 ? i % 11 : 10 - (i % 11)));
  }
  assert.ok(all <= 1, `asked ${all} times more`);
  await close();
});

test('a long text can be cancelled while it is read', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The cat sat.' }));
  await answered();
  await page.route('**/attention', () => { /* never answered */ });
  await page.locator('textarea').first().fill(wordsOf(1500));
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator('#status', { hasText: 'Cancelled.' }).waitFor();
  await page.unroute('**/attention');
  await page.getByRole('button', { name: 'Ask again' }).click();
  await page.waitForFunction(() => document.querySelector('.heat-map')?.getAttribute('aria-rowcount') === '512');
  await close();
});
