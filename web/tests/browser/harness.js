// Starts the real server and a real browser for a test file.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const BINARY = process.env.CLOZE_API ?? fileURLToPath(new URL('../../../bin/cloze-api', import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** @type {{url: string, browser: import('playwright-core').Browser}} */
export const site = { url: '', browser: /** @type {any} */ (null) };

let server;

/** Call once in a test file.
 * @param {() => Promise<string[]>} [options]  of the server, beside its own */
export function useSite(options = async () => []) {
  before(async () => {
    server = spawn(BINARY, ['--listen', '127.0.0.1:0', '--log-format', 'json', ...await options()], { stdio: ['ignore', 'pipe', 'pipe'] });
    site.url = await firstAddress(server);
    site.browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    });
  });
  after(async () => {
    await site.browser?.close();
    server?.kill('SIGTERM');
  });
}

function firstAddress(process) {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (chunk) => {
      log += chunk;
      const listening = log.match(/"url":"([^"]+)"/);
      if (listening && log.includes('"ready"')) resolve(listening[1]);
    };
    process.stdout.on('data', read);
    process.stderr.on('data', read);
    process.on('error', reject);
    process.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
  });
}

/**
 * A page that fails its test for what the page should never do: break its
 * Content-Security-Policy, throw, or ask another host.
 * @param {import('playwright-core').BrowserContextOptions} [options]
 * @param {{faults?: boolean}} [expect]  faults: false where the test itself breaks the policy
 */
export async function openPage(fragment = '', options = {}, expect = {}) {
  const context = await site.browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`threw ${error.message}`));
  page.on('console', (message) => { if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text()); });
  page.on('request', (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) faults.push(`asked ${request.url()}`); });
  await page.goto(`${site.url}/${fragment}`);
  return {
    page,
    answered: () => page.locator('.answer .result > *').first().waitFor(),
    close: async () => {
      await context.close();
      if (expect.faults !== false) assert.deepEqual(faults, []);
    },
  };
}
