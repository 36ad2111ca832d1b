// Long work in short slices, between which the page answers to its reader.

/** A slice takes so long, in milliseconds: less than a frame. */
const SLICE = 12;

/**
 * Calls work(0) … work(count − 1). What fits into one slice is done at once.
 * @param {number} count  @param {(i: number) => void} work
 * @param {() => boolean} wanted  asked between slices
 * @returns {Promise<boolean>} whether all was done
 */
export async function inSlices(count, work, wanted) {
  let end = performance.now() + SLICE;
  for (let i = 0; i < count; i++) {
    if (performance.now() > end) {
      await new Promise((resolve) => { setTimeout(resolve); });
      if (!wanted()) return false;
      end = performance.now() + SLICE;
    }
    work(i);
  }
  return true;
}
