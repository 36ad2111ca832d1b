// Asking the server: the same public API that curl uses.

/**
 * @typedef {{path: string, body: any, accept?: string}} Request
 * @typedef {{name: string, milliseconds: number}} Timing
 * @typedef {{data: any, headers: Headers, timings: Timing[], milliseconds: number}} Answer
 */

/** A problem+json answer (RFC 9457), or that no answer came. */
export class Problem extends Error {
  /** @param {{title: string, detail?: string, status?: number, errors?: {pointer?: string, detail: string}[], example?: string, request_id?: string, limit?: number, actual?: number}} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** Answers to the last requests: the same question is not asked twice, so that
 * Back, and a change that needs one of several requests anew, are instant. */
const answered = new Map();
const KEPT_ANSWERS = 24;
/** All heads of 512 tokens take 19 MB. */
const KEPT_BYTES = 1 << 27;

/**
 * Posts a request, or returns its answer if it was asked before.
 * @param {Request} request
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function ask(request, signal) {
  const key = JSON.stringify(request);
  const before = answered.get(key);
  if (before) {
    // The one used last goes last.
    answered.delete(key);
    answered.set(key, before);
    return before;
  }
  const answer = await post(request, signal);
  answered.set(key, answer);
  let bytes = 0;
  let kept = 0;
  for (const [old, { data }] of [...answered].reverse()) {
    bytes += data.byteLength ?? 0;
    if (++kept > KEPT_ANSWERS || (bytes > KEPT_BYTES && kept > 1)) answered.delete(old);
  }
  return answer;
}

/**
 * @param {Request} request
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function post({ path, body, accept = 'application/json' }, signal) {
  const begin = performance.now();
  let response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: accept },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Problem({ title: 'no-answer' });
  }
  if (!response.ok) throw new Problem(await readProblem(response));
  const data = accept === 'application/json' ? await response.json() : await response.arrayBuffer();
  return {
    data,
    headers: response.headers,
    timings: parseServerTiming(response.headers.get('Server-Timing') || ''),
    milliseconds: performance.now() - begin,
  };
}

/** @param {string} path  @param {AbortSignal} [signal]  @returns {Promise<any>} */
export async function get(path, signal) {
  const response = await fetch(path, { headers: { Accept: 'application/json' }, signal });
  if (!response.ok) throw new Problem(await readProblem(response));
  return response.json();
}

/** @param {Response} response */
async function readProblem(response) {
  try {
    return await response.json();
  } catch {
    return { title: `${response.status} ${response.statusText}`, status: response.status };
  }
}

/** @param {string} header  @returns {Timing[]} */
export function parseServerTiming(header) {
  return header.split(',').map((part) => {
    const [name, ...parameters] = part.trim().split(';');
    const duration = parameters.map((p) => p.trim().split('=')).find(([key]) => key === 'dur');
    return { name, milliseconds: duration ? Number(duration[1]) : NaN };
  }).filter((t) => t.name && Number.isFinite(t.milliseconds));
}
