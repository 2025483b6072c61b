/**
 * The wizard: on a hub that shows it to everybody, its page; elsewhere a notebook with the same widgets in it, which
 * is run when it is opened.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';

const FOLDER = 'gristmill';
const NOTEBOOK = `${FOLDER}/wizard.ipynb`;
const SOURCE = ['import gristmill', 'from gristmill_widgets import build', '', 'build(gristmill.connect())'];

export async function openWizard(app: JupyterFrontEnd, documents: IDocumentManager): Promise<void> {
  const page = await ofTheHub();
  if (page) {
    window.open(page, '_blank', 'noopener');
    return;
  }
  const { contents } = app.serviceManager;
  await laidOut(contents);
  const panel = documents.openOrReveal(NOTEBOOK);
  if (!(panel instanceof NotebookPanel)) {
    return;
  }
  await panel.context.ready;
  await panel.sessionContext.ready;
  await NotebookActions.runAll(panel.content, panel.sessionContext);
}

/** The address of the hub's own wizard, where there is one. */
async function ofTheHub(): Promise<string | null> {
  const prefix = PageConfig.getOption('hubPrefix');
  if (!prefix) {
    return null;
  }
  const page = URLExt.join(PageConfig.getOption('hubHost') || window.location.origin, prefix, '../services/wizard/');
  try {
    // It sends who has not been there yet to the hub's sign-in: not followed, for that it does so is answer enough.
    const answer = await fetch(page, { redirect: 'manual', credentials: 'same-origin' });
    return answer.ok || answer.type === 'opaqueredirect' ? page : null;
  } catch {
    return null;
  }
}

/** What a person has made of the notebook stays. */
async function laidOut(contents: Contents.IManager): Promise<void> {
  try {
    await contents.get(NOTEBOOK, { content: false });
    return;
  } catch {
    // it is not there yet
  }
  try {
    await contents.get(FOLDER, { content: false });
  } catch {
    await contents.save(FOLDER, { type: 'directory' });
  }
  await contents.save(NOTEBOOK, {
    type: 'notebook',
    format: 'json',
    content: {
      cells: [
        {
          cell_type: 'code',
          execution_count: null,
          id: 'wizard',
          metadata: { jupyter: { source_hidden: true } },
          outputs: [],
          source: SOURCE.join('\n')
        }
      ],
      metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } },
      nbformat: 4,
      nbformat_minor: 5
    }
  });
}
