// What every result says of itself: which model, how much it read.

import { h } from './dom.js';
import { t } from './i18n.js';

/** @param {{model: string, tokens: number, truncated: boolean, windows: number}} result */
export function readNotes(result) {
  return h('p', { class: 'hint' },
    t('read', { model: result.model, tokens: result.tokens }),
    result.windows > 1 && ' ' + t('read-in-windows', { windows: result.windows }),
    result.truncated && h('strong', {}, ' ' + t('read-truncated')));
}
