/**
 * `lab?gristmill-run=RUN`, where a hub's wizard leads: the run's notebook, with its data, comes into the person's files
 * and is shown. The address forgets it at once, so that a page that is loaded again opens no second copy.
 *
 * A second window gets a workspace of its own, which JupyterLab empties; once that is kept, some time after everything
 * is shown, it puts the whole query back into the address, and says that it has routed.
 */

import type { IRouter, JupyterFrontEnd } from '@jupyterlab/application';

import { sentence } from './pieces';
import { tell, tellRefused } from './telling';
import { words } from './words';

const ASKED = 'gristmill-run';

/** `open` what the address asks for, if it does. */
export function arriving(app: JupyterFrontEnd, router: IRouter | null, open: (run: string) => Promise<void>): void {
  const run = new URL(window.location.href).searchParams.get(ASKED);
  if (run) {
    // Never, where another window has this workspace: JupyterLab then moves on to one of its own, with the same query.
    void app.restored.then(() => {
      router?.routed.connect(forget);
      return arrived(run, open);
    });
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
}

function forget(): void {
  const address = new URL(window.location.href);
  if (address.searchParams.has(ASKED)) {
    address.searchParams.delete(ASKED);
    window.history.replaceState(window.history.state, '', address);
  }
}
