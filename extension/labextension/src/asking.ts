/**
 * A dialog that does something when it is said yes to, and stays open with a sentence where that is refused, so that
 * nothing that was typed is lost. JupyterLab's own closes first and leaves its caller to find out.
 */

import { Dialog } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { make, sentence } from './pieces';
import { words } from './words';

/** What is asked: it prepares itself when it is shown, and does what was asked when it is said yes to. */
export interface IQuestion {
  title: string;
  yes: string;
  /** What to show while `act` is at work. */
  busy: string;
  /** Fill `into`; whether there is something that can be said yes to. */
  prepare: (into: HTMLElement) => Promise<boolean>;
  act: () => Promise<void>;
  /** The dialog was closed without a yes. */
  dropped?: () => void;
}

const YES = 1;

export class Asking extends Dialog<unknown> {
  constructor(private readonly question: IQuestion) {
    const into = make('div', 'gm-form');
    const said = make('p', 'gm-said');
    said.setAttribute('role', 'status');
    super({
      title: question.title,
      body: new Widget({ node: make('div', 'gm-dialog', into, said) }),
      buttons: [Dialog.cancelButton({ label: words.cancel }), Dialog.okButton({ label: question.yes })],
      defaultButton: YES
    });
    this.said = said;
    this.addClass('gm-Asking');
    this.node.setAttribute('aria-label', question.title);
    this.free(false);
    void this.prepared(into);
  }

  resolve(index?: number): void {
    if ((index ?? YES) !== YES) {
      super.resolve(index);
    } else if (this.isFree) {
      void this.act();
    }
  }

  dispose(): void {
    if (!this.isDisposed && !this.isDone) {
      this.question.dropped?.();
    }
    super.dispose();
  }

  private async prepared(into: HTMLElement): Promise<void> {
    try {
      const ready = await this.question.prepare(into);
      this.free(ready);
      into.querySelector<HTMLElement>('select, input')?.focus();
    } catch (error) {
      into.replaceChildren();
      this.say(sentence(error), true);
    }
  }

  private async act(): Promise<void> {
    this.free(false);
    this.say(this.question.busy);
    try {
      await this.question.act();
    } catch (error) {
      this.say(sentence(error), true);
      this.free(true);
      return;
    }
    this.isDone = true;
    super.resolve(YES);
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    setTimeout(() => this.keepFocus()); // the dialog's own choice comes first, and may be a button that is disabled
  }

  private free(free: boolean): void {
    this.isFree = free;
    const yes = this.pressable('accept');
    if (yes) {
      const had = document.activeElement === yes;
      yes.disabled = !free;
      if (had) {
        this.keepFocus(true);
      }
    }
  }

  /** Escape is heard only while something in the dialog has the focus. */
  private keepFocus(isLost = false): void {
    if (this.isAttached && (isLost || !this.node.contains(document.activeElement))) {
      this.pressable('reject')?.focus();
    }
  }

  private pressable(kind: 'accept' | 'reject'): HTMLButtonElement | null {
    return this.node.querySelector<HTMLButtonElement>(`.jp-Dialog-footer .jp-mod-${kind}`);
  }

  private say(what: string, refused = false): void {
    this.said.textContent = what;
    this.said.classList.toggle('gm-mod-refused', refused);
  }

  private readonly said: HTMLElement;
  private isFree = false;
  private isDone = false;
}
