/**
 * Gristmill in JupyterLab: its commands, and where a person meets them.
 *
 * | command                | is met                                             |
 * |------------------------|----------------------------------------------------|
 * | gristmill:wizard       | as a tile of the launcher, in the palette          |
 * | gristmill:train        | in the file browser's menu, on a data file         |
 * | gristmill:run-notebook | there on a notebook; in the palette and in its own |
 * |                        | toolbar, for the one that is open                  |
 * | gristmill:keep-recipe  | the same, but for the toolbar                      |
 * | gristmill:show-runs    | in the palette; the panel has a tab of its own     |
 *
 * An address may ask for a run's notebook, too (arriving.ts).
 *
 * What not every application of Jupyter has (launcher, palette, file browser) may be missing.
 */

import { ILabShell, IRouter, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { CommandToolbarButton } from '@jupyterlab/ui-components';

import { arriving } from './arriving';
import { millIcon } from './icons';
import { sentence } from './pieces';
import { Platform } from './platform';
import { RunsPanel } from './runs';
import { keeping, running, type INotebook } from './sending';
import { tell, tellDone, tellRefused } from './telling';
import { training } from './training';
import { openWizard } from './wizard';
import { words } from './words';

const DATA = /\.(csv|tsv|parquet|pq|xlsx|xls|zip)(\.gz)?$/i;
const FILE = '.jp-DirListing-item[data-isdir="false"]';
const AFTER_RUN = 9; // in a notebook's toolbar: behind what runs it here
const RANK = 3.5; // below "Open", among what is done with one file

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'gristmill:lab',
  description: 'Trains models on files, runs notebooks within a budget, and shows runs live.',
  autoStart: true,
  requires: [IDocumentManager],
  optional: [IDefaultFileBrowser, INotebookTracker, ILauncher, ICommandPalette, ILabShell, IRouter],
  activate
};

function activate(
  app: JupyterFrontEnd,
  documents: IDocumentManager,
  browser: IDefaultFileBrowser | null,
  notebooks: INotebookTracker | null,
  launcher: ILauncher | null,
  palette: ICommandPalette | null,
  shell: ILabShell | null,
  router: IRouter | null
): void {
  const { contents, serverSettings } = app.serviceManager;
  const platform = new Platform(serverSettings);

  const openNotebook = async (run: string) => {
    documents.openOrReveal((await platform.open(run)).path);
  };
  const panel = new RunsPanel(platform, {
    openNotebook: run => openNotebook(run.id),
    openReport: run => {
      window.open(`${platform.address(`runs/${run.id}/report`)}?inline=`, '_blank', 'noopener');
    }
  });
  panel.id = 'gristmill-runs';
  panel.title.icon = millIcon;
  panel.title.caption = words.runs;
  app.shell.add(panel, shell ? 'left' : 'right', { rank: 450, type: 'Gristmill' });
  const showRuns = () => {
    app.shell.activateById(panel.id);
    panel.look();
  };

  /** The one file that is selected. Where it comes from another drive than the server's, its name begins with that. */
  const selected = (): string => {
    const items = browser ? [...browser.selectedItems()] : [];
    return items.length === 1 && items[0].type !== 'directory' ? items[0].path : '';
  };
  const notebook = (isOpen: boolean): INotebook | null => {
    const path = isOpen ? notebooks?.currentWidget?.context.path : selected();
    if (!path?.endsWith('.ipynb')) {
      return null;
    }
    const save = async () => {
      const context = documents.findWidget(path)?.context;
      if (context?.model.dirty) {
        await context.save();
      }
    };
    return { path: contents.localPath(path), save };
  };
  const queued = (name: string) => {
    tell(words.queued(name));
    showRuns();
  };

  app.commands.addCommand('gristmill:wizard', {
    label: words.wizard,
    caption: words.wizardCaption,
    icon: millIcon,
    execute: () => openWizard(app, documents).catch(error => tellRefused(sentence(error)))
  });
  app.commands.addCommand('gristmill:train', {
    label: words.train,
    icon: millIcon,
    isVisible: () => DATA.test(selected()),
    execute: () => training(platform, contents.localPath(selected()), run => queued(run.name)).launch()
  });
  app.commands.addCommand('gristmill:run-notebook', {
    label: words.runNotebook,
    icon: millIcon,
    isEnabled: ({ isOpen }) => notebook(Boolean(isOpen)) !== null,
    execute: ({ isOpen }) => {
      const found = notebook(Boolean(isOpen));
      return found && running(platform, contents, found, queued).launch();
    }
  });
  app.commands.addCommand('gristmill:keep-recipe', {
    label: words.keepRecipe,
    isEnabled: ({ isOpen }) => notebook(Boolean(isOpen)) !== null,
    execute: ({ isOpen }) => {
      const found = notebook(Boolean(isOpen));
      return found && keeping(platform, found, name => tellDone(words.kept(name))).launch();
    }
  });
  app.commands.addCommand('gristmill:show-runs', { label: words.showRuns, icon: millIcon, execute: showRuns });

  app.contextMenu.addItem({ command: 'gristmill:train', selector: FILE, rank: RANK });
  for (const command of ['gristmill:run-notebook', 'gristmill:keep-recipe']) {
    app.contextMenu.addItem({ command, selector: `${FILE}[data-file-type="notebook"]`, rank: RANK });
    palette?.addItem({ command, category: words.gristmill, args: { isOpen: true } });
  }
  for (const command of ['gristmill:wizard', 'gristmill:show-runs']) {
    palette?.addItem({ command, category: words.gristmill });
  }
  app.docRegistry.addWidgetExtension('Notebook', {
    createNew: (panel: NotebookPanel) => {
      const shown = { commands: app.commands, id: 'gristmill:run-notebook', args: { isOpen: true }, label: '' };
      panel.toolbar.insertItem(AFTER_RUN, 'gristmill-run', new CommandToolbarButton(shown));
    }
  });
  launcher?.add({ command: 'gristmill:wizard', category: words.gristmill, rank: 0 });
  arriving(app, router, openNotebook);
}

export default plugin;
