/**
 * `lab?gristmill-run=RUN`, where a hub's wizard leads: the run's notebook, with its data, comes into the person's files
 * and is shown. The address forgets it at once, so that a page that is loaded again opens no second copy.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';

import { sentence } from './pieces';
import { tell, tellRefused } from './telling';
import { words } from './words';

const ASKED = 'gristmill-run';

/** `open` what the address asks for, if it does. */
export function arriving(app: JupyterFrontEnd, open: (run: string) => Promise<void>): void {
  const run = new URL(window.location.href).searchParams.get(ASKED);
  if (run) {
    // Never, where another window has this workspace: JupyterLab then moves on to one of its own, with the same query.
    void app.restored.then(() => arrived(run, open));
  }
}

async function arrived(run: string, open: (run: string) => Promise<void>): Promise<void> {
  forget();
  tell(words.opening);
  try {
    await open(run);
  } catch (error) {
    tellRefused(sentence(error));
  }
  forget(); // a workspace that was begun anew has put its address back meanwhile
}

function forget(): void {
  const address = new URL(window.location.href);
  if (address.searchParams.has(ASKED)) {
    address.searchParams.delete(ASKED);
    window.history.replaceState(window.history.state, '', address);
  }
}
