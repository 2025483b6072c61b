/** What a person should know of the data, and what has to be said yes to before it is trained on. */

import { make } from './pieces';
import type { Notice } from './platform';
import { words } from './words';

export class Notices {
  readonly node = make('div', 'gm-notices');

  /** The codes that were said yes to. */
  get accepted(): string[] {
    return this.boxes.filter(([, box]) => box.checked).map(([code]) => code);
  }

  /** Show these, each once; what was said yes to stays so. */
  show(notices: Notice[]): void {
    const accepted = this.accepted;
    const once = [...new Map(notices.map(notice => [`${notice.code} ${notice.message}`, notice])).values()];
    this.boxes = [];
    const asked = once.filter(notice => notice.severity === 'confirm').map(notice => this.asked(notice, accepted));
    const told = once
      .filter(notice => notice.severity === 'warning' || notice.severity === 'doubt')
      .map(notice => make('li', '', sentences(notice)));
    this.node.replaceChildren(...list(words.confirm, asked), ...list(words.notices, told));
  }

  private asked(notice: Notice, accepted: string[]): HTMLLIElement {
    const box = make('input');
    box.type = 'checkbox';
    box.checked = accepted.includes(notice.code);
    this.boxes.push([notice.code, box]);
    return make('li', 'gm-mod-asked', make('label', '', box, make('span', '', sentences(notice))));
  }

  private boxes: [string, HTMLInputElement][] = [];
}

function sentences(notice: Notice): string {
  return [notice.message, notice.cure ?? ''].filter(part => part).join(' ');
}

function list(title: string, items: HTMLLIElement[]): HTMLElement[] {
  return items.length ? [make('p', 'gm-label', title), make('ul', '', ...items)] : [];
}
