/**
 * A notebook back to the platform: “Run with a budget…” and “Keep as a recipe…”.
 *
 * One that was opened with its data has a run.json beside it, which says what it runs on. For any other, a dataset is
 * asked for.
 */

import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

import { Asking } from './asking';
import { Notices } from './notices';
import { budgets, field, make, select, text } from './pieces';
import type { Platform, Sent } from './platform';
import { words } from './words';

const ABOUT = 'run.json';
const USUAL = 300;

/** Where a notebook is, and how what is edited of it gets there first. */
export interface INotebook {
  /** As the server names it. */
  path: string;
  save: () => Promise<void>;
}

export function running(
  platform: Platform,
  contents: Contents.IManager,
  notebook: INotebook,
  begun: (name: string) => void
): Asking {
  const file = PathExt.basename(notebook.path);
  const sent: Sent = { path: notebook.path, as: 'run' };
  let budget: HTMLSelectElement;
  let data: HTMLSelectElement | null = null;
  const notices = new Notices();
  return new Asking({
    title: words.runOf(file),
    yes: words.run,
    busy: words.sending,
    prepare: async into => {
      const about = await beside(contents, notebook.path);
      budget = budgets(about?.budget || USUAL);
      const asked = field(words.budget, budget);
      if (about) {
        into.replaceChildren(make('p', '', words.onItsData(about.name)), asked);
        return true;
      }
      const datasets = await platform.datasets();
      if (!datasets.length) {
        into.replaceChildren(make('p', '', words.noData));
        return false;
      }
      data = select(
        datasets.map(each => [each.id, each.version > 1 ? `${each.name} (version ${each.version})` : each.name]),
        datasets[0].id
      );
      into.replaceChildren(field(words.data, data), asked, notices.node);
      const chosen = data;
      const show = async () => {
        const id = chosen.value;
        const dataset = await platform.dataset(id);
        if (chosen.value === id) {
          notices.show([...(dataset.profile.notices ?? []), ...(dataset.proposal?.notices ?? [])]);
        }
      };
      chosen.addEventListener('change', () => void show().catch(() => undefined)); // asking for the run says why
      await show();
      return true;
    },
    act: async () => {
      await notebook.save();
      const dataset = data ? { dataset: data.value, accept: notices.accepted } : {};
      begun((await platform.send({ ...sent, budget: Number(budget.value), ...dataset })).name);
    }
  });
}

export function keeping(platform: Platform, notebook: INotebook, kept: (name: string) => void): Asking {
  const file = PathExt.basename(notebook.path);
  const name = text('');
  return new Asking({
    title: words.recipeOf(file),
    yes: words.keep,
    busy: words.trying,
    prepare: async into => {
      into.replaceChildren(field(words.recipeName, name, make('p', 'gm-hint', words.recipeHint)));
      return true;
    },
    act: async () => {
      await notebook.save();
      kept((await platform.send({ path: notebook.path, as: 'recipe', name: name.value.trim() })).name);
    }
  });
}

/** What the run.json beside a notebook says of it, if there is one. */
async function beside(contents: Contents.IManager, path: string): Promise<{ name: string; budget: number } | null> {
  const where = PathExt.join(PathExt.dirname(path), ABOUT);
  try {
    const model = await contents.get(where, { content: true, type: 'file', format: 'text' });
    const said = JSON.parse(model.content);
    const isTold = said.run_id || said.dataset_id;
    return isTold ? { name: said.name || PathExt.basename(PathExt.dirname(path)), budget: said.budget ?? 0 } : null;
  } catch {
    return null;
  }
}
