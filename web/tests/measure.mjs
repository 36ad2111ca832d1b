// Measures what the page promises: the repaint of a 12 × 12 grid of heads over
// 128 tokens, how long the page does not answer while 128 and 512 tokens are
// shown, one text or two on a fine screen, hovering on them, and the bytes of a
// first visit.
//
//     make build && node web/tests/measure.mjs

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const binary = process.env.CLOZE_API ?? fileURLToPath(new URL('../../bin/cloze-api', import.meta.url));
const server = spawn(binary, ['--listen', '127.0.0.1:8123'], { stdio: 'ignore' });
await new Promise((resolve) => { setTimeout(resolve, 2000); });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  let bytes = 0;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  client.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength; });
  const begin = Date.now();
  await page.goto('http://127.0.0.1:8123/');
  await page.locator('.answer .bars').first().waitFor();
  console.log(`first answer after ${Date.now() - begin} ms, ${(bytes / 1000).toFixed(1)} kB`);

  const repaint = await page.evaluate(async () => {
    const { HeadGrid } = await import('/web/js/attention/grid.js');
    const grid = new HeadGrid(() => {});
    document.body.append(grid.element);
    const tokens = 128;
    const heads = Array.from({ length: 144 }, () => Uint8Array.from({ length: tokens * tokens }, () => Math.random() ** 8 * 255));
    const times = [];
    for (let i = 0; i < 60; i++) {
      const from = performance.now();
      grid.draw({ layers: 12, heads: 12 }, heads, { rows: tokens, columns: tokens, dark: i % 2 === 0, scale: 'sqrt' });
      times.push(performance.now() - from);
      await new Promise(requestAnimationFrame);
    }
    grid.element.remove();
    return times.sort((a, b) => a - b);
  });
  console.log(`grid 12 x 12 x 128: median ${median(repaint).toFixed(1)} ms, p95 ${repaint[Math.floor(0.95 * repaint.length)].toFixed(1)} ms`);

  await page.evaluate(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => task.duration))).observe({ type: 'longtask' });
  });
  for (const words of [120, 500, 1500]) {
    const text = Array.from({ length: words }, (_, i) => ['the', 'cat', 'sat', 'on', 'a', 'mat'][i % 6]).join(' ');
    const from = Date.now();
    await page.goto(`http://127.0.0.1:8123/#/attention?v=1&text=${encodeURIComponent(text)}`);
    await page.waitForFunction((n) => document.querySelector('.heat-map')?.getAttribute('aria-rowcount') === String(n), Math.min(words + 2, 512));
    const shown = Date.now() - from;
    await page.waitForFunction(() => !document.querySelector('.head-grid[aria-busy]'));
    const whole = Date.now() - from;
    // Layer by layer, as the keyboard goes.
    const steps = [];
    for (let layer = 2; layer <= 6; layer++) {
      const begin = Date.now();
      await page.locator('.heat-map').press('PageDown');
      await page.waitForFunction((n) => document.querySelector('.close-up h3')?.textContent?.startsWith(`Layer ${n},`), layer);
      steps.push(Date.now() - begin);
    }
    const tasks = await page.evaluate(() => window.tasks.splice(0));
    console.log(`${words} words: head shown after ${shown} ms, all heads after ${whole} ms; next layer after ${median(steps.sort((a, b) => a - b))} ms; longest task ${Math.max(0, ...tasks).toFixed()} ms, ${tasks.length} above 50 ms`);
    const moves = await page.evaluate(async () => {
      const map = /** @type {HTMLElement} */ (document.querySelector('.heat-map'));
      const cells = map.querySelector('.cells');
      const box = cells.getBoundingClientRect();
      const times = [];
      for (let i = 0; i < 100; i++) {
        const event = new PointerEvent('pointermove', { clientX: box.left + 5 * i, clientY: box.top + 5 * i, bubbles: true });
        const before = performance.now();
        cells.dispatchEvent(event);
        times.push(performance.now() - before);
        await new Promise(requestAnimationFrame);
      }
      return times.sort((a, b) => a - b);
    });
    console.log(`${words} words: hovering takes ${median(moves).toFixed(2)} ms, p95 ${moves[95].toFixed(2)} ms`);
  }

  const fine = await browser.newPage({ viewport: { width: 1280, height: 900 }, deviceScaleFactor: 3 });
  await fine.goto('http://127.0.0.1:8123/#/tokens');
  await fine.evaluate(() => {
    window.tasks = [];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((task) => task.duration))).observe({ type: 'longtask' });
  });
  const long = 'the cat sat on a mat '.repeat(100);
  await fine.goto(`http://127.0.0.1:8123/#/attention?v=1&text=${encodeURIComponent(long)}&pinned=${encodeURIComponent(`again ${long}`)}`);
  await fine.waitForFunction(() => document.querySelectorAll('.heat-map[aria-rowcount="512"]').length === 2 && !document.querySelector('.head-grid[aria-busy]'));
  await fine.waitForTimeout(1000);
  const tasks = await fine.evaluate(() => window.tasks);
  console.log(`two texts of 512 tokens at three pixels to one: longest task ${Math.max(0, ...tasks).toFixed()} ms, ${tasks.length} above 50 ms`);
} finally {
  await browser.close();
  server.kill('SIGTERM');
}

function median(sorted) {
  return sorted[Math.floor(sorted.length / 2)];
}
